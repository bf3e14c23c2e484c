import type { Frame } from '@gatehouse/wire';
import { bodyOf } from './message-body.ts';

/** Rows that a command tag says were written: `INSERT 0 5`, `UPDATE 3`, `COPY 7`; null for every other tag. */
export function affectedRowsOf(frame: Frame): number | null {
  const tag = bodyOf(frame).cstring();
  const match = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag);
  return match === null ? null : Number(match[1]);
}
