import type { ObjectRef } from '@gatehouse/model';
import { known, unknown } from '@gatehouse/model';
import type { FuncCall, Node } from 'libpg-query';
import type { AnalysisState } from './analysis-state.ts';
import { classifyBuiltinFunction, isBuiltinFunctionName } from './builtin-function.ts';
import type { CatalogFunction } from './catalog.ts';
import { combine, type Lineage, NOTHING, opaqueLineage } from './lineage.ts';
import { isPinnedSetting, PINNED_REASON } from './pinned-setting.ts';
import { settingObject } from './setting-object.ts';
import { literalText, nameParts } from './syntax-tree.ts';

/**
 * What a function call does, once its arguments have been analyzed.
 *
 * A function that is not built in, and every built-in one that is not known to be harmless, is a `call`:
 * nobody can see what it reads, so what it gives back has an unknown origin.
 */
export function recordCall(state: AnalysisState, call: FuncCall, args: Lineage): Lineage {
  const parts = nameParts(call.funcname);
  const name = (parts.at(-1) ?? '').toLowerCase();
  const { builtin, own } = state.names.functions(parts);
  const results: Lineage[] = [];
  for (const routine of own) results.push(recordRoutine(state, routine, args));
  if (builtin && (parts.length > 1 || isBuiltinFunctionName(name))) {
    results.push(recordBuiltin(state, name, call.args ?? [], args));
  } else if (own.length === 0) {
    results.push(recordUnknown(state, parts, args));
  }
  return combine(results);
}

/** A routine that is not built in. */
export function recordRoutine(state: AnalysisState, routine: CatalogFunction, args: Lineage): Lineage {
  // It may set anything in the session, if it may do anything at all.
  if (routine.language !== 'c' && routine.language !== 'internal') state.noteUnseenSettings();
  return recordOpaque(state, routine.schema, routine.name, args);
}

/** A routine of which only the name is known. */
export function recordOpaque(state: AnalysisState, schema: string, name: string, args: Lineage): Lineage {
  state.facts.addFunction(schema === 'pg_catalog' ? name : `${schema}.${name}`.toLowerCase());
  state.facts.addObject('call', { kind: 'routine', path: [schema, name] });
  return opaqueLineage('a routine gives back what it likes', args.sources);
}

function recordUnknown(state: AnalysisState, parts: readonly string[], args: Lineage): Lineage {
  const name = parts.join('.');
  state.names.noteMissing(`${name}()`);
  state.facts.addFunction(name.toLowerCase());
  const schema = parts.at(-2) ?? state.names.creationSchema(undefined);
  const object =
    state.context.catalogIsFresh && schema !== null
      ? known<ObjectRef>({ kind: 'routine', path: [schema, parts.at(-1) ?? ''] })
      : unknown(`function \`${name}\` is not in the catalog`);
  state.facts.add({ action: 'call', object, fields: known([]) });
  state.noteUnseenSettings();
  return opaqueLineage('a routine gives back what it likes', args.sources);
}

function recordBuiltin(state: AnalysisState, name: string, args: readonly Node[], from: Lineage): Lineage {
  const { facts } = state;
  const kind = classifyBuiltinFunction(name);
  if (kind === 'opaque') {
    if (mayChangeSettings(name)) state.noteUnseenSettings();
    return recordOpaque(state, 'pg_catalog', name, from);
  }
  facts.addFunction(name);
  if (typeof kind === 'object') {
    for (const target of state.names.relation(undefined, 'pg_catalog', kind.relation))
      facts.use(target, 'read', '*', 'output');
    return opaqueLineage('a function gives back what a system view holds', from.sources);
  }
  switch (kind) {
    case 'pure':
      return from;
    case 'introspect':
      facts.addObject('introspect', { kind: 'routine', path: ['pg_catalog', name] });
      return from;
    case 'sequence-read':
    case 'sequence-update':
      // `setval` stores what it is given.
      facts.useAll(from, 'output');
      facts.store(from);
      recordSequence(state, args[0], kind === 'sequence-read' ? 'read' : 'update');
      return from;
    case 'lock':
      facts.addObject('transact', SESSION);
      return from;
    case 'cancel':
      state.irreversible = true;
      facts.addObject('cancel', { kind: 'session', path: ['*'] });
      return from;
    case 'configure':
      facts.addObject('configure', SERVER);
      return from;
    case 'set-config':
      if (from.sources.length > 0) facts.giveUp('a value of a table is put into a setting');
      recordSetConfig(state, args);
      return from;
    case 'notify':
      recordNotify(state, args, from);
      return NOTHING;
    case 'file':
      state.irreversible = true;
      recordFile(state, name, args);
      return opaqueLineage('a function gives back what a file holds', from.sources);
  }
}

export const SESSION: ObjectRef = { kind: 'session', path: ['current'] };
export const SERVER: ObjectRef = { kind: 'server', path: ['postgres'] };

/** Replication and backup functions act on the server; the XML exports run text that may call anything. */
function mayChangeSettings(name: string): boolean {
  return name.includes('_to_xml') || name === 'ts_stat' || name === 'ts_rewrite';
}

function recordSequence(state: AnalysisState, argument: Node | undefined, action: 'read' | 'update'): void {
  const text = literalText(argument);
  if (typeof text !== 'string' || !/^[\w$".]+$/.test(text)) {
    state.facts.add({ action, object: unknown('the name of the sequence is computed'), fields: known([]) });
    return;
  }
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain!.toLowerCase() : quoted.replaceAll('""', '"'),
  );
  for (const target of state.names.relation(undefined, parts.at(-2), parts.at(-1) ?? ''))
    state.facts.touch(target, action);
}

function recordSetConfig(state: AnalysisState, args: readonly Node[]): void {
  const name = literalText(args[0]);
  const value = literalText(args[1]);
  if (typeof name !== 'string') {
    state.facts.giveUp('the name of the setting is computed');
    state.noteUnseenSettings();
    return;
  }
  if (isPinnedSetting(name, typeof value === 'string' ? value : undefined)) state.facts.giveUp(PINNED_REASON);
  state.facts.addObject('configure', settingObject(name.toLowerCase(), value ?? '*'));
  // It runs once per row, perhaps never: the value is known only to be possible.
  state.effects.push({
    kind: 'set',
    name: name.toLowerCase(),
    value:
      state.callsAreCertain && typeof value === 'string'
        ? known(value)
        : unknown('the setting may not be reached'),
    local: literalText(args[2]) === 'true',
  });
}

function recordNotify(state: AnalysisState, args: readonly Node[], from: Lineage): void {
  const channel = literalText(args[0]);
  state.facts.useAll(from, 'output');
  state.facts.store(from);
  state.facts.add({
    action: 'insert',
    object:
      typeof channel === 'string'
        ? known({ kind: 'channel', path: [channel] })
        : unknown('the channel is computed'),
    fields: known([]),
  });
}

function recordFile(state: AnalysisState, name: string, args: readonly Node[]): void {
  const argument = name === 'lo_export' ? args[1] : args[0];
  const path = literalText(argument);
  state.facts.addObject('call', { kind: 'routine', path: ['pg_catalog', name] });
  state.facts.add({
    action: 'call',
    object:
      typeof path === 'string'
        ? known({ kind: 'file', path: [path] })
        : unknown('the name of the file is not in the text'),
    fields: known([]),
  });
}
