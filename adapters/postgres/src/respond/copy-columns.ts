/**
 * The columns of a COPY to the client as a result would describe them.
 *
 * CopyOutResponse tells a number of columns and nothing else, so the type of an unchanged column is that of the columns
 * behind it, by the catalog. A type that is not certain is 0, of which no masked value but NULL can be made.
 */
import type { OutputColumn, Statement } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import { type Frame, WireError } from '@gatehouse/wire';
import { bodyOf } from '../messages/message-body.ts';
import type { ColumnDescription } from '../messages/row-description.ts';

/** One description for each column that the server announces; null where the analysis knows of another number. */
export function copyColumns(
  frame: Frame,
  { output }: Statement,
  catalog: PostgresCatalog | null,
): readonly ColumnDescription[] | null {
  const body = bodyOf(frame);
  const format = body.uint8();
  const formats = Array.from({ length: body.uint16be() }, () => body.int16be());
  body.end();
  if (formats.some((each) => each !== format)) throw new WireError('malformed', 'formats of a COPY');
  if (!output.known || output.value.length !== formats.length) return null;
  return output.value.map((column) => ({
    ...{ name: column.name, tableOid: 0, attnum: 0, typeModifier: -1, format },
    typeOid: typeOf(column, catalog),
  }));
}

function typeOf({ kind, sources }: OutputColumn, catalog: PostgresCatalog | null): number {
  if (kind !== 'value' || !sources.known || catalog === null) return 0;
  const types = new Set(
    sources.value.map(({ object, field }) => {
      const [schema = '', name = ''] = object.path;
      return catalog.relation(schema, name)?.columns.find((column) => column.name === field)?.type ?? '';
    }),
  );
  const [type = ''] = types;
  return types.size === 1 ? (TYPE_OIDS.get(type) ?? 0) : 0;
}

/** By the names of `format_type` (src/include/catalog/pg_type.dat). */
const TYPE_OIDS: ReadonlyMap<string, number> = new Map([
  ['boolean', 16],
  ['bytea', 17],
  ['name', 19],
  ['bigint', 20],
  ['smallint', 21],
  ['integer', 23],
  ['text', 25],
  ['json', 114],
  ['real', 700],
  ['double precision', 701],
  ['character', 1042],
  ['character varying', 1043],
  ['date', 1082],
  ['time without time zone', 1083],
  ['timestamp without time zone', 1114],
  ['timestamp with time zone', 1184],
  ['numeric', 1700],
  ['uuid', 2950],
  ['jsonb', 3802],
]);
