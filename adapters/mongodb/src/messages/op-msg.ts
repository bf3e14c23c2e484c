import { ByteReader, ByteWriter, type Frame, WireError } from '@gatehouse/wire';
import { type Document, serialize } from 'bson';
import { documentLength } from '../bson/walk.ts';
import { OPCODE } from './opcode.ts';

/**
 * OP_MSG, the one message of today's protocol.
 * <https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md>
 */
export interface OpMsg {
  readonly requestId: number;
  readonly responseTo: number;
  readonly flags: number;
  /** The kind-0 section. */
  readonly body: Buffer;
  readonly sequences: readonly DocumentSequence[];
}

/** A kind-1 section: documents that belong under `identifier` in the body. */
export interface DocumentSequence {
  readonly identifier: string;
  readonly documents: readonly Buffer[];
}

export const FLAG = { checksumPresent: 1, moreToCome: 2, exhaustAllowed: 1 << 16 } as const;
const REQUIRED_BITS = 0xffff;

/**
 * Decodes a whole message. Throws `malformed` for unknown required flags, no body or two bodies, a
 * sequence twice, and every lie in a length. The checksum is not verified: TCP and TLS do that.
 */
export function decodeOpMsg(frame: Frame): OpMsg {
  const reader = new ByteReader(frame.bytes, frame.start, frame.end);
  reader.skip(4);
  const requestId = reader.int32le();
  const responseTo = reader.int32le();
  reader.skip(4);
  const flags = reader.uint32le();
  if ((flags & REQUIRED_BITS & ~(FLAG.checksumPresent | FLAG.moreToCome)) !== 0)
    throw new WireError('malformed', 'unknown flag');
  const tail = (flags & FLAG.checksumPresent) === 0 ? 0 : CHECKSUM_BYTES;
  let body: Buffer | null = null;
  const sequences: DocumentSequence[] = [];
  while (reader.remaining > tail) {
    const kind = reader.uint8();
    if (kind === 0 && body === null) body = readDocument(reader, tail);
    else if (kind === 1) sequences.push(readSequence(reader, tail));
    else throw new WireError('malformed', 'section');
  }
  if (body === null || reader.remaining !== tail) throw new WireError('malformed', 'no body');
  if (new Set(sequences.map(({ identifier }) => identifier)).size !== sequences.length) {
    throw new WireError('malformed', 'duplicate sequence');
  }
  return { requestId, responseTo, flags, body, sequences };
}

/** A message with one body and nothing else. */
export function encodeOpMsg(requestId: number, responseTo: number, body: Buffer): Buffer {
  return new ByteWriter(body.length + 21)
    .int32le(body.length + 21)
    .int32le(requestId)
    .int32le(responseTo)
    .int32le(OPCODE.msg)
    .uint32le(0)
    .uint8(0)
    .bytes(body)
    .take();
}

/** The same from an object. */
export function encodeOpMsgDocument(requestId: number, responseTo: number, document: Document): Buffer {
  return encodeOpMsg(requestId, responseTo, Buffer.from(serialize(document)));
}

function readDocument(reader: ByteReader, tail: number): Buffer {
  const rest = reader.remaining - tail;
  if (rest < 5) throw new WireError('malformed', 'document');
  return reader.bytes(peekLength(reader, rest));
}

function readSequence(reader: ByteReader, tail: number): DocumentSequence {
  const size = reader.int32le() - 4;
  if (size < 1 || size > reader.remaining - tail) throw new WireError('malformed', 'sequence length');
  const inner = new ByteReader(reader.bytes(size));
  const identifier = inner.cstring();
  const documents: Buffer[] = [];
  while (inner.remaining > 0) documents.push(inner.bytes(peekLength(inner, inner.remaining)));
  return { identifier, documents };
}

/** The length of the document that comes next, checked against what is left. */
function peekLength(reader: ByteReader, rest: number): number {
  const view = reader.peek(rest);
  return documentLength(view, 0, view.length);
}

const CHECKSUM_BYTES = 4;
