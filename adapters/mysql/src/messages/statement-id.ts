/**
 * The statement id that COM_STMT_SEND_LONG_DATA, _FETCH, _RESET and _CLOSE begin with.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_fetch.html
 */
import { ByteReader, ByteWriter } from '@gatehouse/wire';

import { COMMAND } from './command.ts';

/** MariaDB: the statement that was prepared last, also before its id is known. */
export const LAST_STATEMENT_ID = 0xffff_ffff;

export function decodeStatementId(payload: Buffer): number {
  return new ByteReader(payload, 1).uint32le();
}

/** Of COM_STMT_SEND_LONG_DATA. */
export function decodeLongDataParameter(payload: Buffer): number {
  return new ByteReader(payload, 5).uint16le();
}

/** COM_STMT_RESET, said by the gateway. */
export function encodeComStmtReset(id: number): Buffer {
  return new ByteWriter(5).uint8(COMMAND.stmtReset).uint32le(id).take();
}
