import { known, type ObjectRef, unknown } from '@gatehouse/model';
import type { CopyStmt, DefElem, Node, TransactionStmt, VariableSetStmt } from 'libpg-query';
import type { SessionEffect } from '../analysis.ts';
import { analyzeAll, analyzeExpression } from './analyze-expression.ts';
import { itemOfRelation, resolveRelation } from './analyze-from.ts';
import { consume } from './analyze-select.ts';
import { recordCall, SESSION } from './call-function.ts';
import { readCopyFormat } from './copy-format.ts';
import { recordRelation } from './define-objects.ts';
import { outputColumn } from './fact-collector.ts';
import { derive, type NamedLineage } from './lineage.ts';
import { isPinnedSetting, PINNED_REASON } from './pinned-setting.ts';
import type { QueryEnvironment, QueryResult } from './query-environment.ts';
import { EMPTY_SCOPE, partOfItem } from './scope.ts';
import { formatSearchPath } from './search-path.ts';
import { settingObject } from './setting-object.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { literalText, nameParts } from './syntax-tree.ts';

/**
 * Statements about the session: settings, transactions, cursors, prepared statements, notifications,
 * locks, COPY and calls. Returns null for a statement of another kind.
 */
export function analyzeSession(env: QueryEnvironment, node: Node): StatementForm | null {
  const { facts, effects } = env.state;
  if ('VariableSetStmt' in node) return analyzeSet(env, node.VariableSetStmt);
  if ('VariableShowStmt' in node) {
    const name = node.VariableShowStmt.name ?? 'all';
    facts.addObject('introspect', { kind: 'setting', path: [name === 'all' ? '*' : name] });
    const columns = name === 'all' ? ['name', 'setting', 'description'] : [name];
    const output = columns.map((column) => ({ name: column, kind: 'none' as const, sources: known([]) }));
    return { ...quietForm('show'), output: known(output), returns: 'rows' };
  }
  if ('TransactionStmt' in node) return analyzeTransaction(env, node.TransactionStmt);
  if ('ConstraintsSetStmt' in node) {
    facts.addObject('transact', SESSION);
    for (const each of node.ConstraintsSetStmt.constraints ?? []) {
      // Names constraints, not relations.
      if ('RangeVar' in each) env.state.accounted.add(each.RangeVar);
    }
    return quietForm('set constraints');
  }
  if ('DiscardStmt' in node) {
    facts.addObject('configure', SESSION);
    if (node.DiscardStmt.target === 'DISCARD_ALL') effects.push({ kind: 'discard-all' });
    else if (node.DiscardStmt.target === 'DISCARD_TEMP')
      effects.push({ kind: 'schema-change', temporary: true });
    return quietForm('discard');
  }
  if ('DeallocateStmt' in node) {
    facts.addObject('transact', SESSION);
    effects.push({
      kind: 'deallocate',
      name: node.DeallocateStmt.isall ? null : (node.DeallocateStmt.name ?? null),
    });
    return quietForm('deallocate');
  }
  if ('ExecuteStmt' in node) {
    // Its own accesses are those of the statement that was prepared; `functions` shows what parameters call.
    analyzeAll(env, EMPTY_SCOPE, node.ExecuteStmt.params, 'filter');
    facts.giveUp('a prepared statement is decided as it was prepared');
    effects.push({ kind: 'execute', name: node.ExecuteStmt.name ?? '' });
    return {
      ...quietForm('execute', false),
      output: unknown('the prepared statement says'),
      limit: unknown('the prepared statement says'),
      returns: 'unknown',
    };
  }
  if ('FetchStmt' in node) {
    facts.addObject('transact', SESSION);
    const { portalname, ismove } = node.FetchStmt;
    effects.push({ kind: 'fetch', name: portalname ?? '' });
    if (ismove) return quietForm('move');
    return { ...quietForm('fetch'), output: unknown('the cursor says'), returns: 'rows' };
  }
  if ('ClosePortalStmt' in node) {
    facts.addObject('transact', SESSION);
    effects.push({ kind: 'close-cursor', name: node.ClosePortalStmt.portalname ?? null });
    return quietForm('close');
  }
  if ('ListenStmt' in node) return channelForm(env, 'listen', 'read', node.ListenStmt.conditionname);
  if ('UnlistenStmt' in node)
    return channelForm(env, 'unlisten', 'transact', node.UnlistenStmt.conditionname ?? '*');
  if ('NotifyStmt' in node) return channelForm(env, 'notify', 'insert', node.NotifyStmt.conditionname);
  if ('LockStmt' in node) {
    for (const each of node.LockStmt.relations ?? [])
      if ('RangeVar' in each) recordRelation(env, 'transact', each.RangeVar);
    return quietForm('lock table');
  }
  if ('DoStmt' in node) {
    facts.giveUp('a DO block runs code that cannot be seen through');
    env.state.noteUnseenSettings();
    return quietForm('do', false);
  }
  if ('CallStmt' in node) {
    const call = node.CallStmt.funccall;
    if (call === undefined) facts.giveUp('a CALL without its routine is not understood');
    else {
      env.state.accounted.add(call);
      recordCall(env.state, call, analyzeAll(env, EMPTY_SCOPE, call.args, 'output'));
    }
    return {
      ...quietForm('call', false),
      output: unknown('a routine gives back what it likes'),
      returns: 'unknown',
    };
  }
  return null;
}

function channelForm(
  env: QueryEnvironment,
  verb: string,
  action: 'read' | 'insert' | 'transact',
  channel: string | undefined,
): StatementForm {
  env.state.facts.addObject(action, { kind: 'channel', path: [channel ?? '*'] });
  return quietForm(verb);
}

const OPERATIONS: Readonly<Record<string, Extract<SessionEffect, { kind: 'transaction' }>['operation']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
};

function analyzeTransaction(env: QueryEnvironment, { kind }: TransactionStmt): StatementForm {
  const operation = OPERATIONS[kind ?? ''] ?? 'other';
  env.state.facts.addObject('transact', SESSION);
  env.state.effects.push({ kind: 'transaction', operation });
  const verbs: Readonly<Record<string, string>> = {
    'rollback-to': 'rollback to savepoint',
    release: 'release savepoint',
    prepare: 'prepare transaction',
    other: (kind ?? '').replace('TRANS_STMT_', '').replaceAll('_', ' ').toLowerCase(),
  };
  return quietForm(verbs[operation] ?? operation);
}

/** SET and RESET in all their forms. */
function analyzeSet(env: QueryEnvironment, statement: VariableSetStmt): StatementForm {
  const { facts, effects } = env.state;
  const name = (statement.name ?? '').toLowerCase();
  const local = statement.is_local === true;
  if (statement.kind === 'VAR_SET_MULTI') {
    facts.addObject('transact', SESSION);
    effects.push({ kind: 'transaction', operation: 'other' });
    return quietForm('set transaction');
  }
  if (statement.kind === 'VAR_RESET_ALL') {
    facts.addObject('configure', { kind: 'setting', path: ['*'] });
    effects.push({ kind: 'reset', name: null });
    return quietForm('reset');
  }
  const value = settingValue(name, statement.args);
  if (isPinnedSetting(name, value)) facts.giveUp(PINNED_REASON);
  facts.addObject('configure', settingObject(name, value));
  if (statement.kind === 'VAR_SET_VALUE') {
    const established = value === undefined ? unknown('the value is not a plain literal') : known(value);
    effects.push({ kind: 'set', name, value: established, local });
    return quietForm('set');
  }
  effects.push(
    local
      ? { kind: 'set', name, value: unknown('the default of the session'), local }
      : { kind: 'reset', name },
  );
  return quietForm(statement.kind === 'VAR_RESET' ? 'reset' : 'set');
}

/** The value as `current_setting` would show it; undefined when it is not made of literals. */
function settingValue(name: string, args: readonly Node[] | undefined): string | undefined {
  const values = (args ?? []).map(literalText);
  if (values.length === 0 || values.some((value) => typeof value !== 'string')) return undefined;
  const texts = values as readonly string[];
  // Each argument is one entry, commas in it included.
  return name === 'search_path' ? formatSearchPath(texts) : texts.join(', ');
}

/** COPY in both directions. `analyzeQuery` analyzes a query that stands in it. */
export function analyzeCopy(
  env: QueryEnvironment,
  copy: CopyStmt,
  analyzeQuery: (query: Node) => QueryResult,
): StatementForm {
  const { facts } = env.state;
  recordCopyEnd(env, copy);
  const atServer = copy.filename !== undefined || copy.is_program === true;
  if (copy.query !== undefined) {
    const result = analyzeQuery(copy.query);
    consume(env, result, 'output');
    return {
      ...quietForm('copy', result.bounded),
      output: copyOutput(env, result.output, atServer),
      ...copyEnd(copy, atServer),
    };
  }
  if (copy.relation === undefined) {
    facts.giveUp('a COPY without a relation is not understood');
    return quietForm('copy', false);
  }
  const targets = resolveRelation(env, copy.relation);
  const action = copy.is_from ? 'insert' : 'read';
  const item = itemOfRelation(copy.relation, targets, action);
  const columns =
    copy.attlist === undefined
      ? (item.columns ?? item.star).map(({ name }) => name)
      : nameParts(copy.attlist);
  for (const target of targets) {
    facts.touch(target, action);
    for (const column of columns) facts.use(target, action, column, copy.is_from ? 'write' : 'output');
  }
  if (copy.is_from) {
    analyzeExpression(env, { parts: [partOfItem(item, false)], parent: null }, copy.whereClause, 'filter');
    return { ...quietForm('copy'), returns: atServer ? 'none' : 'copy-in' };
  }
  const rows = columns.map((name) => ({ name, lineage: item.open(name) }));
  return {
    ...quietForm('copy', false),
    output: copyOutput(env, rows, atServer),
    ...copyEnd(copy, atServer),
  };
}

/** What goes to a file of the server passes no mask, so none of it counts as a column that could be masked. */
function copyOutput(
  { state }: QueryEnvironment,
  columns: readonly NamedLineage[],
  atServer: boolean,
): StatementForm['output'] {
  return known(
    columns.map(({ name, lineage }) =>
      outputColumn({ name, lineage: atServer ? derive(lineage) : lineage }, state.views),
    ),
  );
}

/** What comes back of a COPY TO, and how it is written. */
function copyEnd({ options }: CopyStmt, atServer: boolean): Pick<StatementForm, 'returns' | 'copy'> {
  if (atServer) return { returns: 'none' };
  const format = readCopyFormat(options);
  return { returns: 'copy-out', ...(format === null ? {} : { copy: format }) };
}

/** The file or program at the other end of a COPY, if it is not the client. */
function recordCopyEnd(env: QueryEnvironment, { filename, is_program }: CopyStmt): void {
  if (filename === undefined) {
    if (is_program) env.state.facts.giveUp('a COPY with a program that is not in the text');
    return;
  }
  env.state.irreversible = true;
  // The command line may hold secrets; its first word tells what runs.
  const object: ObjectRef = is_program
    ? { kind: 'program', path: [filename.trim().split(/\s+/)[0] ?? ''] }
    : { kind: 'file', path: [filename] };
  env.state.facts.addObject('call', object);
}

/** True when EXPLAIN runs the statement: ANALYZE, unless it is plainly switched off. */
export function explainRuns(options: readonly Node[] | undefined): boolean {
  return (options ?? []).some((node) => {
    if (!('DefElem' in node)) return false;
    const { defname, arg }: DefElem = node.DefElem;
    if (defname?.toLowerCase() !== 'analyze') return false;
    const value = literalText(arg);
    return !(typeof value === 'string' && ['off', 'false', '0', 'no'].includes(value.toLowerCase()));
  });
}
