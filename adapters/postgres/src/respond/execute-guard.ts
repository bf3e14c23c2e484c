import type { Outbox } from '@gatehouse/adapter';
import { encodeBind } from '../messages/bind.ts';
import { encodeParse } from '../messages/parse.ts';
import { encodeClosePortal, encodeCloseStatement, encodeExecute } from '../messages/portal-messages.ts';
import { type ExpectedReply, expectReply, type ReplyKind, type ReplyParts } from './expected-reply.ts';
import type { ReplyLine } from './reply-line.ts';
import { MEASURE, RowMeasure } from './row-measure.ts';

/**
 * An Execute whose rows have to be measured, because its command tag does not count them all:
 *
 * ```text
 * Parse, Bind, Execute of MEASURE · the client's Execute · Bind, Execute of MEASURE, Close · Sync, when it may stay
 * ```
 * All of it goes at once: until the Sync the server takes everything back when something fails. The end of the client's
 * statement is told when the second look has been read.
 */
export class ExecuteGuard {
  readonly kind = 'execute';
  readonly own: ExpectedReply;
  readonly measure = new RowMeasure();
  /** CommandComplete or PortalSuspended of the client's statement. */
  held: Buffer | null = null;

  constructor(parts: Omit<ReplyParts, 'guard' | 'hidden'>) {
    this.own = expectReply('execute', { ...parts, guard: this });
  }

  before(line: ReplyLine, out: Outbox): void {
    // What a failed one has left behind would be in the way.
    this.#send('close', CLOSE_STATEMENT, line, out);
    this.#send('parse', PARSE, line, out);
    this.#run(line, out);
  }

  /** Returns the last reply: when it is there, everything is told. */
  after(line: ReplyLine, out: Outbox): ExpectedReply {
    this.#run(line, out);
    return this.#send('close', CLOSE_STATEMENT, line, out);
  }

  #run(line: ReplyLine, out: Outbox): void {
    this.#send('bind', BIND, line, out);
    this.#send('execute', EXECUTE, line, out);
    this.#send('close', CLOSE_PORTAL, line, out);
  }

  #send(kind: ReplyKind, message: Buffer, line: ReplyLine, out: Outbox): ExpectedReply {
    const expected = expectReply(kind, { hidden: true, running: this.own.running, guard: this });
    line.expect(expected);
    out.upstream(message);
    return expected;
  }
}

/** A name of its own, so that the client's unnamed statement and portal are not touched. */
const NAME = 'gatehouse_measure';
const PARSE = encodeParse(NAME, MEASURE);
const BIND = encodeBind(NAME, NAME);
const EXECUTE = encodeExecute(NAME);
const CLOSE_PORTAL = encodeClosePortal(NAME);
const CLOSE_STATEMENT = encodeCloseStatement(NAME);
