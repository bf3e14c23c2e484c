/**
 * Connection attributes: what a client says of itself (`program_name`, `_client_name`, `_pid`, …).
 * https://dev.mysql.com/doc/refman/8.4/en/performance-schema-connection-attribute-tables.html
 */
import { ByteReader } from '@gatehouse/wire';
import { readLenencBytes, readLenencInt } from '../codec/lenenc.ts';

export type ConnectAttributes = ReadonlyMap<string, string>;

/** Reads the whole block; later values of the same name win, as in the server. */
export function readConnectAttributes(reader: ByteReader): ConnectAttributes {
  const block = new ByteReader(reader.bytes(readLenencInt(reader)));
  const attributes = new Map<string, string>();
  while (block.remaining > 0) {
    const name = readLenencBytes(block).toString('utf8');
    attributes.set(name, readLenencBytes(block).toString('utf8'));
  }
  return attributes;
}

/** The name that the audit shows for the client's program. */
export function applicationOf(attributes: ConnectAttributes): string | undefined {
  return attributes.get('program_name') ?? attributes.get('_program_name') ?? attributes.get('_client_name');
}
