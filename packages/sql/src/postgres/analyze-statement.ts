import {
  type Access,
  type Action,
  type Known,
  known,
  type OutputColumn,
  type Statement,
  unknown,
} from '@gatehouse/model';
import type { Node, SelectStmt, TypeName } from 'libpg-query';
import type { AnalyzedStatement, SessionEffect } from '../analysis.ts';
import { AnalysisLimit } from './analysis-limit.ts';
import { type AnalysisState, createAnalysisState } from './analysis-state.ts';
import { analyzeDefinition } from './analyze-definition.ts';
import { analyzeSelect, consume } from './analyze-select.ts';
import { analyzeCopy, analyzeSession, explainRuns } from './analyze-session.ts';
import { analyzeWrite } from './analyze-write.ts';
import { recordRoutine, SERVER, SESSION } from './call-function.ts';
import { recordCreation } from './define-objects.ts';
import { createFactCollector, outputColumn } from './fact-collector.ts';
import { fingerprintTree } from './fingerprint-tree.ts';
import { NOTHING } from './lineage.ts';
import type { PostgresContext } from './postgres-context.ts';
import type { QueryEnvironment, QueryResult } from './query-environment.ts';
import { createNameResolver, type NameResolver } from './resolve-names.ts';
import { EMPTY_SCOPE } from './scope.ts';
import { parseSearchPath } from './search-path.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { literalText, nameParts, nodeKind, takeInventory } from './syntax-tree.ts';
import { isSystemSchema } from './system-relation.ts';
import type { ViewReader } from './view-reader.ts';

/** Where a statement stands in its text. */
export interface StatementPlace {
  readonly start: number;
  readonly end: number;
}

export interface StatementAnalysis {
  readonly statement: AnalyzedStatement;
  readonly missing: ReadonlySet<string>;
}

/** Deeper trees are refused before anything recurses into them. */
const MAX_DEPTH = 20_000;

/**
 * Says what one statement would do. Never throws for what a client can send, except AnalysisLimit.
 *
 * At the end everything in the tree that names a relation, calls a function, refers to a column or is a
 * query must have been understood by somebody; otherwise the accesses are unknown.
 */
export function analyzeStatement(
  node: Node,
  place: StatementPlace,
  context: PostgresContext,
  views: ViewReader,
): StatementAnalysis {
  const names = createNameResolver(context);
  return { statement: analyzeWith(node, place, { context, names, views }), missing: names.missing };
}

/** What the names of a statement mean. */
interface Meaning {
  readonly context: PostgresContext;
  readonly names: NameResolver;
  readonly views: ViewReader;
}

function analyzeWith(
  node: Node,
  place: StatementPlace,
  { context, names, views }: Meaning,
): AnalyzedStatement {
  const inventory = takeInventory(node);
  if (inventory.depth > MAX_DEPTH) throw new AnalysisLimit('too deep');
  const state = createAnalysisState(context, names, createFactCollector(views), views);
  const env: QueryEnvironment = { state, ctes: null, windows: null };
  const form = dispatch(env, node, place);
  for (const type of inventory.types) recordTypeRoutines(state, type);
  const forgotten = [inventory.relations, inventory.calls, inventory.columns, inventory.selects]
    .flat()
    .some((object) => !state.accounted.has(object));
  // SECURITY: the net under everything above; analyze-statement.test.ts pulls at it.
  if (forgotten) state.facts.giveUp('a part of the statement is not understood');
  if (state.facts.callsThroughViews) state.noteUnseenSettings();
  const facts = createFacts(state, form, fingerprintTree(node));
  return {
    facts,
    start: place.start,
    end: place.end,
    effects: state.effects,
    parameters: inventory.parameters,
    returns: facts.accesses.known ? form.returns : 'unknown',
    ...(facts.accesses.known && form.copy !== undefined ? { copy: form.copy } : {}),
    ...(state.writesInside ? { writesInside: true } : {}),
  };
}

/** A value of a type may be made by routines: those of its casts, and of the checks of a domain. */
function recordTypeRoutines(state: AnalysisState, type: object): void {
  const name = nameParts((type as TypeName).names).at(-1) ?? '';
  for (const routine of state.context.catalog?.castFunctions(name) ?? [])
    recordRoutine(state, routine, NOTHING);
}

function createFacts(state: AnalysisState, form: StatementForm, fingerprint: string): Statement {
  const accesses = withServerChanges(state.facts.accesses());
  return {
    verb: form.verb,
    accesses,
    bounded: known(form.bounded && state.writesAreBounded),
    limit: form.limit,
    functions: known(state.facts.functions()),
    // What is not understood may give back anything.
    output: accesses.known ? form.output : accesses,
    probes: accesses.known ? state.facts.probes() : accesses,
    ...storedOf(state),
    irreversible: state.irreversible,
    fingerprint,
  };
}

/**
 * SECURITY: who writes to the server's own tables makes roles, functions and settings without any statement that says
 * so; a row in `pg_db_role_setting` decides what every later session runs as.
 */
function withServerChanges(accesses: Known<readonly Access[]>): Known<readonly Access[]> {
  const isChange = ({ action, object }: Access): boolean =>
    WRITES.has(action) &&
    object.known &&
    object.value.kind === 'relation' &&
    isSystemSchema(object.value.path[0] ?? '');
  if (!accesses.known || !accesses.value.some(isChange)) return accesses;
  return known([...accesses.value, { action: 'configure', object: known(SERVER), fields: known([]) }]);
}

const WRITES: ReadonlySet<Action> = new Set(['insert', 'update', 'delete']);

function storedOf({ facts }: AnalysisState): Pick<Statement, 'stored'> {
  const stored = facts.stored();
  return stored === undefined ? {} : { stored };
}

function dispatch(env: QueryEnvironment, node: Node, place: StatementPlace): StatementForm {
  return (
    analyzeData(env, node) ??
    analyzeSession(env, node) ??
    analyzeNested(env, node, place) ??
    analyzeDefinition(env, node) ??
    notUnderstood(env)
  );
}

function notUnderstood(env: QueryEnvironment): StatementForm {
  env.state.facts.giveUp('a statement of this kind is not understood');
  return {
    ...quietForm('unknown', false),
    output: unknown('the statement is not understood'),
    returns: 'unknown',
  };
}

/** SELECT and the writes. */
function analyzeData(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('SelectStmt' in node) return analyzeQueryStatement(env, node.SelectStmt);
  const verb = writeVerb(node);
  if (verb === null) return null;
  const result = analyzeWrite(env, EMPTY_SCOPE, node);
  const returns = result.output.length > 0 ? 'rows' : 'none';
  consume(env, result, 'output');
  return { verb, output: outputOf(env, result), bounded: result.bounded, limit: known(null), returns };
}

function writeVerb(node: Node): string | null {
  if ('InsertStmt' in node) return 'insert';
  if ('UpdateStmt' in node) return 'update';
  if ('DeleteStmt' in node) return 'delete';
  return 'MergeStmt' in node ? 'merge' : null;
}

function analyzeQueryStatement(env: QueryEnvironment, select: SelectStmt): StatementForm {
  env.state.callsAreCertain = isPlainCall(select);
  const into = intoClause(select);
  const result = analyzeSelect(env, EMPTY_SCOPE, select, 'output');
  consume(env, result, 'output');
  if (into !== undefined) {
    env.state.effects.push({ kind: 'schema-change', temporary: recordCreation(env, into) });
    return { ...quietForm('select into', result.bounded), limit: limitOf(select) };
  }
  return {
    verb: select.valuesLists === undefined ? 'select' : 'values',
    output: outputOf(env, result),
    bounded: result.bounded,
    limit: limitOf(select),
    returns: 'rows',
  };
}

/** `select f('a', 'b')` and nothing else: the call runs exactly once. */
function isPlainCall(select: SelectStmt): boolean {
  const [target, ...others] = select.targetList ?? [];
  if (target === undefined || others.length > 0 || !('ResTarget' in target)) return false;
  const value = target.ResTarget.val;
  if (value === undefined || !('FuncCall' in value)) return false;
  const isAlone = Object.keys(select).every((key) => ['targetList', 'limitOption', 'op'].includes(key));
  return isAlone && (value.FuncCall.args ?? []).every((argument) => literalText(argument) !== undefined);
}

/** SELECT INTO stands in the leftmost arm of a set operation. */
function intoClause(select: SelectStmt) {
  let at = select;
  while (at.larg !== undefined) at = at.larg;
  return at.intoClause?.rel;
}

function outputOf({ state }: QueryEnvironment, { output }: QueryResult): Known<readonly OutputColumn[]> {
  return known(output.map((column) => outputColumn(column, state.views)));
}

function limitOf({ limitCount, limitOption }: SelectStmt): Known<number | null> {
  if (limitCount === undefined) return known(null);
  if (limitOption === 'LIMIT_OPTION_WITH_TIES') return unknown('ties are added to the limit');
  const text = literalText(limitCount);
  if (text === null) return known(null);
  const limit = text === undefined ? Number.NaN : Number(text);
  return Number.isSafeInteger(limit) && limit >= 0 ? known(limit) : unknown('the limit is computed');
}

/** Statements that hold other statements. */
function analyzeNested(env: QueryEnvironment, node: Node, place: StatementPlace): StatementForm | null {
  const { state } = env;
  if ('CreateTableAsStmt' in node) {
    const { query, into, objtype } = node.CreateTableAsStmt;
    const temporary = recordCreation(env, into?.rel);
    const inner = query === undefined ? notUnderstood(env) : dispatch(env, query, place);
    state.effects.push({ kind: 'schema-change', temporary });
    return quietForm(
      objtype === 'OBJECT_MATVIEW' ? 'create materialized view' : 'create table',
      inner.bounded,
    );
  }
  if ('ExplainStmt' in node) {
    const { query, options } = node.ExplainStmt;
    if (query === undefined) return null;
    const runs = explainRuns(options);
    const inner = dispatch(env, query, place);
    // Without ANALYZE nothing runs, so what would change, in the session or in objects, does not.
    if (!runs) {
      state.effects.splice(
        0,
        state.effects.length,
        ...state.effects.filter(({ kind }) => kind === 'execute' || kind === 'set'),
      );
      state.facts.describeWrites();
      state.writesAreBounded = true;
    }
    return {
      verb: runs ? 'explain analyze' : 'explain',
      output: runs || !PLANNED.has(nodeKind(query)) ? unknown('a plan may show values') : planOutput(env),
      bounded: inner.bounded || !runs,
      limit: known(null),
      returns: 'rows',
    };
  }
  if ('PrepareStmt' in node) {
    const { name, query } = node.PrepareStmt;
    if (query === undefined) return null;
    state.facts.addObject('transact', SESSION);
    state.effects.push({ kind: 'prepare', name: name ?? '', statement: analyzeInner(env, query, place) });
    return quietForm('prepare');
  }
  if ('DeclareCursorStmt' in node) {
    const { portalname, query, options } = node.DeclareCursorStmt;
    if (query === undefined) return null;
    const statement = analyzeInner(env, query, place);
    adoptAccesses(state, statement.facts.accesses);
    for (const name of statement.facts.functions.known ? statement.facts.functions.value : [])
      state.facts.addFunction(name);
    state.effects.push({
      kind: 'declare-cursor',
      name: portalname ?? '',
      hold: ((options ?? 0) & CURSOR_OPT_HOLD) !== 0,
      statement,
    });
    // The columns are those that FETCH will give back: what cannot be masked is better refused now.
    const bounded = statement.facts.bounded.known && statement.facts.bounded.value;
    return { ...quietForm('declare', bounded), output: statement.facts.output, limit: statement.facts.limit };
  }
  if ('CopyStmt' in node) {
    return analyzeCopy(env, node.CopyStmt, (query) =>
      'SelectStmt' in query
        ? analyzeSelect(env, EMPTY_SCOPE, query.SelectStmt, 'output')
        : analyzeWrite(env, EMPTY_SCOPE, query),
    );
  }
  return null;
}

const PLANNED: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
]);

/**
 * A plan shows what the text says, and estimates. SECURITY: of masked columns these tell as much as a filter does, which
 * is decided as one. A plan that ran tells more, by the sizes of what was sorted and sent; and an immutable function
 * runs while it is planned, so that what it gives back stands in the plan.
 */
function planOutput({ state }: QueryEnvironment): Known<readonly OutputColumn[]> {
  if (state.facts.callsUnseen) return unknown('a plan may show what functions give back');
  return known([{ name: 'QUERY PLAN', kind: 'none', sources: known([]) }]);
}

const CURSOR_OPT_HOLD = 0x0020;

/** A statement that is kept for later; everything in it is accounted for by its own analysis. */
function analyzeInner(env: QueryEnvironment, query: Node, place: StatementPlace): AnalyzedStatement {
  const inventory = takeInventory(query);
  for (const list of [inventory.relations, inventory.calls, inventory.columns, inventory.selects]) {
    for (const object of list) env.state.accounted.add(object);
  }
  return analyzeWith(query, place, env.state);
}

function adoptAccesses(state: AnalysisState, accesses: Known<readonly Access[]>): void {
  if (!accesses.known) state.facts.giveUp(accesses.reason);
  else for (const access of accesses.value) state.facts.add(access);
}

/** Effects that change what names mean for the statements behind this one in the same text. */
export function contextAfter(
  context: PostgresContext,
  { facts, effects }: AnalyzedStatement,
): PostgresContext {
  // What the catalog does not hold may exist from now on.
  const maySeeMore = !facts.accesses.known || facts.accesses.value.some(({ action }) => action === 'call');
  let next = maySeeMore && context.catalogIsFresh ? { ...context, catalogIsFresh: false } : context;
  for (const effect of effects) next = applyEffect(next, facts, effect);
  return next;
}

function applyEffect(context: PostgresContext, facts: Statement, effect: SessionEffect): PostgresContext {
  switch (effect.kind) {
    case 'set':
    case 'reset': {
      const name = effect.name;
      const path = effect.kind === 'set' && effect.value.known ? parseSearchPath(effect.value.value) : null;
      if (name === 'search_path' && path !== null) return { ...context, searchPath: known(path) };
      if (name === 'search_path' || name === null)
        return { ...context, searchPath: unknown('it was set in the same text') };
      if (name === 'role' || name === 'session_authorization')
        return { ...context, user: unknown('it was set in the same text') };
      return context;
    }
    case 'discard-all':
    case 'execute':
      return {
        ...context,
        searchPath: unknown('it may have been set in the same text'),
        user: unknown('it may have been set in the same text'),
        temporaryObjects: unknown('it may have changed in the same text'),
      };
    case 'transaction':
      return effect.operation === 'begin' ||
        effect.operation === 'savepoint' ||
        effect.operation === 'release'
        ? context
        : { ...context, searchPath: unknown('a setting may have ended in the same text') };
    case 'schema-change':
      return afterSchemaChange(context, facts, effect.temporary);
    default:
      return context;
  }
}

/** A table that was created can be used at once; after anything else names may mean something else. */
function afterSchemaChange(context: PostgresContext, facts: Statement, temporary: boolean): PostgresContext {
  const created = facts.accesses.known
    ? facts.accesses.value.filter(({ action }) => action === 'define')
    : [];
  const path = created.length === 1 && created[0]!.object.known ? created[0]!.object.value.path : null;
  const isTable = facts.verb === 'create table' || facts.verb === 'select into';
  if (!isTable || path === null) return { ...context, namesUncertain: true, catalogIsFresh: false };
  const name = path[1] ?? '';
  if (!temporary) return { ...context, createdTables: [...context.createdTables, [path[0] ?? '', name]] };
  const before = context.temporaryObjects;
  return { ...context, temporaryObjects: before.known ? known([...before.value, name]) : before };
}
