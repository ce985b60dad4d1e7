// What is there, and what it answers to.

import * as vscode from 'vscode';

import { Key } from './key';
import { Server } from './server';
import { StatusItem, sayNotRunning, showMenu, showStatus, showUsage } from './status';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('ds-lsp', { log: true });
  const key = new Key(context.secrets);
  const run = async <T>(command: string, ...args: unknown[]): Promise<T | undefined> =>
    server?.run<T>(command, ...args);
  const item = new StatusItem(run);
  const own = new Server(context.extension, log, key, (state) => void item.tell(state));
  server = own;

  const on = (command: string, act: () => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(command, act);
  context.subscriptions.push(
    log,
    item,
    on('ds-lsp.showMenu', showMenu),
    on('ds-lsp.setApiKey', () => key.ask()),
    on('ds-lsp.switch', async () => (await run('ds-lsp.toggle')) ?? sayNotRunning()),
    on('ds-lsp.explainHere', () => explain(run)),
    on('ds-lsp.showStatus', () => showStatus(run)),
    on('ds-lsp.showUsage', () => showUsage(run)),
    on('ds-lsp.showLog', () => log.show()),
    on('ds-lsp.restart', () => own.restart()),
    key.onDidChange(() => void own.restart()),
    vscode.workspace.onDidChangeTextDocument((change) => own.edited(change)),
    vscode.workspace.onDidChangeConfiguration((change) => void own.settingsChanged(change)),
  );
  await own.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** The selection, or what stands around the cursor. */
async function explain(run: (command: string, ...args: unknown[]) => Promise<unknown>): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) {
    return;
  }
  const { start, end } = editor.selection;
  const range = { start: plain(start), end: plain(end) };
  const textDocument = { uri: editor.document.uri.toString() };
  if ((await run('ds-lsp.explain', { textDocument, range })) === undefined) {
    sayNotRunning();
  }
}

function plain({ line, character }: vscode.Position): { line: number; character: number } {
  return { line, character };
}
