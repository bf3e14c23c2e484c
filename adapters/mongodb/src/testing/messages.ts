import { type Document, deserialize } from 'bson';
import { decodeOpMsg, encodeOpMsgDocument } from '../messages/op-msg.ts';

/** A command as a driver sends it. */
export function commandMessage(requestId: number, command: Document): Buffer {
  return encodeOpMsgDocument(requestId, 0, command);
}

export interface Reply {
  readonly requestId: number;
  readonly responseTo: number;
  readonly flags: number;
  readonly document: Document;
}

/** Every whole OP_MSG in a stream; an unfinished one at the end is left out. */
export function repliesIn(received: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let at = 0; at + 16 <= received.length; ) {
    const length = received.readInt32LE(at);
    if (at + length > received.length) break;
    const frame = {
      bytes: received,
      start: at,
      end: at + length,
      type: 2013,
      totalBytes: length,
      first: true,
      last: true,
    };
    const { requestId, responseTo, flags, body } = decodeOpMsg(frame);
    replies.push({
      requestId,
      responseTo,
      flags,
      document: deserialize(body, { useBigInt64: true, validation: { utf8: false } }),
    });
    at += length;
  }
  return replies;
}

/** The replies that are errors. */
export function errorsIn(received: Buffer): Document[] {
  return repliesIn(received)
    .map(({ document }) => document)
    .filter((document) => document['ok'] === 0);
}
