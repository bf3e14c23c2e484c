import type { Frame } from '@gatehouse/wire';
import { bodyOf } from './message-body.ts';

/** One column of RowDescription. `tableOid` and `attnum` are 0 when it is not a plain column of a table. */
export interface ColumnDescription {
  readonly name: string;
  readonly tableOid: number;
  readonly attnum: number;
  readonly typeOid: number;
  readonly typeModifier: number;
  readonly format: number;
}

export function decodeRowDescription(frame: Frame): readonly ColumnDescription[] {
  const body = bodyOf(frame);
  const columns: ColumnDescription[] = [];
  for (let rest = body.uint16be(); rest > 0; rest -= 1) {
    const name = body.cstring();
    const tableOid = body.uint32be();
    const attnum = body.int16be();
    const typeOid = body.uint32be();
    body.skip(2);
    const typeModifier = body.int32be();
    columns.push({ name, tableOid, attnum, typeOid, typeModifier, format: body.int16be() });
  }
  body.end();
  return columns;
}
