/**
 * HandshakeResponse41: the client's choice of capabilities, its name and its first proof.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 */
import { ByteReader, ByteWriter, WireError } from '@gatehouse/wire';
import { readLenencBytes, writeLenencBytes } from '../codec/lenenc.ts';
import { CAPABILITY, hasCapability } from './capability-flags.ts';
import { type ConnectAttributes, readConnectAttributes } from './connect-attributes.ts';

export interface HandshakeResponse41 {
  readonly capabilities: number;
  /** See `MARIADB_CAPABILITY`. */
  readonly mariadbCapabilities: number;
  readonly maxPacketBytes: number;
  readonly collation: number;
  readonly user: string;
  readonly authResponse: Buffer;
  readonly database: string | null;
  readonly authPlugin: string | null;
  readonly attributes: ConnectAttributes;
}

/** Decodes what a client sent; `offered` and `offeredMariadb` are those of the greeting, and what was not offered counts as not chosen. */
export function decodeHandshakeResponse41(
  payload: Buffer,
  offered: number,
  offeredMariadb: number,
): HandshakeResponse41 {
  const reader = new ByteReader(payload);
  const chosen = reader.uint32le();
  const capabilities = (chosen & offered) >>> 0;
  if (!hasCapability(capabilities, 'protocol41')) throw new WireError('malformed', 'protocol before 4.1');
  const maxPacketBytes = reader.uint32le();
  const collation = reader.uint8();
  reader.skip(19);
  const mariadb = reader.uint32le();
  const mariadbCapabilities = hasCapability(chosen, 'longPassword') ? 0 : mariadb & offeredMariadb;
  const user = reader.cstring();
  const authResponse = readAuthResponse(reader, capabilities);
  // Clients may set a flag and leave its field out at the end of the packet, as the server allows.
  const database = has(reader, capabilities, 'connectWithDb') ? reader.cstring() : null;
  const authPlugin = has(reader, capabilities, 'pluginAuth') ? reader.cstring() : null;
  const attributes = has(reader, capabilities, 'connectAttrs') ? readConnectAttributes(reader) : new Map();
  return {
    capabilities,
    mariadbCapabilities,
    maxPacketBytes,
    collation,
    user,
    authResponse,
    database,
    authPlugin,
    attributes,
  };
}

export function encodeHandshakeResponse41(response: Omit<HandshakeResponse41, 'attributes'>): Buffer {
  const database = response.database;
  const flags =
    CAPABILITY.protocol41 |
    CAPABILITY.secureConnection |
    CAPABILITY.pluginAuth |
    CAPABILITY.pluginAuthLenenc |
    (database === null ? 0 : CAPABILITY.connectWithDb);
  const writer = new ByteWriter(256)
    .uint32le((response.capabilities | flags) >>> 0)
    .uint32le(response.maxPacketBytes)
    .uint8(response.collation)
    .zeros(19)
    .uint32le(response.mariadbCapabilities)
    .cstring(response.user);
  writeLenencBytes(writer, response.authResponse);
  if (database !== null) writer.cstring(database);
  return writer.cstring(response.authPlugin ?? '').take();
}

function has(reader: ByteReader, capabilities: number, name: keyof typeof CAPABILITY): boolean {
  return hasCapability(capabilities, name) && reader.remaining > 0;
}

function readAuthResponse(reader: ByteReader, capabilities: number): Buffer {
  if (hasCapability(capabilities, 'pluginAuthLenenc')) return readLenencBytes(reader);
  if (hasCapability(capabilities, 'secureConnection')) return reader.bytes(reader.uint8());
  return reader.cstringBytes();
}
