import { ByteWriter } from '@gatehouse/wire';
import { type Document, serialize } from 'bson';
import { OPCODE } from './opcode.ts';

/** OP_REPLY with one document: the answer to a legacy query. */
export function encodeOpReply(requestId: number, responseTo: number, document: Document): Buffer {
  const body = serialize(document);
  return new ByteWriter(body.length + 36)
    .int32le(body.length + 36)
    .int32le(requestId)
    .int32le(responseTo)
    .int32le(OPCODE.reply)
    .int32le(AWAIT_CAPABLE)
    .uint64le(0n)
    .int32le(0)
    .int32le(1)
    .bytes(body)
    .take();
}

const AWAIT_CAPABLE = 8;
