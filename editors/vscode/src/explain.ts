// Explanations: the server writes Markdown into a file and asks for it to be shown; it is shown
// rendered, beside the code, which keeps the keyboard.

import * as vscode from 'vscode';
import type { WindowMiddleware } from 'vscode-languageclient/node';

const PREVIEW = 'vscode.markdown.preview.editor';

export const showDocument: NonNullable<WindowMiddleware['showDocument']> = async (params, token, next) => {
  const uri = vscode.Uri.parse(params.uri);
  if (params.external || !uri.path.endsWith('.md')) {
    return next(params, token);
  }
  const options = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: !params.takeFocus };
  await vscode.commands.executeCommand('vscode.openWith', uri, PREVIEW, options);
  return { success: true };
};
