import { EventEmitter } from "node:events";
import type { Clock, Entry, Options } from "./types";

/** What the store says when something changes. */
export type Change =
  | { kind: "set"; key: string; value: unknown }
  | { kind: "drop"; key: string }
  | { kind: "clear" };

const DEFAULTS: Options = {
  limit: 256,
  ttl: 10 * 60 * 1000,
  name: "存储",
};

const VALID_KEY = /^[a-z][\w:-]{0,63}$/i;

function assertKey(key: string): void {
  if (!VALID_KEY.test(key)) {
    throw new RangeError(`not a key: ${JSON.stringify(key)} (see ${DEFAULTS.name})`);
  }
}

export class Store<T extends object> extends EventEmitter {
  private readonly entries = new Map<string, Entry<T>>();
  private readonly options: Options;

  constructor(options: Partial<Options> = {}, private readonly clock: Clock = Date) {
    super();
    this.options = { ...DEFAULTS, ...options };
  }

  get size(): number {
    return this.entries.size;
  }

  set(key: string, value: T): this {
    assertKey(key);
    this.entries.delete(key);
    this.entries.set(key, { value, at: this.clock.now() });
    if (this.entries.size > this.options.limit) {
      const [oldest] = this.entries.keys();
      this.drop(oldest);
    }
    this.emit("change", { kind: "set", key, value } satisfies Change);
    return this;
  }

  find(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      return undefined;
    }
    const age = this.clock.now() - entry.at;
    if (age > this.options.ttl) {
      this.drop(key);
      return undefined;
    }
    return entry.value;
  }

  drop(key: string): boolean {
    const had = this.entries.delete(key);
    if (had) {
      this.emit("change", { kind: "drop", key } satisfies Change);
    }
    return had;
  }

  *values(): IterableIterator<T> {
    for (const { value } of this.entries.values()) {
      yield value;
    }
  }

  toJSON(): Record<string, T> {
    return Object.fromEntries(
      [...this.entries].map(([key, { value }]) => [key, value] as const),
    );
  }
}

export async function load<T extends object>(
  url: string,
  into: Store<T>,
  { retries = 3, signal }: { retries?: number; signal?: AbortSignal } = {},
): Promise<number> {
  for (let attempt = 0; attempt <= retries; attempt++) {
    try {
      const response = await fetch(url, { signal, headers: { accept: "application/json" } });
      if (!response.ok) {
        throw new Error(`${url}: ${response.status}`);
      }
      const rows = (await response.json()) as Array<[string, T]>;
      rows.forEach(([key, value]) => into.set(key, value));
      return rows.length;
    } catch (error) {
      if (attempt === retries || signal?.aborted) {
        throw error;
      }
      // Wait a little longer each time.
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
  return 0;
}
