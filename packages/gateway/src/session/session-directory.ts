import { timingSafeEqual } from 'node:crypto';

/** What the directory knows of a live session. */
export interface DirectoryEntry {
  readonly number: number;
  readonly secret: Buffer;
  /** Null until the login is complete. */
  readonly principalName: string | null;
  cancelStatement(): void;
  close(): void;
}

/**
 * Live sessions by the number they were given, for cancel requests that arrive on other connections.
 *
 * Numbers are positive 31-bit integers and are not reused while a session lives.
 */
export class SessionDirectory {
  readonly #sessions = new Map<number, DirectoryEntry>();
  #next = 1;

  get size(): number {
    return this.#sessions.size;
  }

  /** Reserves a number that no live session has. */
  reserve(): number {
    do {
      this.#next = this.#next >= MAX_NUMBER ? 1 : this.#next + 1;
    } while (this.#sessions.has(this.#next));
    return this.#next;
  }

  add(entry: DirectoryEntry): void {
    this.#sessions.set(entry.number, entry);
  }

  remove(number: number): void {
    this.#sessions.delete(number);
  }

  values(): Iterable<DirectoryEntry> {
    return this.#sessions.values();
  }

  find(number: number): DirectoryEntry | undefined {
    return this.#sessions.get(number);
  }

  /**
   * The session that may be cancelled with this key. SECURITY: protocols with short keys send only
   * the first bytes of the secret; fewer than four are never enough, and comparing takes the same
   * time for every wrong key.
   */
  findByKey(number: number, secret: Buffer): DirectoryEntry | undefined {
    const entry = this.#sessions.get(number);
    if (entry === undefined || secret.length < MIN_SECRET_BYTES || secret.length > entry.secret.length)
      return undefined;
    return timingSafeEqual(entry.secret.subarray(0, secret.length), secret) ? entry : undefined;
  }
}

const MAX_NUMBER = 0x7fffffff;
const MIN_SECRET_BYTES = 4;
