/**
 * COM_QUERY: SQL text, behind query attributes where those were agreed on.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html
 */
import { ByteReader, WireError } from '@gatehouse/wire';
import { readLenencInt } from '../codec/lenenc.ts';
import { readParameterBlock } from './binary-parameters.ts';

/** Lends the statement's bytes out of a payload, command byte included. */
export function queryText(payload: Buffer, queryAttributes: boolean): Buffer {
  const reader = new ByteReader(payload, 1);
  if (!queryAttributes) return reader.rest();
  const count = readLenencInt(reader);
  if (readLenencInt(reader) !== 1) throw new WireError('malformed', 'parameter sets');
  if (count > MAX_ATTRIBUTES) throw new WireError('malformed', 'query attributes');
  if (count > 0) readParameterBlock(reader, count, true, null, () => null);
  return reader.rest();
}

const MAX_ATTRIBUTES = 0xffff;
