/**
 * ERR: a command failed, or rows end with an error.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
import { ByteReader, ByteWriter } from '@gatehouse/wire';

export interface ErrPacket {
  readonly code: number;
  /** Five characters; `HY000` where the server gave none (before the handshake). */
  readonly sqlState: string;
  readonly message: string;
}

/** Decodes a payload that starts with 0xFF. */
export function decodeErrPacket(payload: Buffer): ErrPacket {
  const reader = new ByteReader(payload, 1);
  const code = reader.uint16le();
  const rest = reader.rest();
  if (rest[0] !== 0x23 || rest.length < 6) return { code, sqlState: 'HY000', message: rest.toString('utf8') };
  return { code, sqlState: rest.toString('latin1', 1, 6), message: rest.toString('utf8', 6) };
}

export function encodeErrPacket(error: ErrPacket): Buffer {
  return new ByteWriter(64)
    .uint8(0xff)
    .uint16le(error.code)
    .utf8(`#${error.sqlState}`)
    .utf8(error.message.slice(0, MAX_MESSAGE_CHARACTERS))
    .take();
}

/** MYSQL_ERRMSG_SIZE is 512 bytes; clients copy into a buffer of that size. */
const MAX_MESSAGE_CHARACTERS = 480;
