import type { Statement } from '@gatehouse/model';

/** A cursor that outlives its command: what it reads, for each `getMore` to be decided as. */
export interface CursorPlan {
  readonly statement: Statement;
  readonly namespace: string;
  /** Documents that were handed out so far; a row limit counts all batches. */
  rows: number;
}

/** The open cursors of one session, bounded; ids are the server's. */
export class CursorTable {
  readonly #cursors = new Map<bigint, CursorPlan>();

  get size(): number {
    return this.#cursors.size;
  }

  find(id: bigint): CursorPlan | undefined {
    return this.#cursors.get(id);
  }

  /** Remembers a cursor; false when the session has too many. */
  add(id: bigint, plan: CursorPlan): boolean {
    if (this.#cursors.size >= MAX_CURSORS) return false;
    this.#cursors.set(id, plan);
    return true;
  }

  remove(id: bigint): void {
    this.#cursors.delete(id);
  }
}

const MAX_CURSORS = 1_000;
