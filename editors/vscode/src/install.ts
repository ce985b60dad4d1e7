// Installing the server: the extension brings the one that it was made for.

import * as path from 'node:path';
import * as vscode from 'vscode';

import { find } from './find';

/** How each program is told to install a package, in the place of what there may be. */
const INSTALLERS: Record<string, string[]> = {
  pipx: ['install', '--force'],
  uv: ['tool', 'install', '--force'],
};

const INSTALLING = 'https://github.com/pypa/pipx#install-pipx';

/** Say what is wrong with the server and offer to install it; true once that has been done. */
export async function offer(what: string, extension: vscode.Extension<unknown>): Promise<boolean> {
  const { version } = extension.packageJSON as { version: string };
  const wheel = path.join(extension.extensionPath, 'dist', `ds_lsp-${version}-py3-none-any.whl`);
  const found = new Map<string, string>();
  for (const name of Object.keys(INSTALLERS)) {
    const program = await find(name);
    if (program) {
      found.set(`Install with ${name}`, program);
    }
  }
  const advice = found.size ? '' : ' To install it from here, install pipx or uv first.';
  const other = found.size ? 'Open Settings' : 'Get pipx';
  const answer = await vscode.window.showErrorMessage(`ds-lsp: ${what}${advice}`, ...found.keys(), other);
  if (answer === 'Get pipx') {
    await vscode.env.openExternal(vscode.Uri.parse(INSTALLING));
  } else if (answer === 'Open Settings') {
    await vscode.commands.executeCommand('workbench.action.openSettings', 'ds-lsp.server.command');
  }
  const program = answer && found.get(answer);
  return program ? run(program, wheel) : false;
}

/** In a terminal, where it can be watched, and read when it fails: it stays open then. */
function run(program: string, wheel: string): Promise<boolean> {
  const name = path.basename(program, '.exe');
  const terminal = vscode.window.createTerminal({
    name: 'ds-lsp: install',
    shellPath: program,
    shellArgs: [...(INSTALLERS[name] ?? []), wheel],
  });
  terminal.show();
  return new Promise((resolve) => {
    const waiting = vscode.window.onDidCloseTerminal((closed) => {
      if (closed === terminal) {
        waiting.dispose();
        resolve(closed.exitStatus?.code === 0);
      }
    });
  });
}
