// The server's settings that are set in VS Code: by the user, and by the opened folder.
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

/** Settings by the name that `inspect` knows, without the section's. */
type Properties = Record<string, Property>;
type Inspect = (name: string) => Inspected | undefined;

/** Return what the user has set: the server's initializationOptions. */
export function ofUser(properties: Properties, inspect: Inspect): Values {
  return collect(properties, (name) => inspect(name)?.globalValue);
}

/** Return what the opened folder sets: of this the server takes what a project's file may set. */
export function ofWorkspace(properties: Properties, inspect: Inspect): Values {
  return collect(properties, (name, { scope }) => (scope === 'machine' ? undefined : merged(inspect(name) ?? {})));
}

function collect(properties: Properties, valueOf: (name: string, property: Property) => unknown): Values {
  const values: Values = {};
  for (const [name, property] of Object.entries(properties)) {
    const value = valueOf(name, property);
    if (value !== undefined && value !== null) {
      values[name] = value;
    }
  }
  return values;
}

function merged({ workspaceValue, workspaceFolderValue }: Inspected): unknown {
  const said = [workspaceFolderValue, workspaceValue].filter((value) => value != null);
  return said.every(Array.isArray) && said.length ? [...new Set(said.flat())] : said[0];
}
