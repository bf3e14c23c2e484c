/**
 * What a server would say, for tests.
 */
import { ByteWriter } from '@gatehouse/wire';
import { writeLenencBytes } from '../codec/lenenc.ts';
import type { ColumnDefinition41 } from '../messages/column-definition-41.ts';
import { TYPE } from '../messages/column-type.ts';
import { encodeEofPacket } from '../messages/eof-packet.ts';
import { encodeErrPacket } from '../messages/err-packet.ts';
import { encodeOkPacket } from '../messages/ok-packet.ts';

export const OK = encodeOkPacket(2);
export const EOF = encodeEofPacket(2);

export function ok(status: number): Buffer {
  return encodeOkPacket(status);
}

export function eof(status: number): Buffer {
  return encodeEofPacket(status);
}

export function err(code: number, message: string): Buffer {
  return encodeErrPacket({ code, sqlState: 'HY000', message });
}

export function column(given: Partial<ColumnDefinition41> = {}): ColumnDefinition41 {
  return {
    schema: 'shop',
    table: 'customers',
    orgTable: 'customers',
    name: 'email',
    orgName: 'email',
    collation: 45,
    length: 320,
    type: TYPE.varString,
    flags: 0,
    decimals: 0,
    ...given,
  };
}

/** `metadata`: MariaDB's pairs of kind and name; absent where they were not agreed on. */
export function columnPacket(
  given: Partial<ColumnDefinition41> & { readonly metadata?: string } = {},
): Buffer {
  const definition = column(given);
  const writer = new ByteWriter(128);
  const { schema, table, orgTable, name, orgName } = definition;
  for (const part of ['def', schema, table, orgTable, name, orgName])
    writeLenencBytes(writer, Buffer.from(part));
  if (given.metadata !== undefined) writeLenencBytes(writer, Buffer.from(given.metadata, 'latin1'));
  return writer
    .uint8(0x0c)
    .uint16le(definition.collation)
    .uint32le(definition.length)
    .uint8(definition.type)
    .uint16le(definition.flags)
    .uint8(definition.decimals)
    .zeros(2)
    .take();
}

export function textRow(...values: (string | null)[]): Buffer {
  const writer = new ByteWriter(64);
  for (const value of values) {
    if (value === null) writer.uint8(0xfb);
    else writeLenencBytes(writer, Buffer.from(value, 'utf8'));
  }
  return writer.take();
}

/** A text result set without CLIENT_DEPRECATE_EOF. */
export function textResult(columns: readonly Buffer[], rows: readonly Buffer[], status = 2): Buffer[] {
  return [Buffer.of(columns.length), ...columns, eof(status), ...rows, eof(status)];
}

export function prepareOk(id: number, columns: number, parameters: number): Buffer {
  return new ByteWriter(12).uint8(0).uint32le(id).uint16le(columns).uint16le(parameters).zeros(3).take();
}

/** COM_STMT_EXECUTE without its command byte, for a statement without parameters. */
export function executeArgument(id: number, flags = 0): Buffer {
  return new ByteWriter(9).uint32le(id).uint8(flags).uint32le(1).take();
}

export function idArgument(id: number, ...more: number[]): Buffer {
  return Buffer.concat([new ByteWriter(4).uint32le(id).take(), Buffer.from(more)]);
}
