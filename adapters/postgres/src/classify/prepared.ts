import type { Bind } from '../messages/bind.ts';
import type { ColumnDescription } from '../messages/row-description.ts';

/** A prepared statement, by the protocol or by SQL: both share one set of names at the server. */
export interface Prepared {
  readonly text: string;
}

/** A portal, by Bind or by DECLARE CURSOR. */
export interface Portal {
  /** The text that runs when it is executed or fetched from. */
  readonly text: string;
  readonly bind: Bind | null;
  /** Survives the end of its transaction (WITH HOLD). */
  readonly hold: boolean;
  /** With the formats of this portal; null until the server has described it. */
  columns: readonly ColumnDescription[] | null;
}

/** Names of one kind, bounded. */
export class NameTable<Entry> {
  readonly #entries = new Map<string, Entry>();

  find(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** False when there are too many. */
  set(name: string, entry: Entry): boolean {
    if (this.#entries.size >= MAX_NAMES && !this.#entries.has(name)) return false;
    this.#entries.set(name, entry);
    return true;
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Keeps only what the test accepts. */
  keep(test: (entry: Entry) => boolean): void {
    for (const [name, entry] of this.#entries) if (!test(entry)) this.#entries.delete(name);
  }
}

const MAX_NAMES = 10_000;
