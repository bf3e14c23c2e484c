import type { Frame } from '@gatehouse/wire';
import { serialize } from 'bson';
import { elements } from '../bson/walk.ts';
import { FLAG, type OpMsg } from './op-msg.ts';
import { OPCODE } from './opcode.ts';

/**
 * The same message with a time limit in its body, or null to leave it as it is, and never with leave to answer in
 * a stream: each batch is asked for and decided. Sequences stay as received, a checksum goes.
 */
export function rewriteRequest(message: OpMsg, frame: Frame, limitMs: number | null): Buffer {
  const { body, requestId, responseTo, flags } = message;
  const newBody = limitMs === null ? body : withTimeLimit(body, limitMs);
  const sections = frame.bytes.subarray(
    frame.start + HEAD_BYTES,
    frame.end - ((flags & FLAG.checksumPresent) === 0 ? 0 : CHECKSUM_BYTES),
  );
  const at = body.byteOffset - sections.byteOffset;
  const head = Buffer.alloc(HEAD_BYTES);
  const rest = sections.subarray(at + body.length);
  head.writeInt32LE(HEAD_BYTES + at + newBody.length + rest.length, 0);
  head.writeInt32LE(requestId, 4);
  head.writeInt32LE(responseTo, 8);
  head.writeInt32LE(OPCODE.msg, 12);
  head.writeUInt32LE((flags & ~(FLAG.checksumPresent | FLAG.exhaustAllowed)) >>> 0, FLAGS_OFFSET);
  return Buffer.concat([head, sections.subarray(0, at), newBody, rest]);
}

function withTimeLimit(body: Buffer, limitMs: number): Buffer {
  const kept: Buffer[] = [];
  for (const { key, start, valueEnd } of elements(body, 0, body.length))
    if (key !== 'maxTimeMS') kept.push(body.subarray(start, valueEnd));
  const addition = serialize({ maxTimeMS: limitMs }).subarray(4);
  const length = Buffer.alloc(4);
  const bytes = Buffer.concat([length, ...kept, addition]);
  bytes.writeInt32LE(bytes.length, 0);
  return bytes;
}

/** Where the flags of an OP_MSG stand. */
export const FLAGS_OFFSET = 16;
const HEAD_BYTES = 20;
const CHECKSUM_BYTES = 4;
