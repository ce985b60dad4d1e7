// Explanations: the server writes Markdown into a file and asks for it to be shown; it is shown
// rendered, beside the code.

import * as vscode from 'vscode';
import type { WindowMiddleware } from 'vscode-languageclient/node';

export const showDocument: NonNullable<WindowMiddleware['showDocument']> = async (params, token, next) => {
  const uri = vscode.Uri.parse(params.uri);
  if (params.external || !uri.path.endsWith('.md')) {
    return next(params, token);
  }
  await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  return { success: true };
};
