/**
 * EOF: columns or rows have ended, without CLIENT_DEPRECATE_EOF.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_eof_packet.html
 */
import { ByteReader, ByteWriter } from '@gatehouse/wire';

export function decodeEofPacket(payload: Buffer): { readonly status: number } {
  const reader = new ByteReader(payload, 1);
  reader.skip(2);
  return { status: reader.uint16le() };
}

export function encodeEofPacket(status: number): Buffer {
  return new ByteWriter(5).uint8(0xfe).uint16le(0).uint16le(status).take();
}
