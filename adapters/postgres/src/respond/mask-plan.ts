import type { Masker } from '@gatehouse/masking';
import type { FieldMask, FieldSource, MaskerSpec, OutputColumn, Statement } from '@gatehouse/model';
import type { CatalogOrigin, PostgresCatalog } from '@gatehouse/sql';
import type { ColumnDescription } from '../messages/row-description.ts';
import { columnMasking } from './column-masking.ts';
import { maskJson } from './json-masking.ts';
import type { MaskPlan } from './mask-fields.ts';
import { type ColumnMasking, HIDDEN } from './masked-value.ts';

export interface PlanInput {
  readonly columns: readonly ColumnDescription[];
  readonly masks: readonly FieldMask[];
  readonly statement: Statement;
  readonly catalog: PostgresCatalog | null;
  maskerOf(spec: MaskerSpec): Masker;
}

/**
 * The plan for a result, or null when the origin of one column cannot be established: then no row may leave.
 *
 * Two witnesses say where a column comes from: the server, by the table and attribute that it reports for plain
 * columns of relations, and the analysis of the text. Where both speak, what either knows is masked. An
 * unchanged value gets the mask of its column, a computed one is NULL: any other mask of it could be undone by
 * computing differently.
 */
export function createMaskPlan(input: PlanInput): MaskPlan | null {
  const { output } = input.statement;
  const told = output.known && output.value.length === input.columns.length ? output.value : null;
  const plan: (ColumnMasking | null)[] = [];
  for (const [index, column] of input.columns.entries()) {
    const masking =
      column.tableOid === 0 || column.attnum === WHOLE_ROW
        ? toldColumn(column, told?.[index] ?? null, input)
        : originColumn(column, told?.[index] ?? null, input);
    if (masking === 'unknown') return null;
    plan.push(masking);
  }
  return plan;
}

/** A column for which the server reports no origin, or a whole row: what the analysis says of it holds alone. */
function toldColumn(
  column: ColumnDescription,
  told: OutputColumn | null,
  { masks, maskerOf }: PlanInput,
): ColumnMasking | null | 'unknown' {
  if (told?.sources.known !== true) return 'unknown';
  const found = masksOn(told.sources.value, masks);
  if (found.length === 0) return null;
  return told.kind === 'value' ? maskingOf(column, found, maskerOf) : HIDDEN;
}

function originColumn(
  column: ColumnDescription,
  told: OutputColumn | null,
  { catalog, masks, maskerOf }: PlanInput,
): ColumnMasking | null | 'unknown' {
  const { tableOid, attnum } = column;
  const origin = catalog?.columnOrigin(tableOid, attnum) ?? null;
  if (catalog === null || origin === null) {
    // System columns (`ctid`, `xmin`) hold no value of the row.
    return attnum < 0 && catalog?.relationByOid(tableOid) !== undefined ? null : 'unknown';
  }
  const aliases = isTold(origin, told, catalog) ? [] : catalog.originAliases(tableOid, attnum);
  const reported = masksOn([origin, ...aliases], masks);
  const known = told?.sources.known === true ? masksOn(told.sources.value, masks) : [];
  if (known.length > 0 && told?.kind !== 'value') return HIDDEN;
  const found = [...reported, ...known];
  return found.length === 0 ? null : maskingOf(column, found, maskerOf);
}

/**
 * Whether the analysis names the very column of a view that the server reports: then it knows which columns stand behind
 * it, where the catalog knows only all that the view uses. Of tables the catalog knows no less.
 */
function isTold(origin: CatalogOrigin, told: OutputColumn | null, catalog: PostgresCatalog): boolean {
  const [schema, name] = origin.object.path;
  const kind = catalog.relation(schema, name)?.kind;
  return (
    (kind === 'v' || kind === 'm') &&
    told?.sources.known === true &&
    told.sources.value.some(
      ({ object, field }) => field === origin.field && object.path[0] === schema && object.path[1] === name,
    )
  );
}

/** A mask that holds for a column. */
interface FoundMask {
  readonly masker: MaskerSpec;
  /** The names of the part of the column that it masks; none for the whole of it. */
  readonly path: readonly string[];
}

/** The masks of the fields themselves or of anything that they stand for. */
function masksOn(sources: readonly FieldSource[], masks: readonly FieldMask[]): readonly FoundMask[] {
  return masks.flatMap(({ object, field, masker }): readonly FoundMask[] => {
    const names = sources
      .filter((source) => isSame(object.path, source.object.path))
      .map((source) => source.field);
    if (names.some((name) => isWhole(field, name))) return [{ masker, path: [] }];
    const parts = names.filter((name) => leadsInto(field, name));
    return parts.map((name) => ({ masker, path: field.slice(name.length + 1).split('.') }));
  });
}

/**
 * Where masks disagree nobody can say which value it is, and nothing of it leaves; nor where a part is masked of what
 * is no JSON.
 */
function maskingOf(
  column: ColumnDescription,
  found: readonly FoundMask[],
  maskerOf: PlanInput['maskerOf'],
): ColumnMasking {
  if (found.every(({ path }) => path.length > 0)) {
    const masks = found.map(({ path, masker }) => ({ path, masker: maskerOf(masker) }));
    if (column.typeOid === JSON_OID) return { kind: 'computed', write: maskJson(masks, false) };
    if (column.typeOid !== JSONB_OID) return HIDDEN;
    return { kind: 'computed', write: maskJson(masks, column.format === 1) };
  }
  const [first, ...others] = found;
  const text = JSON.stringify(first);
  return others.every((each) => JSON.stringify(each) === text)
    ? columnMasking(column, maskerOf(first!.masker))
    : HIDDEN;
}

/** Case is ignored, as rules ignore it in names. */
function isWhole(field: string, name: string): boolean {
  return field === '*' || name === '*' || field.toLowerCase() === name.toLowerCase();
}

/** SECURITY: a path into a column masks that part of it (mask-paths.test.ts). */
function leadsInto(field: string, name: string): boolean {
  return field.toLowerCase().startsWith(`${name.toLowerCase()}.`);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((part, i) => part === b[i]);
}

/** `select c from customers c`: the server names the table, and no column of it. */
const WHOLE_ROW = 0;

const JSON_OID = 114;
const JSONB_OID = 3802;
