import { LanguageClient } from 'vscode-languageclient/node';

// The client library sees to inline completions by itself: the server announces them.
// It also says so when the server cannot be started.
const client = new LanguageClient(
  'ds-lsp',
  'ds-lsp',
  { command: 'ds-lsp', args: ['--stdio'] },
  { documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }] },
);

export function activate(): Promise<void> {
  return client.start();
}

export async function deactivate(): Promise<void> {
  if (client.needsStop()) {
    await client.stop();
  }
}
