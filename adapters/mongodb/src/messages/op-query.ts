import { ByteReader, type Frame, WireError } from '@gatehouse/wire';
import { documentLength } from '../bson/walk.ts';

/** OP_QUERY, kept by drivers for the very first `isMaster` only. */
export interface OpQuery {
  readonly requestId: number;
  readonly collection: string;
  readonly document: Buffer;
}

/** Decodes a legacy query; the optional field selector is refused, nobody sends it with a command. */
export function decodeOpQuery(frame: Frame): OpQuery {
  const reader = new ByteReader(frame.bytes, frame.start, frame.end);
  reader.skip(4);
  const requestId = reader.int32le();
  reader.skip(8);
  reader.skip(4);
  const collection = reader.cstring();
  reader.skip(8);
  const rest = reader.peek(reader.remaining);
  if (rest.length < 5) throw new WireError('malformed', 'document');
  const document = reader.bytes(documentLength(rest, 0, rest.length));
  reader.end();
  return { requestId, collection, document };
}
