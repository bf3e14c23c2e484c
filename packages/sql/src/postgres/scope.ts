import { combine, derive, type Lineage, type NamedLineage, NOTHING, opaqueLineage } from './lineage.ts';
import { SYSTEM_COLUMNS } from './target.ts';

/**
 * Which columns a reference can mean: the items of the FROM clauses around it, innermost first.
 *
 * Resolution follows the server's (parse_relation.c). A reference that cannot be resolved is never
 * dropped: it becomes every column of everything in sight.
 */
export interface Scope {
  readonly parts: FromPart[];
  readonly parent: Scope | null;
}

/** One comma-separated element of FROM, or one side of a join. */
export interface FromPart {
  /** What can be named `item.column`. */
  readonly items: readonly RangeItem[];
  /** Columns that an unqualified name or `*` sees, in order; null when they are not known. */
  readonly visible: readonly NamedLineage[] | null;
  /** A column by name in those parts whose columns are not known. */
  open(name: string): Lineage;
  /** For `*` when `visible` is null. */
  readonly star: readonly NamedLineage[];
  /** Its rows are few: a bounded subquery, a function, VALUES. */
  readonly bounded: boolean;
}

export interface RangeItem {
  readonly name: string;
  /** Schemas under which the item may be named `schema.item.column`. */
  readonly schemas: readonly string[];
  readonly columns: readonly NamedLineage[] | null;
  open(name: string): Lineage;
  /** The row as one value. */
  readonly row: Lineage;
  /** For `item.*` when `columns` is null. */
  readonly star: readonly NamedLineage[];
  /** True when system columns (`ctid`) may be asked for. */
  readonly stored: boolean;
}

export interface Resolution {
  readonly lineage: Lineage;
  /** The reference is not a column that the catalog knows. */
  readonly unresolved: boolean;
  /** Set for `item.name` where `name` is no column: the server then calls a function of that name on the row. */
  readonly functionOnRow: boolean;
}

export const EMPTY_SCOPE: Scope = { parts: [], parent: null };

/** Resolves `column`, `item.column`, `schema.item.column`; an asterisk is the caller's. */
export function resolveColumn(scope: Scope, parts: readonly string[]): Resolution {
  const column = parts.at(-1) ?? '';
  if (parts.length === 1) return resolveUnqualified(scope, column);
  const item = findItem(scope, parts.slice(0, -1));
  if (item === null) return unresolved(scope);
  const lineage = columnOf(item, column);
  if (lineage !== null) return resolved(lineage);
  return {
    lineage: opaqueLineage('a function is called on the row', item.row.sources),
    unresolved: false,
    functionOnRow: true,
  };
}

/** The item that a qualifier names; the innermost one. */
export function findItem(scope: Scope, qualifier: readonly string[]): RangeItem | null {
  const name = qualifier.at(-1)!;
  const schema = qualifier.at(-2);
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    for (const part of at.parts) {
      for (const item of part.items) {
        if (item.name === name && (schema === undefined || item.schemas.includes(schema))) return item;
      }
    }
  }
  return null;
}

/** The columns that `item.*` stands for. */
export function expandItem(item: RangeItem): readonly NamedLineage[] {
  return item.columns ?? item.star;
}

/** The columns that `*` stands for. */
export function expandAll(scope: Scope): readonly NamedLineage[] {
  return scope.parts.flatMap((part) => part.visible ?? part.star);
}

/** Everything in sight, for what cannot be resolved. */
function everything(scope: Scope): Lineage {
  const rows: Lineage[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    for (const part of at.parts) {
      for (const item of part.items) rows.push(item.row);
      if (part.items.length === 0) for (const { lineage } of part.visible ?? part.star) rows.push(lineage);
    }
  }
  return combine(rows);
}

function resolveUnqualified(scope: Scope, name: string): Resolution {
  const possible: Lineage[] = [];
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = matches(at, name);
    // Exactly one is what the server takes; more would be an error there.
    if (found.length === 1 && possible.length === 0) return resolved(found[0]!);
    if (found.length > 0) return resolved(combine([...possible, ...found]));
    const open = at.parts.filter((part) => part.visible === null).map((part) => part.open(name));
    const system = SYSTEM_COLUMNS.has(name) ? systemColumn(at, name) : [];
    possible.push(...open, ...system);
    // Where some columns are not known, the name may as well belong to a query further out, or be a row.
    if (system.length > 0 && open.length === 0) return resolved(only(possible));
  }
  // A name that is a column nowhere stands for the row of the item that has it.
  const row = findItem(scope, [name])?.row;
  if (row !== undefined) possible.push(row);
  return possible.length > 0 ? resolved(only(possible)) : unresolved(scope);
}

/** One possibility is what it is; several make a computed value. */
function only(possible: readonly Lineage[]): Lineage {
  return possible.length === 1 ? possible[0]! : combine(possible);
}

function matches(scope: Scope, name: string): readonly Lineage[] {
  const found: Lineage[] = [];
  for (const { visible } of scope.parts) {
    for (const column of visible ?? []) if (column.name === name) found.push(column.lineage);
  }
  return found;
}

function systemColumn(scope: Scope, name: string): readonly Lineage[] {
  return scope.parts.flatMap((part) =>
    part.items.filter(({ stored }) => stored).map((item) => item.open(name)),
  );
}

function columnOf(item: RangeItem, name: string): Lineage | null {
  if (item.columns === null) return item.open(name);
  const column = item.columns.find((each) => each.name === name);
  if (column !== undefined) return column.lineage;
  return item.stored && SYSTEM_COLUMNS.has(name) ? item.open(name) : null;
}

function resolved(lineage: Lineage): Resolution {
  return { lineage, unresolved: false, functionOnRow: false };
}

function unresolved(scope: Scope): Resolution {
  const sources = everything(scope).sources;
  return {
    lineage: opaqueLineage('a column is not in the catalog', sources),
    unresolved: true,
    functionOnRow: false,
  };
}

/** The part that one item makes. */
export function partOfItem(item: RangeItem, bounded: boolean): FromPart {
  return {
    items: [item],
    visible: item.columns,
    open: item.open,
    star: item.star,
    bounded,
  };
}

/** The item for rows whose columns are computed: subqueries, CTEs, functions, joins with an alias. */
export function itemOfColumns(
  name: string,
  columns: readonly NamedLineage[] | null,
  all: Lineage,
  aliases: readonly string[] = [],
): RangeItem {
  const renamed =
    columns?.map((column, index) => ({ name: aliases[index] ?? column.name, lineage: column.lineage })) ??
    null;
  const row = derive(all);
  const star = [{ name: '*', lineage: row }];
  return { name, schemas: [], columns: renamed, open: () => row, row, star, stored: false };
}

/** Joins two parts; `using` names the merged columns, which come first. */
export function joinParts(
  left: FromPart,
  right: FromPart,
  using: readonly string[] | 'natural',
): { readonly part: FromPart; readonly merged: readonly NamedLineage[] } {
  const names = using === 'natural' ? commonNames(left, right) : using;
  const merged = (names ?? []).map((name) => ({
    name,
    lineage: combine([visibleColumn(left, name), visibleColumn(right, name)]),
  }));
  const hidden = new Set(names ?? []);
  const rest = (part: FromPart) => part.visible?.filter(({ name }) => !hidden.has(name)) ?? null;
  const [leftRest, rightRest] = [rest(left), rest(right)];
  const known = names !== null && leftRest !== null && rightRest !== null;
  return {
    merged,
    part: {
      items: [...left.items, ...right.items],
      visible: known ? [...merged, ...leftRest, ...rightRest] : null,
      open(name) {
        const seen = [left, right].filter((part) => part.visible?.some((column) => column.name === name));
        return seen.length === 1
          ? visibleColumn(seen[0]!, name)
          : combine([left, right].map((part) => visibleColumn(part, name)));
      },
      star: [...(left.visible ?? left.star), ...(right.visible ?? right.star)],
      bounded: left.bounded && right.bounded,
    },
  };
}

function visibleColumn(part: FromPart, name: string): Lineage {
  if (part.visible === null) return part.open(name);
  const found = part.visible.filter((column) => column.name === name).map(({ lineage }) => lineage);
  if (found.length === 1) return found[0]!;
  return found.length === 0 ? NOTHING : combine(found);
}

/** Null when either side's columns are not known: any column may be joined on. */
function commonNames(left: FromPart, right: FromPart): readonly string[] | null {
  if (left.visible === null || right.visible === null) return null;
  const names = new Set(right.visible.map(({ name }) => name));
  return left.visible.map(({ name }) => name).filter((name) => names.has(name));
}
