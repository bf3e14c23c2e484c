import type { Frame } from '@gatehouse/wire';
import { bodyOf } from './message-body.ts';

/** Rows that a command tag says were written: `INSERT 0 5`, `UPDATE 3`, `COPY 7`; 0 for everything else. */
export function affectedRowsOf(frame: Frame): number {
  const tag = bodyOf(frame).cstring();
  const match = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) (\d+)$/.exec(tag);
  return match === null ? 0 : Number(match[1]);
}
