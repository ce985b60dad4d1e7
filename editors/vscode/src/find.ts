// Where the server is: by setting, on the PATH, where pipx and uv put programs, in the Python environment.

import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';

const IS_WINDOWS = process.platform === 'win32';

/** The places a program is looked for in, in order. The user's own come before the workspace's. */
export function candidates(program: string, searchPath: string, home: string, python?: string): string[] {
  const folders = searchPath
    .split(path.delimiter)
    // A relative one would mean a folder of the workspace.
    .filter(path.isAbsolute)
    // VS Code may have been started before this became part of the PATH.
    .concat(path.join(home, '.local', 'bin'));
  if (python) {
    folders.push(path.dirname(python));
  }
  return folders.map((folder) => path.join(folder, IS_WINDOWS ? `${program}.exe` : program));
}

/** The program's path, if it is anywhere. */
export async function find(program: string, python?: string): Promise<string | undefined> {
  for (const file of candidates(program, process.env.PATH ?? '', os.homedir(), python)) {
    if (await isExecutable(file)) {
      return file;
    }
  }
  return undefined;
}

/** Whether `version` comes before `least`; both are numbers with dots, and what follows counts for nothing. */
export function isOlder(version: string, least: string): boolean {
  const [have, need] = [numbers(version), numbers(least)];
  const index = need.findIndex((number, at) => number !== (have[at] ?? 0));
  return index >= 0 && (have[index] ?? 0) < (need[index] ?? 0);
}

function numbers(version: string): number[] {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await fs.access(file, fs.constants.X_OK);
    return (await fs.stat(file)).isFile();
  } catch {
    return false;
  }
}
