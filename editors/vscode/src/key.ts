// The API key: in VS Code's secret storage, and in the server's environment. It is no setting.

import * as vscode from 'vscode';

const NAME = 'ds-lsp.apiKey';
const VARIABLE = 'DEEPSEEK_API_KEY';

export class Key {
  /** Also when it was changed in another window. */
  readonly onDidChange: vscode.Event<unknown>;

  constructor(private readonly secrets: vscode.SecretStorage) {
    this.onDidChange = (listener, self, disposables) =>
      secrets.onDidChange((event) => event.key === NAME && listener.call(self, event), undefined, disposables);
  }

  async environment(): Promise<NodeJS.ProcessEnv> {
    const key = await this.secrets.get(NAME);
    return key ? { ...process.env, [VARIABLE]: key } : process.env;
  }

  async ask(): Promise<void> {
    const key = await vscode.window.showInputBox({
      title: 'ds-lsp: Set API Key',
      prompt: 'Your DeepSeek API key. Leave it empty to forget the one that is stored.',
      password: true,
      ignoreFocusOut: true,
      validateInput: (value) => (/^[!-~]*$/.test(value.trim()) ? undefined : 'A key has no spaces, and ASCII characters only.'),
    });
    if (key?.trim()) {
      await this.secrets.store(NAME, key.trim());
    } else if (key === '') {
      await this.secrets.delete(NAME);
    }
  }
}
