import type { Statement } from '@gatehouse/model';
import type { ReplyShape } from '../classify/command-reader.ts';

/** A cursor that outlives its command: what it reads, for each `getMore` to be decided as. */
export interface CursorPlan {
  readonly statement: Statement;
  readonly reply: ReplyShape;
  /** `database.collection` as the server names it. */
  readonly namespace: string;
  /** Documents that were handed out so far; a row limit counts all batches. */
  rows: number;
}

/**
 * What stays open at one server between commands: cursors and transactions.
 *
 * Drivers send a `getMore` or a `commitTransaction` over any connection of their pool, so this is
 * shared by all sessions of a database. A cursor is only found by the principal that opened it. Both
 * are bounded: the one that was used least lately is forgotten, and its next `getMore` is refused.
 */
export class OpenWork {
  readonly #cursors = new Map<string, Map<bigint, CursorPlan>>();
  readonly #transactions = new Set<string>();

  find(owner: string, id: bigint): CursorPlan | undefined {
    const own = this.#cursors.get(owner);
    const plan = own?.get(id);
    if (own !== undefined && plan !== undefined) {
      own.delete(id);
      own.set(id, plan);
    }
    return plan;
  }

  add(owner: string, id: bigint, plan: CursorPlan): void {
    let own = this.#cursors.get(owner);
    if (own === undefined) {
      own = new Map();
      this.#cursors.set(owner, own);
    }
    own.set(id, plan);
    if (own.size > MAX_CURSORS) own.delete(own.keys().next().value!);
  }

  remove(owner: string, id: bigint): void {
    const own = this.#cursors.get(owner);
    own?.delete(id);
    if (own?.size === 0) this.#cursors.delete(owner);
  }

  beginTransaction(session: string): void {
    this.#transactions.add(session);
    if (this.#transactions.size > MAX_TRANSACTIONS)
      this.#transactions.delete(this.#transactions.values().next().value!);
  }

  endTransaction(session: string): void {
    this.#transactions.delete(session);
  }

  hasTransaction(session: string): boolean {
    return this.#transactions.has(session);
  }
}

/** For each principal. */
export const MAX_CURSORS = 1_000;
const MAX_TRANSACTIONS = 10_000;
