/**
 * Names of one kind (prepared statements or portals) as the server has them.
 *
 * A message that makes or removes a name may still fail at the server, so what it does is an *open change*
 * until its reply has come: `confirm` makes it so, `drop` forgets it. Within the segment that opened it (one
 * Query message, or everything up to one Sync) an open change counts already: should it fail, the server skips
 * what follows in that segment. From any other segment the name is `undecided` until the reply is there.
 *
 * SECURITY: without this a name could be made to stand for another text here than at the server
 * (name-table.test.ts, "keeps the old meaning of a name when making it again fails").
 */
export class NameTable<Entry extends Sized> {
  readonly #entries = new Map<string, Entry>();
  readonly #open = new Map<string, NameChange<Entry>[]>();
  readonly #openClears: NameChange<Entry>[] = [];
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #keepsUnnamed: boolean;
  #openCount = 0;
  #bytes = 0;

  /** `keepsUnnamed`: removing all names leaves the one without a name, as DEALLOCATE ALL does with statements. */
  constructor({ maxEntries = 10_000, maxBytes = 64 * 1024 * 1024, keepsUnnamed = false } = {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#keepsUnnamed = keepsUnnamed;
  }

  /** What the name stands for in a segment; undefined when there is no such name. */
  find(name: string, segment: number): Entry | undefined | 'undecided' {
    const last = this.#lastOpen(keyOf(name));
    if (last === null) return this.#entries.get(keyOf(name));
    if (last.segment !== segment) return 'undecided';
    return last.entry ?? undefined;
  }

  /** Opens a change: `entry` null removes the name; `name` null removes all of them. Null when there are too many. */
  change(name: string | null, entry: Entry | null, segment: number): NameChange<Entry> | null {
    if (entry !== null && this.#isFull(entry)) return null;
    const change = {
      table: this,
      name: name === null ? null : keyOf(name),
      entry,
      segment,
      order: ++this.#order,
    };
    this.#openCount += 1;
    this.#bytes += entry?.bytes ?? 0;
    if (change.name === null) this.#openClears.push(change);
    else {
      const list = this.#open.get(change.name);
      if (list === undefined) this.#open.set(change.name, [change]);
      else list.push(change);
    }
    return change;
  }

  #order = 0;

  /** The server has done it. */
  confirm(change: NameChange<Entry>): void {
    if (!this.#take(change)) return;
    const { name, entry } = change;
    if (name === null) {
      for (const each of [...this.#entries.keys()]) if (!this.#survivesClear(each)) this.#remove(each);
    } else {
      this.#remove(name);
      if (entry !== null) this.#entries.set(name, entry);
    }
  }

  /** The server has refused or skipped it. */
  drop(change: NameChange<Entry>): void {
    if (this.#take(change)) this.#bytes -= change.entry?.bytes ?? 0;
  }

  /** Of the names that are there, keeps only what the test accepts. */
  keep(test: (entry: Entry) => boolean): void {
    for (const [name, entry] of this.#entries) if (!test(entry)) this.#remove(name);
  }

  #remove(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }

  #lastOpen(key: string): NameChange<Entry> | null {
    if (this.#openCount === 0) return null;
    const own = this.#open.get(key)?.at(-1) ?? null;
    const clear = this.#survivesClear(key) ? null : (this.#openClears.at(-1) ?? null);
    if (own === null || clear === null) return own ?? clear;
    return own.order > clear.order ? own : clear;
  }

  #survivesClear(key: string): boolean {
    return this.#keepsUnnamed && key === '';
  }

  #take(change: NameChange<Entry>): boolean {
    const list = change.name === null ? this.#openClears : this.#open.get(change.name);
    const at = list?.indexOf(change) ?? -1;
    if (list === undefined || at < 0) return false;
    list.splice(at, 1);
    if (change.name !== null && list.length === 0) this.#open.delete(change.name);
    this.#openCount -= 1;
    return true;
  }

  #isFull(entry: Entry): boolean {
    return (
      this.#entries.size + this.#openCount >= this.#maxEntries || this.#bytes + entry.bytes > this.#maxBytes
    );
  }
}

/** What counts against the bound on memory. */
export interface Sized {
  readonly bytes: number;
}

/** A change whose reply has not come yet; the message that asked for it carries it. */
export interface NameChange<Entry extends Sized = Sized> {
  readonly table: NameTable<Entry>;
  /** Null for all names. */
  readonly name: string | null;
  readonly entry: Entry | null;
  readonly segment: number;
  readonly order: number;
}

/** The server's tables compare 63 bytes of a name (`NAMEDATALEN`), in the protocol as in SQL. */
function keyOf(name: string): string {
  return name.length <= MAX_NAME_BYTES ? name : name.slice(0, MAX_NAME_BYTES);
}

const MAX_NAME_BYTES = 63;
