/**
 * Column types on the wire, and how a value of each is laid out in binary rows and parameters.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
 */
import { type ByteReader, WireError } from '@gatehouse/wire';
import { readLenencBytes } from '../codec/lenenc.ts';

export const TYPE = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newdate: 14,
  varchar: 15,
  bit: 16,
  vector: 242,
  json: 245,
  newdecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

/** How a value is laid out. */
export type Layout =
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float'
  | 'double'
  | 'date'
  | 'time'
  | 'lenenc'
  | 'none';

const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [TYPE.decimal, 'lenenc'],
  [TYPE.tiny, 'int8'],
  [TYPE.short, 'int16'],
  [TYPE.year, 'int16'],
  [TYPE.long, 'int32'],
  [TYPE.int24, 'int32'],
  [TYPE.longlong, 'int64'],
  [TYPE.float, 'float'],
  [TYPE.double, 'double'],
  [TYPE.null, 'none'],
  [TYPE.timestamp, 'date'],
  [TYPE.date, 'date'],
  [TYPE.datetime, 'date'],
  [TYPE.newdate, 'date'],
  [TYPE.time, 'time'],
  ...[
    TYPE.varchar,
    TYPE.bit,
    TYPE.vector,
    TYPE.json,
    TYPE.newdecimal,
    TYPE.enum,
    TYPE.set,
    TYPE.tinyBlob,
    TYPE.mediumBlob,
    TYPE.longBlob,
    TYPE.blob,
    TYPE.varString,
    TYPE.string,
    TYPE.geometry,
  ].map((type): [number, Layout] => [type, 'lenenc']),
]);

/** Throws WireError for a type that no server has: its length cannot be known. */
export function layoutOf(type: number): Layout {
  const layout = LAYOUTS.get(type);
  if (layout === undefined) throw new WireError('malformed', 'column type');
  return layout;
}

/** Lends the bytes of one binary value without its length. */
export function readBinaryValue(reader: ByteReader, layout: Layout): Buffer {
  switch (layout) {
    case 'int8':
      return reader.bytes(1);
    case 'int16':
      return reader.bytes(2);
    case 'int32':
    case 'float':
      return reader.bytes(4);
    case 'int64':
    case 'double':
      return reader.bytes(8);
    case 'date':
      return sized(reader, DATE_SIZES);
    case 'time':
      return sized(reader, TIME_SIZES);
    case 'lenenc':
      return readLenencBytes(reader);
    case 'none':
      return reader.bytes(0);
  }
}

function sized(reader: ByteReader, sizes: readonly number[]): Buffer {
  const size = reader.uint8();
  if (!sizes.includes(size)) throw new WireError('malformed', 'temporal value');
  return reader.bytes(size);
}

const DATE_SIZES: readonly number[] = [0, 4, 7, 11];
const TIME_SIZES: readonly number[] = [0, 8, 12];
