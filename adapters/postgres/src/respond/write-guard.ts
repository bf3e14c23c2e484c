import { encodeQuery } from '../messages/query.ts';
import { type ExpectedReply, expectReply, type ReplyParts } from './expected-reply.ts';
import { FAILING_QUERY } from './refuse-message.ts';
import { MEASURE, RowMeasure } from './row-measure.ts';

/**
 * A simple Query with a limited write, which must be able to be taken back. Outside a transaction the server would
 * commit it before it tells the count, so there it runs in a transaction of the gateway's own:
 *
 * ```text
 * BEGIN --T--> the client's Query --T, within the limit--> COMMIT --I--> CommandComplete, ReadyForQuery
 *    \--failed--> its error          \--else--> ROLLBACK ---------I--> ReadyForQuery
 * ```
 * Where the command tags do not count every row, the server's counters are looked at before and behind the
 * client's Query (`RowMeasure`). In a transaction of the client's a message that fails stands for the ROLLBACK.
 *
 * Whether the client has a transaction of its own is known when everything before has been answered (`wait`).
 *
 * INVARIANT: the Query goes to the server after BEGIN has succeeded, never beside it (write-guard.test.ts).
 */
export class WriteGuard {
  readonly kind = 'query';
  /** The answer to the client's Query. */
  readonly own: ExpectedReply;
  readonly measure: RowMeasure | null;
  stage: 'wait' | 'begin' | 'before' | 'run' | 'after' | 'end' = 'wait';
  /** The transaction is the gateway's. */
  isAlone = true;
  /** The CommandComplete of the last statement: true only when it has been counted, and COMMIT has succeeded. */
  held: Buffer | null = null;
  readonly #query: Buffer;

  /** `query`: the client's message, kept. `measures`: its command tags do not count every row. */
  constructor(query: Buffer, measures: boolean, parts: Omit<ReplyParts, 'guard' | 'hidden'>) {
    this.#query = query;
    this.measure = measures ? new RowMeasure() : null;
    this.own = expectReply('query', { ...parts, guard: this });
  }

  /** Whether the end of the client's Query is told later. */
  get holdsBack(): boolean {
    return this.isAlone || this.measure !== null;
  }

  /** The answer to a statement of the gateway's; errors in it are the client's. */
  hidden(): ExpectedReply {
    return expectReply('query', { hidden: true, running: this.own.running, guard: this });
  }

  begin(): Buffer {
    this.stage = 'begin';
    return BEGIN;
  }

  look(stage: 'before' | 'after'): Buffer {
    this.stage = stage;
    if (stage === 'after') this.measure?.turn();
    return LOOK;
  }

  run(): Buffer {
    this.stage = 'run';
    return this.#query;
  }

  end(keeps: boolean): Buffer {
    this.stage = 'end';
    if (keeps) return COMMIT;
    this.held = null;
    return this.isAlone ? ROLLBACK : FAILING_QUERY;
  }
}

const BEGIN = encodeQuery('BEGIN');
const COMMIT = encodeQuery('COMMIT');
const ROLLBACK = encodeQuery('ROLLBACK');
const LOOK = encodeQuery(MEASURE);
