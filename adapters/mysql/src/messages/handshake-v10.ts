/**
 * HandshakeV10: the server's greeting.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 *
 * MariaDB's own capabilities stand in the last four filler bytes where `longPassword` (bit 0) is off.
 */
import { ByteReader, ByteWriter, WireError } from '@gatehouse/wire';
import { hasCapability } from './capability-flags.ts';

export interface HandshakeV10 {
  readonly serverVersion: string;
  readonly threadId: number;
  /** 20 bytes. */
  readonly nonce: Buffer;
  readonly capabilities: number;
  /** See `MARIADB_CAPABILITY`; 0 where the server is not MariaDB. */
  readonly mariadbCapabilities: number;
  readonly collation: number;
  readonly status: number;
  readonly authPlugin: string;
}

export const NONCE_BYTES = 20;

export function encodeHandshakeV10(greeting: HandshakeV10): Buffer {
  return new ByteWriter(128)
    .uint8(10)
    .cstring(greeting.serverVersion)
    .uint32le(greeting.threadId)
    .bytes(greeting.nonce.subarray(0, 8))
    .uint8(0)
    .uint16le(greeting.capabilities & 0xffff)
    .uint8(greeting.collation)
    .uint16le(greeting.status)
    .uint16le(greeting.capabilities >>> 16)
    .uint8(NONCE_BYTES + 1)
    .zeros(6)
    .uint32le(greeting.mariadbCapabilities)
    .bytes(greeting.nonce.subarray(8, NONCE_BYTES))
    .uint8(0)
    .cstring(greeting.authPlugin)
    .take();
}

export function decodeHandshakeV10(payload: Buffer): HandshakeV10 {
  const reader = new ByteReader(payload);
  if (reader.uint8() !== 10) throw new WireError('malformed', 'protocol version');
  const serverVersion = reader.cstring();
  const threadId = reader.uint32le();
  const firstNonce = reader.bytes(8);
  reader.skip(1);
  const low = reader.uint16le();
  const collation = reader.uint8();
  const status = reader.uint16le();
  const capabilities = (low | (reader.uint16le() << 16)) >>> 0;
  const authDataBytes = reader.uint8();
  reader.skip(6);
  const mariadb = reader.uint32le();
  const secondNonce = reader.bytes(Math.max(13, authDataBytes - 8)).subarray(0, NONCE_BYTES - 8);
  const authPlugin = reader.remaining === 0 ? 'mysql_native_password' : pluginName(reader);
  return {
    serverVersion,
    threadId,
    nonce: Buffer.concat([firstNonce, secondNonce]),
    capabilities,
    mariadbCapabilities: hasCapability(capabilities, 'longPassword') ? 0 : mariadb,
    collation,
    status,
    authPlugin,
  };
}

/** Old servers forget the NUL behind the plugin's name. */
function pluginName(reader: ByteReader): string {
  const rest = reader.rest();
  const nul = rest.indexOf(0);
  return rest.toString('utf8', 0, nul < 0 ? rest.length : nul);
}
