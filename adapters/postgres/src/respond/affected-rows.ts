import { GatewayError } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import { changesNoRows, isCountedWrite } from '../classify/counted-write.ts';
import type { RunStatement } from '../classify/prepared.ts';
import { affectedRowsOf } from '../messages/command-complete.ts';
import { BACKEND } from '../messages/message-type.ts';
import type { ExpectedReply } from './expected-reply.ts';
import type { RowMeasure } from './row-measure.ts';

/** Counts what a statement has changed by its end. Over the limit, or not told: it is cut, and taken back. */
export function countWritten(
  frame: Frame,
  expected: ExpectedReply,
  statement: RunStatement | undefined,
): void {
  const { running } = expected;
  if (running === null) return;
  const count = frame.type === BACKEND.commandComplete ? affectedRowsOf(frame) : null;
  running.affectedRows += count ?? 0;
  const limit = running.obligations.limits.affectedRows;
  if (limit === undefined || statement === undefined || changesNoRows(statement)) return;
  if (expected.guard?.measure != null) return;
  if (count === null || !isCountedWrite(statement)) expected.cut ??= UNCOUNTED;
  else if (running.affectedRows > limit) expected.cut ??= tooMany(limit);
}

/** Holds what was measured against the limit. */
export function judgeMeasured(own: ExpectedReply, measure: RowMeasure | null): void {
  const { running } = own;
  const limit = running?.obligations.limits.affectedRows;
  if (measure === null || running === null || limit === undefined) return;
  const changed = measure.changed();
  if (changed === null) own.cut ??= UNCOUNTED;
  else if (changed > limit) own.cut ??= tooMany(limit);
  running.affectedRows = changed ?? running.affectedRows;
}

function tooMany(limit: number): GatewayError {
  return new GatewayError(
    'limit',
    'affected-rows-limit',
    `more than ${limit} rows would change, the limit for you here; nothing was changed`,
  );
}

const UNCOUNTED = new GatewayError(
  'unsupported',
  'affected-rows-uncounted',
  'you may change a limited number of rows at once, and the database did not tell how many; nothing was changed',
);
