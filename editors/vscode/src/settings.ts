// The server's settings that somebody has set in VS Code.
//
// Never a default: as the last source of settings, VS Code's would beat what the user's file, the
// project's and the environment say.

export interface Property {
  scope?: string;
}

export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

export type Values = Record<string, unknown>;

/** `properties` by the name that `inspect` knows, without the section's. */
export function chosen(
  properties: Record<string, Property>,
  inspect: (name: string) => Inspected | undefined,
): Values {
  const values: Values = {};
  for (const [name, { scope }] of Object.entries(properties)) {
    const found = inspect(name) ?? {};
    const value = scope === 'machine' ? found.globalValue : merged(found);
    if (value !== undefined && value !== null) {
      values[name] = value;
    }
  }
  return values;
}

/** Whether a setting that was set has gone: to the server, saying nothing changes nothing. */
export function hasLost(before: Values, now: Values): boolean {
  return Object.keys(before).some((name) => !(name in now));
}

function merged({ globalValue, workspaceValue, workspaceFolderValue }: Inspected): unknown {
  const said = [workspaceFolderValue, workspaceValue, globalValue].filter((value) => value != null);
  // A workspace adds to what the user keeps out, and takes nothing away.
  return said.every(Array.isArray) && said.length ? [...new Set(said.flat())] : said[0];
}
