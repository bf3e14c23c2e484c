/**
 * Just enough of OP_MSG for a scripted peer and a scripted client: messages with one section that is a document,
 * cut out of a stream without being read.
 */
import { BSON } from 'mongodb';

const OP_MSG = 2013;
/** Header, flags, kind of section. */
const BODY_AT = 21;

/** One message with one document. */
export function encodeMessage(requestId: number, responseTo: number, document: BSON.Document): Buffer {
  const body = BSON.serialize(document);
  const message = Buffer.alloc(BODY_AT + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(responseTo, 8);
  message.writeInt32LE(OP_MSG, 12);
  message.set(body, BODY_AT);
  return message;
}

/** The document of a message. */
export function documentOf(message: Buffer): BSON.Document {
  return BSON.deserialize(message.subarray(BODY_AT));
}

/** The document of an OP_QUERY or OP_MSG that opens a connection. */
export function commandOf(message: Buffer): BSON.Document {
  if (message.readInt32LE(12) === OP_MSG) return documentOf(message);
  // OP_QUERY: header, flags, the collection's name, skip, return, document.
  return BSON.deserialize(message.subarray(message.indexOf(0, 20) + 9));
}

/** First key of an OP_MSG's document, which is the command, without reading the document. */
export function commandNameOf(message: Buffer): string {
  const start = BODY_AT + 5;
  return message.toString('latin1', start, message.indexOf(0, start));
}

/** Answers with bytes that were built before: a copy with the two numbers of the header set. */
export function answerTo(message: Buffer, prebuilt: Buffer): Buffer {
  const answer = Buffer.from(prebuilt);
  answer.set(message.subarray(4, 8), 8);
  return answer;
}

/** OP_REPLY with one document, for a hello that came as OP_QUERY. */
export function encodeLegacyReply(responseTo: number, document: BSON.Document): Buffer {
  const body = BSON.serialize(document);
  const message = Buffer.alloc(36 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(responseTo, 8);
  message.writeInt32LE(1, 12);
  message.writeInt32LE(1, 32);
  message.set(body, 36);
  return message;
}

/** Cuts a stream into messages; those it gives are views that are good until the next chunk. */
export class MessageCutter {
  #rest: Buffer = Buffer.alloc(0);

  cut(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const messages: Buffer[] = [];
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + bytes.readInt32LE(at);
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return messages;
  }
}
