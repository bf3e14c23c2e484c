/**
 * AuthSwitchRequest: the server names another authentication plugin and gives it a nonce.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html
 */
import { ByteReader, ByteWriter } from '@gatehouse/wire';

export interface AuthSwitchRequest {
  readonly plugin: string;
  readonly nonce: Buffer;
}

export function encodeAuthSwitchRequest(request: AuthSwitchRequest): Buffer {
  return new ByteWriter(64).uint8(0xfe).cstring(request.plugin).bytes(request.nonce).uint8(0).take();
}

/** Decodes a payload that starts with 0xFE; without anything behind it, it is the request of servers before 5.5, which is not answered. */
export function decodeAuthSwitchRequest(payload: Buffer): AuthSwitchRequest {
  const reader = new ByteReader(payload, 1);
  const plugin = reader.cstring();
  const data = reader.rest();
  return { plugin, nonce: data.at(-1) === 0 ? data.subarray(0, -1) : data };
}
