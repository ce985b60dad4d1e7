// The Python environment that is selected in VS Code, if its Python extension is there.

import * as vscode from 'vscode';

/** So much of the Python extension's API as is used here. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** The path of its interpreter. */
export async function selectedPython(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  try {
    const environments = (await extension?.activate())?.environments;
    const environment = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath());
    return environment?.executable.uri?.fsPath;
  } catch {
    return undefined; // somebody else's trouble, and said there
  }
}
