/**
 * Which columns each column of a view can hold, read from the view's own definition.
 *
 * The server tells which columns a view uses, not which of its columns holds which (pg_depend); so its definition
 * is analyzed as if it were a query, when the view is first named. Views over views follow by themselves.
 *
 * SECURITY: two witnesses. What the analysis finds counts only when it understood the whole definition and names every
 * relation that the server says is behind the view; otherwise the caller takes every column for any of them.
 */
import type { ObjectRef, OutputKind } from '@gatehouse/model';
import type { Node, SelectStmt } from 'libpg-query';
import { AnalysisLimit } from './analysis-limit.ts';
import { createAnalysisState } from './analysis-state.ts';
import { analyzeSelect } from './analyze-select.ts';
import type { CatalogRelation, PostgresCatalog } from './catalog.ts';
import { createFactCollector, outputColumn } from './fact-collector.ts';
import { type InlineParser, MAX_INLINE_BYTES, refuseText } from './parse-text.ts';
import { createPostgresContext } from './postgres-context.ts';
import { createNameResolver } from './resolve-names.ts';
import { EMPTY_SCOPE } from './scope.ts';
import { takeInventory } from './syntax-tree.ts';

export interface ViewColumn {
  readonly kind: OutputKind;
  readonly sources: readonly { readonly object: ObjectRef; readonly field: string }[];
}

export interface ViewReader {
  /** By name, every column of the view; null when its definition was not understood to the end. */
  columns(view: CatalogRelation): ReadonlyMap<string, ViewColumn> | null;
}

/** For where no parser is at hand: every column of a view may be any that it selects. */
export const NO_VIEWS: ViewReader = { columns: () => null };

/** Creates a reader for the relations of one catalog. Answers are kept as long as the relation is. */
export function createViewReader(catalog: PostgresCatalog, parser: InlineParser): ViewReader {
  const answers = new WeakMap<CatalogRelation, ReadonlyMap<string, ViewColumn> | null>();
  const reader: ViewReader = {
    columns(view) {
      const found = answers.get(view);
      if (found !== undefined) return found;
      // A view that stands behind itself would be read for ever; the server refuses such views.
      answers.set(view, null);
      answers.set(
        view,
        understood(() => readView(view, catalog, parser, reader)),
      );
      return answers.get(view) ?? null;
    },
  };
  return reader;
}

/** A definition that is too much for the analysis is one that was not understood. */
function understood<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof AnalysisLimit || error instanceof RangeError) return null;
    throw error;
  }
}

function readView(
  view: CatalogRelation,
  catalog: PostgresCatalog,
  parser: InlineParser,
  reader: ViewReader,
): ReadonlyMap<string, ViewColumn> | null {
  const select = view.definition === null ? null : parseDefinition(view.definition, parser);
  if (select === null) return null;
  const context = createPostgresContext(catalog, { database: '', user: catalog.user });
  const names = createNameResolver(context);
  const facts = createFactCollector(reader);
  const state = createAnalysisState(context, names, facts, reader);
  const result = analyzeSelect({ state, ctes: null, windows: null }, EMPTY_SCOPE, select, 'output');
  const accesses = facts.accesses();
  const inventory = takeInventory({ SelectStmt: select });
  const isUnderstood = [inventory.relations, inventory.calls, inventory.columns, inventory.selects]
    .flat()
    .every((object) => state.accounted.has(object));
  if (!accesses.known || !isUnderstood || names.missing.size > 0) return null;
  const read = new Set(accesses.value.flatMap(({ object }) => (object.known ? [keyOf(object.value)] : [])));
  for (const { relation } of view.behind)
    if (!read.has(keyOf({ kind: 'relation', path: [relation.schema, relation.name] }))) return null;
  if (result.columns === null || result.columns.length !== view.columns.length) return null;
  const columns = new Map<string, ViewColumn>();
  for (const [index, column] of result.columns.entries()) {
    const { kind, sources } = outputColumn(column, reader, 'with relatives');
    if (!sources.known) return null;
    columns.set(view.columns[index]!.name, { kind, sources: sources.value });
  }
  return columns;
}

function parseDefinition(text: string, parser: InlineParser): SelectStmt | null {
  const byteLength = Buffer.byteLength(text, 'utf8');
  if (byteLength > MAX_INLINE_BYTES || refuseText(text, byteLength, MAX_INLINE_BYTES) !== null) return null;
  const parsed = parser.parse(text);
  if (parsed?.kind !== 'parsed' || parsed.statements.length !== 1) return null;
  const node: Node | undefined = parsed.statements[0]!.tree.stmt;
  return node !== undefined && 'SelectStmt' in node ? node.SelectStmt : null;
}

function keyOf({ path }: ObjectRef): string {
  return JSON.stringify(path);
}
