/**
 * Typed values behind a NULL bitmap: the parameters of COM_STMT_EXECUTE and the attributes of COM_QUERY.
 *
 * ```text
 * null bitmap (n+7)/8 | new-params flag | [type, unsigned [, name]] x n | value x n
 * ```
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
import type { RecordedParameter } from '@gatehouse/model';
import { type ByteReader, WireError } from '@gatehouse/wire';
import { formatBinaryValue } from '../codec/binary-value.ts';
import { readLenencBytes } from '../codec/lenenc.ts';
import { layoutOf, readBinaryValue, TYPE } from './column-type.ts';

export interface ParameterType {
  readonly type: number;
  readonly unsigned: boolean;
}

/** Reads the types where the client gave them; null where it relies on those of an earlier execution. */
export function readParameterTypes(
  reader: ByteReader,
  count: number,
  named: boolean,
): readonly ParameterType[] | null {
  reader.skip((count + 7) >> 3);
  return reader.uint8() === 1 ? readTypes(reader, count, named) : null;
}

/**
 * Reads the whole block. `known` are the types of an earlier execution; `longData` gives the size of a
 * value that came in other packets and is not in the block.
 */
export function readParameterBlock(
  reader: ByteReader,
  count: number,
  named: boolean,
  known: readonly ParameterType[] | null,
  longData: (index: number) => number | null,
): readonly RecordedParameter[] {
  const nulls = reader.bytes((count + 7) >> 3);
  const types = reader.uint8() === 1 ? readTypes(reader, count, named) : known;
  if (types === null || types.length < count) throw new WireError('malformed', 'parameter types');
  const values: RecordedParameter[] = [];
  for (let i = 0; i < count; i++) {
    const longBytes = longData(i);
    if (longBytes !== null) values.push({ bytes: longBytes });
    else if (((nulls[i >> 3]! >> (i & 7)) & 1) === 1) values.push(null);
    else values.push(readValue(reader, types[i]!));
  }
  return values;
}

function readTypes(reader: ByteReader, count: number, named: boolean): ParameterType[] {
  const types: ParameterType[] = [];
  for (let i = 0; i < count; i++) {
    const type = reader.uint8();
    types.push({ type, unsigned: (reader.uint8() & 0x80) !== 0 });
    if (named) readLenencBytes(reader);
  }
  return types;
}

function readValue(reader: ByteReader, { type, unsigned }: ParameterType): RecordedParameter {
  const layout = layoutOf(type);
  const value = readBinaryValue(reader, layout);
  if (type === TYPE.null) return null;
  if (layout === 'lenenc')
    return BINARY_TYPES.includes(type) && !isText(value)
      ? { hex: value.toString('hex') }
      : value.toString('utf8');
  return formatBinaryValue(value, layout, { unsigned, decimals: 31, dateOnly: type === TYPE.date });
}

/** Clients send text under blob types too. */
function isText(value: Buffer): boolean {
  return Buffer.compare(Buffer.from(value.toString('utf8'), 'utf8'), value) === 0;
}

const BINARY_TYPES: readonly number[] = [
  TYPE.bit,
  TYPE.tinyBlob,
  TYPE.mediumBlob,
  TYPE.longBlob,
  TYPE.blob,
  TYPE.geometry,
  TYPE.string,
  TYPE.varString,
  TYPE.varchar,
];
