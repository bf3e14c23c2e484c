import { encodeQuery } from '../messages/query.ts';
import { type ExpectedReply, expectReply, type ReplyParts } from './expected-reply.ts';

/**
 * A simple Query with a limited write, which must be able to be taken back. Outside a transaction the server would
 * commit it before it tells the count, so there it runs in a transaction of the gateway's own:
 *
 * ```text
 * BEGIN --T--> the client's Query --T, within the limit--> COMMIT --I--> CommandComplete, ReadyForQuery
 *    \--failed--> its error          \--else--> ROLLBACK ---------I--> ReadyForQuery
 * ```
 * Whether the client has a transaction of its own is known when everything before has been answered (`wait`).
 *
 * INVARIANT: the Query goes to the server after BEGIN has succeeded, never beside it (write-guard.test.ts).
 */
export class WriteGuard {
  /** The answer to the client's Query. */
  readonly own: ExpectedReply;
  stage: 'wait' | 'begin' | 'run' | 'end' | 'in-transaction' = 'wait';
  /** The CommandComplete of the last statement: true only when COMMIT has succeeded. */
  held: Buffer | null = null;
  readonly #query: Buffer;

  /** `query`: the client's message, kept. */
  constructor(query: Buffer, parts: Omit<ReplyParts, 'guard' | 'hidden'>) {
    this.#query = query;
    this.own = expectReply('query', { ...parts, guard: this });
  }

  /** The answer to a statement of the gateway's; errors in it are the client's. */
  hidden(): ExpectedReply {
    return expectReply('query', { hidden: true, running: this.own.running, guard: this });
  }

  run(stage: 'run' | 'in-transaction'): Buffer {
    this.stage = stage;
    return this.#query;
  }

  end(keeps: boolean): Buffer {
    this.stage = 'end';
    if (!keeps) this.held = null;
    return keeps ? COMMIT : ROLLBACK;
  }
}

export const BEGIN = encodeQuery('BEGIN');
const COMMIT = encodeQuery('COMMIT');
const ROLLBACK = encodeQuery('ROLLBACK');
