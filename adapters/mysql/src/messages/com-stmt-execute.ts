/**
 * COM_STMT_EXECUTE: runs a prepared statement with parameters.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 *
 * Types may be left out when the statement has run before; they are kept by the statement table.
 */
import type { RecordedParameter } from '@gatehouse/model';
import { ByteReader, WireError } from '@gatehouse/wire';
import { readLenencInt } from '../codec/lenenc.ts';
import { type ParameterType, readParameterBlock, readParameterTypes } from './binary-parameters.ts';

/** Command byte, id, flags and iteration count. */
const EXECUTE_HEAD_BYTES = 10;

const CURSOR_FLAGS = 0x07;
const PARAMETER_COUNT_AVAILABLE = 0x08;

export interface ComStmtExecuteHead {
  readonly statementId: number;
  readonly flags: number;
  readonly wantsCursor: boolean;
}

/** Reads what stands before the parameters; enough of a large packet to decide on it. */
export function decodeComStmtExecuteHead(payload: Buffer): ComStmtExecuteHead {
  const reader = new ByteReader(payload, 1);
  const statementId = reader.uint32le();
  const flags = reader.uint8();
  reader.uint32le();
  return { statementId, flags, wantsCursor: (flags & CURSOR_FLAGS) !== 0 };
}

export interface ParameterContext {
  /** Number of placeholders. */
  readonly expected: number;
  readonly queryAttributes: boolean;
  /** Types that the client gave earlier. */
  readonly known: readonly ParameterType[] | null;
  /** Bytes that came for this parameter as long data, or null. */
  longData(index: number): number | null;
}

/** The types in a whole packet; null where it has none. */
export function decodeParameterTypes(
  payload: Buffer,
  context: ParameterContext,
): readonly ParameterType[] | null {
  const reader = new ByteReader(payload, EXECUTE_HEAD_BYTES);
  const count = parameterCount(reader, payload, context);
  return count === 0 ? null : readParameterTypes(reader, count, context.queryAttributes);
}

/** The values in a whole packet, for the audit; query attributes stand behind the statement's own. */
export function decodeParameters(payload: Buffer, context: ParameterContext): readonly RecordedParameter[] {
  const reader = new ByteReader(payload, EXECUTE_HEAD_BYTES);
  const count = parameterCount(reader, payload, context);
  if (count === 0) return [];
  return readParameterBlock(reader, count, context.queryAttributes, context.known, context.longData);
}

function parameterCount(reader: ByteReader, payload: Buffer, context: ParameterContext): number {
  const { flags } = decodeComStmtExecuteHead(payload);
  const counted = context.queryAttributes && (flags & PARAMETER_COUNT_AVAILABLE) !== 0;
  if (!counted) return context.expected;
  const count = readLenencInt(reader);
  if (count < context.expected || count > MAX_PARAMETERS) throw new WireError('malformed', 'parameter count');
  return count;
}

const MAX_PARAMETERS = 0x1ffff;
