import type { Action } from '@gatehouse/model';
import type { Alias, JoinExpr, Node, RangeFunction, RangeVar } from 'libpg-query';
import { assertColumnCount } from './analysis-limit.ts';
import { analyzeAll, analyzeExpression, analyzeParts } from './analyze-expression.ts';
import { analyzeSelect } from './analyze-select.ts';
import { recordOpaque } from './call-function.ts';
import {
  combine,
  derive,
  type Lineage,
  type NamedLineage,
  NOTHING,
  ofColumn,
  opaqueLineage,
} from './lineage.ts';
import { outputName } from './output-name.ts';
import { findCte, type QueryEnvironment } from './query-environment.ts';
import { type FromPart, itemOfColumns, joinParts, partOfItem, type RangeItem, type Scope } from './scope.ts';
import { nameParts } from './syntax-tree.ts';
import type { Target } from './target.ts';

/**
 * The FROM clause: relations, CTEs, subqueries, functions, joins, samples, XMLTABLE and JSON_TABLE.
 *
 * Only LATERAL subqueries and functions see what stands before them; others see what is around the query.
 */
export function analyzeFrom(env: QueryEnvironment, parent: Scope, nodes: readonly Node[]): FromPart[] {
  const parts: FromPart[] = [];
  for (const node of nodes) parts.push(analyzeItem(env, parent, { parts, parent }, node));
  assertColumnCount(parts.reduce((sum, part) => sum + (part.visible?.length ?? 1), 0));
  return parts;
}

/** `around` is what a plain subquery sees, `before` what a lateral one sees. */
function analyzeItem(env: QueryEnvironment, around: Scope, before: Scope, node: Node): FromPart {
  if ('RangeVar' in node) return analyzeRelation(env, node.RangeVar);
  if ('RangeSubselect' in node) {
    const { subquery, lateral, alias } = node.RangeSubselect;
    if (subquery === undefined || !('SelectStmt' in subquery)) return notUnderstood(env);
    const result = analyzeSelect(env, lateral ? before : around, subquery.SelectStmt, 'output');
    return partOfItem(
      itemOfColumns(alias?.aliasname ?? '', result.columns, result.all, aliasNames(alias)),
      result.bounded,
    );
  }
  if ('JoinExpr' in node) return analyzeJoin(env, around, before, node.JoinExpr);
  if ('RangeFunction' in node) return analyzeFunctions(env, before, node.RangeFunction);
  if ('RangeTableSample' in node) {
    const { relation, args, repeatable, method } = node.RangeTableSample;
    analyzeAll(env, before, [...(args ?? []), repeatable], 'filter');
    const name = nameParts(method).at(-1) ?? '';
    if (name !== 'bernoulli' && name !== 'system') recordOpaque(env.state, '', name, NOTHING);
    return relation === undefined ? notUnderstood(env) : analyzeItem(env, around, before, relation);
  }
  if ('RangeTableFunc' in node)
    return analyzeDocument(env, before, node.RangeTableFunc, node.RangeTableFunc.alias);
  if ('JsonTable' in node) return analyzeDocument(env, before, node.JsonTable, node.JsonTable.alias);
  return notUnderstood(env);
}

function notUnderstood(env: QueryEnvironment): FromPart {
  env.state.facts.giveUp('an item of a FROM clause is not understood');
  return partOfItem(
    itemOfColumns('', null, opaqueLineage('an item of a FROM clause is not understood')),
    false,
  );
}

function aliasNames(alias: Alias | undefined): readonly string[] {
  return nameParts(alias?.colnames);
}

/** A relation that is read, or a CTE. */
function analyzeRelation(env: QueryEnvironment, relation: RangeVar): FromPart {
  const name = relation.relname ?? '';
  const cte = relation.schemaname === undefined ? findCte(env.ctes, name) : null;
  if (cte !== null) {
    env.state.accounted.add(relation);
    const result = cte.resolve();
    const item = itemOfColumns(
      relation.alias?.aliasname ?? name,
      result.columns,
      result.all,
      aliasNames(relation.alias),
    );
    return partOfItem(item, result.bounded);
  }
  const targets = resolveRelation(env, relation);
  for (const target of targets) env.state.facts.touch(target, 'read');
  return partOfItem(itemOfRelation(relation, targets, 'read'), false);
}

/** Everything that the name may mean; accounts for it. */
export function resolveRelation({ state }: QueryEnvironment, relation: RangeVar): readonly Target[] {
  state.accounted.add(relation);
  return state.names.relation(relation.catalogname, relation.schemaname, relation.relname ?? '');
}

/** The item by which a query refers to a relation. `action` is what uses of its columns count as. */
export function itemOfRelation(relation: RangeVar, targets: readonly Target[], action: Action): RangeItem {
  const name = relation.alias?.aliasname ?? relation.relname ?? '';
  const schemas =
    relation.alias === undefined
      ? targets.flatMap(({ object }) => (object.known ? [object.value.path[0] ?? ''] : []))
      : [];
  const open = (field: string): Lineage => {
    const unknownTarget = targets.find(({ object }) => !object.known);
    const sources = targets.map((target) => ({ target, action, field }));
    if (unknownTarget !== undefined) return opaqueLineage('a relation is not known', sources);
    return sources.length === 1 ? ofColumn(sources[0]!) : { isValue: false, sources, opaque: null };
  };
  const aliases = aliasNames(relation.alias);
  const only = targets.length === 1 ? targets[0]! : null;
  const columns = only?.relation?.columns.map((column, index) => ({
    name: aliases[index] ?? column.name,
    lineage: ofColumn({ target: only, action, field: column.name }),
  }));
  const whole = open('*');
  return {
    name,
    schemas,
    columns: columns ?? null,
    // With column aliases over unknown columns a name may mean any of them.
    open: aliases.includes(name) || aliases.length === 0 ? open : () => derive(whole),
    row: derive(whole),
    star: [{ name: '*', lineage: whole }],
    stored: true,
  };
}

function analyzeJoin(env: QueryEnvironment, around: Scope, before: Scope, join: JoinExpr): FromPart {
  if (join.larg === undefined || join.rarg === undefined) return notUnderstood(env);
  const left = analyzeItem(env, around, before, join.larg);
  const right = analyzeItem(
    env,
    around,
    { parts: [...before.parts, left], parent: before.parent },
    join.rarg,
  );
  const using = join.isNatural ? 'natural' : nameParts(join.usingClause);
  const { part, merged } = joinParts(left, right, using);
  assertColumnCount(part.visible?.length ?? 1);
  const { facts } = env.state;
  for (const { lineage } of merged) facts.useAll(lineage, 'join');
  if (join.isNatural && part.visible === null) for (const item of part.items) facts.useAll(item.row, 'join');
  analyzeExpression(env, { parts: [left, right], parent: around }, join.quals, 'join');
  if (join.alias !== undefined) {
    const all = combine(part.items.map(({ row }) => row));
    const item = itemOfColumns(join.alias.aliasname ?? '', part.visible, all, aliasNames(join.alias));
    return partOfItem(item, part.bounded);
  }
  if (join.join_using_alias === undefined) return part;
  const shared = itemOfColumns(
    join.join_using_alias.aliasname ?? '',
    merged,
    combine(merged.map(({ lineage }) => lineage)),
  );
  return { ...part, items: [...part.items, shared] };
}

/** Functions in FROM, ROWS FROM included. What they return is computed from their arguments, or unknown. */
function analyzeFunctions(env: QueryEnvironment, scope: Scope, range: RangeFunction): FromPart {
  const results: Lineage[] = [];
  const columns: NamedLineage[] = [];
  let named = true;
  let firstName = '';
  for (const node of range.functions ?? []) {
    const [call, definition] = 'List' in node ? (node.List.items ?? []) : [];
    if (call === undefined) continue;
    const lineage = derive(analyzeExpression(env, scope, call, 'output'));
    env.state.facts.probe(lineage);
    results.push(lineage);
    const name = outputName(call);
    if (firstName === '') firstName = name;
    const defined = columnNames(
      definition !== undefined && 'List' in definition ? definition.List.items : undefined,
    );
    if (defined.length > 0) columns.push(...defined.map((each) => ({ name: each, lineage })));
    else if (SCALAR_SETS.has(name)) columns.push({ name, lineage });
    else named = false;
  }
  const all = combine(results);
  const alias = range.alias?.aliasname ?? firstName;
  const defined = columnNames(range.coldeflist);
  const aliases = aliasNames(range.alias);
  const known = defined.length > 0 ? defined.map((name) => ({ name, lineage: all })) : named ? columns : null;
  if (known !== null && range.ordinality) known.push({ name: 'ordinality', lineage: NOTHING });
  // One unnamed column takes the alias of the table.
  if (
    known !== null &&
    known.length === 1 &&
    defined.length === 0 &&
    range.alias !== undefined &&
    aliases.length === 0
  ) {
    known[0] = { name: alias, lineage: all };
  }
  return partOfItem(itemOfColumns(alias, known, all, aliases), true);
}

/** Built-in functions that return one column of the function's name. */
const SCALAR_SETS: ReadonlySet<string> = new Set(
  'generate_series generate_subscripts json_array_elements_text json_object_keys jsonb_object_keys regexp_split_to_table string_to_table regexp_matches jsonb_path_query now current_date'.split(
    ' ',
  ),
);

function columnNames(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).flatMap((node) => ('ColumnDef' in node ? [node.ColumnDef.colname ?? ''] : []));
}

/** XMLTABLE and JSON_TABLE: every column may hold anything of the document. */
function analyzeDocument(
  env: QueryEnvironment,
  scope: Scope,
  node: object,
  alias: Alias | undefined,
): FromPart {
  const all = derive(analyzeParts(env, scope, { ...node, alias: undefined }, 'output'));
  env.state.facts.probe(all);
  return partOfItem(itemOfColumns(alias?.aliasname ?? '', null, all), true);
}
