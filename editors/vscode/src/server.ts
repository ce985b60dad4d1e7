// The server's life: found, started, looked at, restarted.

import { isDeepStrictEqual } from 'node:util';

import * as vscode from 'vscode';
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State as ClientState,
  type CloseHandlerResult,
  type ErrorHandler,
  type ErrorHandlerResult,
} from 'vscode-languageclient/node';

import { showDocument } from './explain';
import { find, isOlder } from './find';
import { offer } from './install';
import type { Key } from './key';
import { LATE_METHOD, isUnanswered, isWanted, type Edit, type Late } from './late';
import { selectedPython } from './python';
import { ofUser, ofWorkspace, type Property, type Values } from './settings';
import type { State } from './words';

const SECTION = 'ds-lsp';
const PROGRAM = 'ds-lsp';
const MAX_RESTARTS = 4;

const STARTING: State = { state: 'starting', detail: '', busy: true };

interface Manifest {
  version: string;
  contributes: { configuration: { title: string; properties: Record<string, Property> }[] };
}

/** What goes wrong is said here, once and in words of ours; the library's are for the log. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class Server {
  private client: LanguageClient | undefined;
  private last: Promise<void> = Promise.resolve();
  private startedWith: Values = {};
  /** Whether it has said how things stand: it is greeted long before it listens. */
  private isReady = false;
  /** The last one while it was not ready. */
  private edit: Edit | undefined;
  private isAskingAgain = false;
  private readonly properties: Record<string, Property> = {};
  private readonly manifest: Manifest;

  constructor(
    private readonly extension: vscode.Extension<unknown>,
    private readonly log: vscode.LogOutputChannel,
    private readonly key: Key,
    private readonly tell: (state: State) => void,
  ) {
    this.manifest = extension.packageJSON as Manifest;
    const server = this.manifest.contributes.configuration.find((part) => part.title === 'Server');
    for (const [name, property] of Object.entries(server?.properties ?? {})) {
      this.properties[name.slice(SECTION.length + 1)] = property;
    }
  }

  /** One after the other, however often it is asked for. */
  restart(): Promise<void> {
    return this.restartIf(() => true);
  }

  private restartIf(isNeeded: () => boolean): Promise<void> {
    this.last = this.last.then(async () => {
      if (isNeeded()) {
        await this.end();
        await this.start();
      }
    });
    return this.last;
  }

  stop(): Promise<void> {
    this.last = this.last.then(() => this.end());
    return this.last;
  }

  async settingsChanged(change: vscode.ConfigurationChangeEvent): Promise<void> {
    const isOurs = ['server', 'lateAnswers'].some((name) => change.affectsConfiguration(`${SECTION}.${name}`));
    if (isOurs) {
      await this.restart();
    } else if (change.affectsConfiguration(SECTION)) {
      // The server takes from later messages no more than from a project's file, as some editors
      // read them from there: what the user sets goes into initializationOptions alone.
      await this.restartIf(() => !isDeepStrictEqual(this.startedWith, this.userValues()));
    }
  }

  edited({ document, contentChanges: [change] }: vscode.TextDocumentChangeEvent): void {
    if (!this.isReady && change && document === vscode.window.activeTextEditor?.document) {
      const start = change.rangeOffset;
      const end = start + change.text.length;
      this.edit = { uri: document.uri.toString(), version: document.version, start, end };
    }
  }

  /** Run one of the server's commands; undefined where there is no server to run it. */
  async run<T>(command: string, ...args: unknown[]): Promise<T | undefined> {
    if (this.client?.state !== ClientState.Running) {
      return undefined;
    }
    return (await this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args })) as T;
  }

  private userValues(): Values {
    const configuration = vscode.workspace.getConfiguration(SECTION);
    return ofUser(this.properties, (name) => configuration.inspect(name));
  }

  private workspaceValues(): Values {
    const configuration = vscode.workspace.getConfiguration(SECTION);
    return ofWorkspace(this.properties, (name) => configuration.inspect(name));
  }

  private async start(): Promise<void> {
    this.tell(STARTING);
    this.startedWith = this.userValues();
    const [command, ...args] = await this.command();
    if (!command) {
      this.reject('The server is not installed, or not found.');
      return;
    }
    const client = await this.newClient(command, args);
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      this.log.error(String(error));
      this.tell({ state: 'ended', detail: 'could not be started', busy: false });
      this.complain(`${command} could not be started.`);
      return;
    }
    await this.refuseOld(client, command);
  }

  /** The program and its arguments; empty: there is none. */
  private async command(): Promise<string[]> {
    const set = vscode.workspace.getConfiguration(SECTION).get<string[]>('server.command', []);
    if (set.length) {
      return set;
    }
    const found = (await find(PROGRAM)) ?? (await find(PROGRAM, await selectedPython()));
    return found ? [found] : [];
  }

  private async newClient(command: string, args: string[]): Promise<LanguageClient> {
    const env = await this.key.environment();
    const late = vscode.workspace.getConfiguration(SECTION).get<boolean>('lateAnswers', true);
    const client: LanguageClient = new QuietClient(
      SECTION,
      SECTION,
      { command, args: [...args, '--stdio'], options: { env } },
      {
        documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
        outputChannel: this.log,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationFailedHandler: () => false,
        initializationOptions: { ...this.startedWith, client: { status: true, lateAnswers: late } },
        errorHandler: this.watchOver(() => client),
        middleware: {
          provideInlineCompletionItems: (document, position, context, token, next) => {
            // For VS Code, all that it is told to ask is explicit; here nobody has asked for it.
            const triggerKind = this.isAskingAgain ? vscode.InlineCompletionTriggerKind.Automatic : context.triggerKind;
            this.isAskingAgain = false;
            return next(document, position, { ...context, triggerKind }, token);
          },
          window: { showDocument },
          workspace: {
            configuration: (params) => params.items.map(() => this.workspaceValues()),
            didChangeConfiguration: () =>
              client.sendNotification(DidChangeConfigurationNotification.type, {
                settings: { [SECTION]: this.workspaceValues() },
              }),
          },
        },
      },
    );
    client.onNotification('ds-lsp/status', (state: State) => {
      this.tell(state);
      if (client === this.client && !this.isReady) {
        this.isReady = true;
        if (isUnanswered(this.edit, vscode.window.activeTextEditor)) {
          void this.askAgain();
        }
        this.edit = undefined;
      }
    });
    client.onNotification(LATE_METHOD, (answer: Late) => {
      if (isWanted(answer, vscode.window.activeTextEditor)) {
        void this.askAgain();
      }
    });
    return client;
  }

  private async askAgain(): Promise<void> {
    this.isAskingAgain = true;
    await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger');
    this.isAskingAgain = false;
  }

  /** The library's own way to restart, in words of ours. */
  private watchOver(client: () => LanguageClient): ErrorHandler {
    let handler: ErrorHandler | undefined;
    const usual = (): ErrorHandler => (handler ??= client().createDefaultErrorHandler(MAX_RESTARTS));
    return {
      error: async (...about): Promise<ErrorHandlerResult> => {
        const result = await usual().error(...about);
        if (result.action === ErrorAction.Shutdown) {
          this.complain('The server cannot be talked to, and was ended.');
        }
        return result;
      },
      closed: async (): Promise<CloseHandlerResult> => {
        this.isReady = false;
        if (client().initializeResult === undefined) {
          return { action: CloseAction.DoNotRestart, handled: true }; // said by `start`
        }
        const result = await usual().closed();
        if (result.action === CloseAction.Restart) {
          this.tell(STARTING);
          this.complain('The server has ended unexpectedly, and is started again.');
        } else {
          this.tell({ state: 'ended', detail: 'it ended again and again', busy: false });
          this.complain('The server ends again and again, and is not started any more.');
        }
        return { ...result, handled: true };
      },
    };
  }

  private async refuseOld(client: LanguageClient, command: string): Promise<void> {
    const { name, version } = client.initializeResult?.serverInfo ?? { name: '' };
    const least = this.manifest.version;
    if (name !== PROGRAM || !version) {
      await this.end();
      this.reject(`${command} is something else than ds-lsp.`);
    } else if (isOlder(version, least)) {
      await this.end();
      this.reject(`The server is too old: it is ${version}, and ${least} is needed.`);
    }
  }

  private reject(what: string): void {
    this.log.error(what);
    this.tell({ state: 'ended', detail: what, busy: false });
    // Not waited for: who waits for an answer here would hold up every restart.
    void offer(what, this.extension).then((isInstalled) => {
      if (isInstalled) {
        void this.restart();
      }
    });
  }

  private complain(what: string): void {
    this.log.error(what);
    void vscode.window.showErrorMessage(`ds-lsp: ${what}`, 'Show Log', 'Restart').then((answer) => {
      if (answer === 'Show Log') {
        this.log.show();
      } else if (answer) {
        void this.restart();
      }
    });
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.isReady = false;
    try {
      await client?.dispose();
    } catch (error) {
      this.log.warn(String(error)); // it has ended already, or will be killed
    }
  }
}
