/**
 * ColumnDefinition41: what the server says of one column of a result.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html
 *
 * `orgTable` and `orgName` are hints, not proof: MariaDB names a derived table or CTE by its alias there,
 * which may be the name of an innocent table.
 */
import { ByteReader, WireError } from '@gatehouse/wire';
import { readLenencBytes, readLenencInt } from '../codec/lenenc.ts';
import { TYPE } from './column-type.ts';

export interface ColumnDefinition41 {
  readonly schema: string;
  readonly table: string;
  readonly orgTable: string;
  readonly name: string;
  readonly orgName: string;
  readonly collation: number;
  /** Display length in bytes. */
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly decimals: number;
}

export const UNSIGNED_FLAG = 0x20;

/** `extendedMetadata`: whether MariaDB's formats were agreed on; a text that says to be JSON is given the type of JSON then. */
export function decodeColumnDefinition41(payload: Buffer, extendedMetadata: boolean): ColumnDefinition41 {
  const reader = new ByteReader(payload);
  readLenencBytes(reader);
  const [schema, table, orgTable, name, orgName] = [
    text(reader),
    text(reader),
    text(reader),
    text(reader),
    text(reader),
  ];
  const isJson = extendedMetadata && saysJson(readLenencBytes(reader));
  if (readLenencInt(reader) !== 0x0c) throw new WireError('malformed', 'column definition');
  const collation = reader.uint16le();
  const length = reader.uint32le();
  const shownType = reader.uint8();
  const type = isJson ? TYPE.json : shownType;
  const flags = reader.uint16le();
  const decimals = reader.uint8();
  return { schema, table, orgTable, name, orgName, collation, length, type, flags, decimals };
}

/** Pairs of a kind (0 type, 1 format) and its name. */
function saysJson(metadata: Buffer): boolean {
  const reader = new ByteReader(metadata);
  while (reader.remaining > 0) {
    const kind = reader.uint8();
    if (text(reader) === 'json' && kind === FORMAT) return true;
  }
  return false;
}

const FORMAT = 1;

function text(reader: ByteReader): string {
  return readLenencBytes(reader).toString('utf8');
}
