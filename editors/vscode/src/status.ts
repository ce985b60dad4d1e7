// The status bar's item, and the menu behind it.

import * as vscode from 'vscode';

import { look, statusRows, usageRows, type Row, type State, type Totals, type Usage } from './words';

/** Runs one of the server's commands. */
type Run = <T>(command: string) => Promise<T | undefined>;

const MENU: [string, string][] = [
  ['$(circle-slash) Switch completion off or on', 'ds-lsp.switch'],
  ['$(info) Status', 'ds-lsp.showStatus'],
  ['$(graph) Usage', 'ds-lsp.showUsage'],
  ['$(output) Log', 'ds-lsp.showLog'],
  ['$(comment) Explain the selection, or the code at the cursor', 'ds-lsp.explainHere'],
  ['$(key) Set the API key', 'ds-lsp.setApiKey'],
  ['$(debug-restart) Restart the server', 'ds-lsp.restart'],
];

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('ds-lsp.status', vscode.StatusBarAlignment.Right, 100);
  private state: State = { state: 'starting', detail: '', busy: true };
  private today: Totals | undefined;

  constructor(private readonly run: Run) {
    this.item.name = 'ds-lsp';
    this.item.command = 'ds-lsp.showMenu';
    this.paint();
    this.item.show();
  }

  async tell(state: State): Promise<void> {
    const isDone = this.state.busy && !state.busy;
    this.state = state;
    this.paint();
    if (isDone) {
      // What was asked has been paid for.
      this.today = (await this.run<Usage>('ds-lsp.usage').catch(() => undefined))?.today ?? this.today;
      this.paint();
    }
  }

  dispose(): void {
    this.item.dispose();
  }

  private paint(): void {
    const { text, tooltip, isTrouble } = look(this.state, this.today);
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.backgroundColor = isTrouble ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
  }
}

export async function showMenu(): Promise<void> {
  const items = MENU.map(([label, command]) => ({ label, command }));
  const picked = await vscode.window.showQuickPick(items, { title: 'ds-lsp' });
  if (picked) {
    await vscode.commands.executeCommand(picked.command);
  }
}

export async function showStatus(run: Run): Promise<void> {
  const status = await run<Record<string, unknown>>('ds-lsp.status');
  await showRows('ds-lsp: Status', status && statusRows(status));
}

export async function showUsage(run: Run): Promise<void> {
  const usage = await run<Usage>('ds-lsp.usage');
  await showRows('ds-lsp: Usage', usage && usageRows(usage));
}

async function showRows(title: string, rows: Row[] | undefined): Promise<void> {
  if (rows) {
    await vscode.window.showQuickPick(rows, { title });
  } else {
    sayNotRunning();
  }
}

export function sayNotRunning(): void {
  void vscode.window.showWarningMessage('ds-lsp: The server is not running.');
}
