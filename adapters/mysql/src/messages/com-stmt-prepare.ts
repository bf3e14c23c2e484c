/**
 * COM_STMT_PREPARE and the head of its answer.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 */
import { ByteReader } from '@gatehouse/wire';

export interface ComStmtPrepareOk {
  readonly statementId: number;
  readonly columns: number;
  readonly parameters: number;
}

export function decodeComStmtPrepareOk(payload: Buffer): ComStmtPrepareOk {
  const reader = new ByteReader(payload, 1);
  const statementId = reader.uint32le();
  const columns = reader.uint16le();
  return { statementId, columns, parameters: reader.uint16le() };
}
