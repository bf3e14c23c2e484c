import type { Outbox } from '@gatehouse/adapter';
import type { PendingMessage } from '../classify/pending-message.ts';
import { encodeParse } from '../messages/parse.ts';
import { encodeCloseStatement, SYNC } from '../messages/portal-messages.ts';
import { encodeQuery } from '../messages/query.ts';
import { expectReply } from './expected-reply.ts';
import type { ReplyLine } from './reply-line.ts';

/**
 * Refusing: a message that must fail takes the refused one's place, a text that no server can parse. The
 * server's own error, its skipping until Sync and its transaction state are then real; only the words are ours.
 */
export function sendFailing(
  { kind }: Pick<PendingMessage, 'kind'>,
  errorInstead: Buffer,
  line: ReplyLine,
  out: Outbox,
): void {
  if (kind === 'query' || kind === 'function') {
    line.expect(expectReply('query', { errorInstead }));
    out.upstream(FAILING_QUERY);
    return;
  }
  line.expect(expectReply('parse', { errorInstead }));
  out.upstream(FAILING_PARSE);
}

/** Makes the server agree with an error that the client was told; its reply is not shown. */
export function failSegment(line: ReplyLine, out: Outbox): void {
  line.expect(expectReply('parse', { hidden: true }));
  out.upstream(FAILING_PARSE);
}

/**
 * A text that does not parse gets the server's own words, by a Parse that is never bound. Should the
 * server read it after all, nothing has run, and the client gets `onSuccess`. It is the unnamed statement, which a
 * simple Query drops at the server in any case.
 */
export function askForError({ text }: PendingMessage, onSuccess: Buffer, line: ReplyLine, out: Outbox): void {
  line.expect(expectReply('parse', { onSuccess }));
  line.expect(expectReply('close', { hidden: true }));
  line.expect(expectReply('sync'));
  out.upstream(encodeParse('', text() ?? ''));
  out.upstream(CLOSE_UNNAMED);
  out.upstream(SYNC);
}

/** No server parses this, in any version; it shows in the server's log as what it is. */
const NEVER_PARSES = 'gatehouse: this statement was refused';
/** A name of its own, so that the client's unnamed statement is not touched. */
const REFUSED_NAME = 'gatehouse_refused';
export const FAILING_QUERY = encodeQuery(NEVER_PARSES);
const FAILING_PARSE = encodeParse(REFUSED_NAME, NEVER_PARSES);
const CLOSE_UNNAMED = encodeCloseStatement('');
