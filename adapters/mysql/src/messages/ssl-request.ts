/**
 * SSLRequest: the first 32 bytes of a HandshakeResponse41; TLS follows at once, without an answer.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html
 */
import { ByteWriter } from '@gatehouse/wire';
import { hasCapability } from './capability-flags.ts';

const SSL_REQUEST_BYTES = 32;

export function isSslRequest(payload: Buffer): boolean {
  return payload.length === SSL_REQUEST_BYTES && hasCapability(payload.readUInt32LE(0), 'ssl');
}

export function encodeSslRequest(
  capabilities: number,
  mariadbCapabilities: number,
  maxPacketBytes: number,
  collation: number,
): Buffer {
  return new ByteWriter(SSL_REQUEST_BYTES)
    .uint32le(capabilities)
    .uint32le(maxPacketBytes)
    .uint8(collation)
    .zeros(19)
    .uint32le(mariadbCapabilities)
    .take();
}
