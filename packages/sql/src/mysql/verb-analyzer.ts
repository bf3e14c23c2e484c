import { type Known, known, unknown } from '@gatehouse/model';
import type { SessionEffect } from '../analysis.ts';
import type { FactBuilder } from './fact-builder.ts';
import type { Token } from './lexer.ts';

/** Where a statement stands. */
export interface VerbContext {
  readonly facts: FactBuilder;
  readonly tokens: readonly Token[];
  readonly text: string;
  readonly database: string | null;
}

/** Reads a statement that is not DML by its first words; gives its verb, or null for one that is not known. */
export function analyzeVerb(context: VerbContext): string | null {
  const first = context.tokens[0];
  if (first?.kind !== 'word') return null;
  const read = VERBS.get(first.value);
  return read === undefined ? null : read(context);
}

type ReadVerb = (context: VerbContext) => string | null;

function word(tokens: readonly Token[], index: number): string {
  const token = tokens[index];
  return token?.kind === 'word' ? token.value : '';
}

/** A name at a place, with its database; `next` is behind it. */
function nameAt(
  { tokens, database }: VerbContext,
  index: number,
): { readonly path: readonly [string, string] | null; readonly next: number } {
  const [first, dot, second] = [tokens[index], tokens[index + 1], tokens[index + 2]];
  if (first === undefined || (first.kind !== 'word' && first.kind !== 'quoted'))
    return { path: null, next: index };
  if (dot?.value === '.' && second !== undefined)
    return { path: [first.value, second.value], next: index + 3 };
  return { path: database === null ? null : [database, first.value], next: index + 1 };
}

const transact: ReadVerb = ({ facts, tokens }) => {
  const [first, second] = [word(tokens, 0), word(tokens, 1)];
  if (first === 'begin' && second === 'not') {
    facts.notUnderstood('compound statement');
    return 'begin not atomic';
  }
  if (first === 'start' && second !== 'transaction') return null;
  facts.add('transact', 'session', 'current');
  facts.effects.push({ kind: 'transaction', operation: operationOf(tokens) });
  return first;
};

function operationOf(tokens: readonly Token[]): Extract<SessionEffect, { kind: 'transaction' }>['operation'] {
  const words = tokens.map((_, i) => word(tokens, i));
  switch (words[0]) {
    case 'begin':
    case 'start':
      return 'begin';
    case 'commit':
      return 'commit';
    case 'savepoint':
      return 'savepoint';
    case 'release':
      return 'release';
    default:
      return words.includes('to') ? 'rollback-to' : 'rollback';
  }
}

const use: ReadVerb = ({ facts, tokens }) => {
  const name = tokens[1]?.value;
  if (name === undefined || tokens.length > 2) return null;
  facts.add('configure', 'namespace', name);
  facts.effects.push({ kind: 'use', database: name });
  return 'use';
};

/** Each assignment is one setting; anything with a query or an assignment to a user variable from data is not understood. */
const set: ReadVerb = ({ facts, tokens, text }) => {
  // SECURITY: SET STATEMENT … FOR runs any statement at all (`sees nothing harmless in a statement behind SET STATEMENT`).
  if (word(tokens, 1) === 'statement') {
    facts.notUnderstood('SET STATEMENT');
    return 'set statement';
  }
  if (
    tokens.some(
      ({ kind, value }) =>
        kind === 'word' && (value === 'select' || value === 'role' || value === 'password'),
    )
  ) {
    if (word(tokens, 1) !== 'role') facts.notUnderstood('SET of a computed value');
    else facts.add('configure', 'role', tokens[2]?.value ?? '*');
    return 'set';
  }
  if (word(tokens, 1) === 'transaction' || word(tokens, 2) === 'transaction') {
    facts.add('transact', 'session', 'current');
    return 'set';
  }
  for (const part of splitAtCommas(tokens.slice(1))) assignment(part, facts, text);
  return 'set';
};

function splitAtCommas(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.value === '(') depth += 1;
    if (token.value === ')') depth -= 1;
    if (token.value === ',' && depth === 0) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

function assignment(tokens: readonly Token[], facts: FactBuilder, text: string): void {
  let at = 0;
  let isGlobal = false;
  while (SCOPES.has(word(tokens, at))) {
    isGlobal ||= word(tokens, at) === 'global' || word(tokens, at) === 'persist';
    at += 1;
  }
  const first = tokens[at];
  if (first === undefined) {
    facts.notUnderstood('SET without a setting');
    return;
  }
  isGlobal ||= /^@@(?:global|persist)/.test(first.value);
  let name = first.value.replace(/^@@(?:(?:session|local|global|persist|persist_only)\.)?/, '');
  if (name === 'character') {
    name = 'character set';
    at += 1;
  }
  const operator = tokens[at + 1]?.value;
  const values = tokens.slice(at + (operator === '=' || operator === ':=' ? 2 : 1));
  const added = name === 'sql_mode' ? addedModes(values, text) : null;
  if (added === null && tokens.some(({ value }) => value === '('))
    facts.notUnderstood('SET of a computed value');
  if (first.kind === 'variable' && !first.value.startsWith('@@')) {
    // A user variable: the session's own.
    facts.add('configure', 'session', 'variable');
    return;
  }
  if (isGlobal) facts.add('configure', 'server', name);
  else facts.add('configure', 'setting', name);
  facts.effects.push({ kind: 'set', name, value: added ?? literalOf(values, text), local: false });
}

/**
 * `concat(@@sql_mode, ',MODE')`, which JDBC drivers send when they connect: the modes that are added. The session's
 * own mode is one that was let through before.
 */
function addedModes(tokens: readonly Token[], text: string): Known<string> | null {
  const [concat, open, mode, comma, literal, close, more] = tokens;
  const isForm =
    concat?.kind === 'word' &&
    concat.value === 'concat' &&
    open?.value === '(' &&
    mode?.kind === 'variable' &&
    /^@@(?:session\.|local\.)?sql_mode$/.test(mode.value) &&
    comma?.value === ',' &&
    literal?.kind === 'string' &&
    close?.value === ')' &&
    more === undefined;
  return isForm ? literalOf([literal], text) : null;
}

/** The value when it is one literal, word or name. */
function literalOf(tokens: readonly Token[], text: string): Known<string> {
  const [first, second] = tokens;
  if (first === undefined || (second !== undefined && second.value !== 'collate'))
    return unknown('a computed value');
  if (first.kind === 'string') return known(text.slice(first.start + 1, first.end - 1));
  return first.kind === 'word' || first.kind === 'number' || first.kind === 'quoted'
    ? known(first.value)
    : unknown('a computed value');
}

const show: ReadVerb = ({ facts, tokens, database }) => {
  const words = tokens
    .map((_, i) => word(tokens, i))
    .filter((value) => value !== 'full' && value !== 'extended' && value !== '');
  const what = words[1] ?? '';
  facts.returns = 'rows';
  facts.output = known([]);
  if (what === 'warnings' || what === 'errors' || (what === 'count' && words.length > 1)) {
    facts.add('introspect', 'session', 'current');
    return `show ${what}`;
  }
  if (SHOWS_DATA.has(what)) facts.add('read', 'server', what);
  else if (SHOWS_SERVER.has(what)) facts.add('introspect', 'server', what);
  else if (SHOWS_SCHEMA.has(what)) facts.add('introspect', 'namespace', database ?? '*');
  else return null;
  if (tokens.some(({ kind, value }) => kind === 'word' && value === 'select'))
    facts.notUnderstood('SHOW with a query');
  return `show ${what}`;
};

const describe: ReadVerb = (context) => {
  const { facts } = context;
  const { path, next } = nameAt(context, 1);
  if (path === null || next + 1 < context.tokens.length) return null;
  facts.use('introspect', { kind: 'relation', path });
  facts.returns = 'rows';
  return 'describe';
};

/** CREATE, ALTER, DROP: which kind of object, then its names. */
const define: ReadVerb = (context) => {
  const { tokens, facts } = context;
  const verb = word(tokens, 0);
  let at = 1;
  const skipped: string[] = [];
  while (DEFINE_MODIFIERS.has(word(tokens, at)) || tokens[at]?.value === '=') {
    skipped.push(word(tokens, at));
    at += 1;
    if (tokens[at]?.value === '=') at += 2;
  }
  const kind = word(tokens, at);
  const replaces = skipped.includes('replace') ? ' or replace' : '';
  facts.irreversible = true;
  if (USERS.has(kind)) {
    facts.add('grant', 'role', tokens[at + 1]?.value ?? '*');
    return `${verb} ${kind}`;
  }
  const object = OBJECT_KINDS.get(kind);
  if (object === undefined) {
    facts.notUnderstood('object kind');
    return `${verb} ${kind}`.trim();
  }
  defineNames(context, at + 1, kind, object);
  facts.effects.push({ kind: 'schema-change', temporary: skipped.includes('temporary') });
  return `${verb}${replaces} ${kind}`;
};

function defineNames(
  context: VerbContext,
  from: number,
  kind: string,
  object: 'relation' | 'namespace' | 'routine' | 'index' | 'server' | 'other',
): void {
  const { tokens, facts } = context;
  let at = from;
  while (['if', 'not', 'exists'].includes(word(tokens, at))) at += 1;
  if (object === 'namespace') {
    facts.add('define', 'namespace', tokens[at]?.value ?? '*');
    return;
  }
  if (object === 'server' || object === 'other') {
    facts.add('define', object, tokens[at]?.value ?? '*');
    return;
  }
  const names: (readonly [string, string])[] = [];
  for (;;) {
    const { path, next } = nameAt(context, at);
    if (path === null) facts.notUnderstood('a name without a current database');
    else names.push(path);
    if (tokens[next]?.value !== ',' || word(tokens, 0) !== 'drop') break;
    at = next + 1;
  }
  for (const path of names) facts.add('define', object, ...path);
  if (kind === 'index') defineOn(context);
  if (kind === 'trigger' && word(tokens, 0) === 'create') defineOn(context);
  readsInside(context, kind);
}

/** `… ON table …` */
function defineOn(context: VerbContext): void {
  const at = context.tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'on');
  const { path } = nameAt(context, at + 1);
  if (at < 0 || path === null) context.facts.notUnderstood('the table of an index or trigger');
  else context.facts.add('define', 'relation', ...path);
}

/** A query or another table inside a definition is read or named there; this form does not look inside. */
function readsInside({ tokens, facts }: VerbContext, kind: string): void {
  const verb = word(tokens, 0);
  if (verb === 'drop') return;
  if (
    tokens.some(
      (token, i) =>
        i > 1 &&
        token.kind === 'word' &&
        (token.value === 'select' || token.value === 'with' || token.value === 'values'),
    )
  )
    facts.notUnderstood('a query inside a definition');
  if (
    kind === 'table' &&
    verb === 'create' &&
    tokens.some(({ kind: type, value }) => type === 'word' && READS_TABLE.has(value))
  )
    facts.notUnderstood('a table made of another one');
  if (['procedure', 'function', 'trigger', 'event', 'view'].includes(kind))
    facts.notUnderstood('code inside a definition');
}

const truncate: ReadVerb = (context) => {
  const { tokens, facts } = context;
  const { path } = nameAt(context, word(tokens, 1) === 'table' ? 2 : 1);
  if (path === null) return null;
  facts.add('define', 'relation', ...path);
  facts.irreversible = true;
  return 'truncate table';
};

const rename: ReadVerb = (context) => {
  const { tokens, facts } = context;
  facts.irreversible = true;
  if (word(tokens, 1) === 'user') {
    facts.add('grant', 'role', '*');
    return 'rename user';
  }
  for (const [i, { kind, value }] of tokens.entries()) {
    if (!(kind === 'word' && (value === 'table' || value === 'tables' || value === 'to')) && value !== ',')
      continue;
    const { path } = nameAt(context, i + 1);
    if (path === null) facts.notUnderstood('a name without a current database');
    else facts.add('define', 'relation', ...path);
  }
  facts.effects.push({ kind: 'schema-change', temporary: false });
  return 'rename table';
};

const grant: ReadVerb = ({ facts, tokens }) => {
  facts.add('grant', 'role', '*');
  facts.irreversible = true;
  return word(tokens, 0);
};

const call: ReadVerb = (context) => {
  const { path } = nameAt(context, 1);
  if (path === null) return null;
  context.facts.add('call', 'routine', ...path);
  context.facts.call(path.join('.').toLowerCase());
  context.facts.output = unknown('what a routine returns is not known');
  context.facts.returns = 'unknown';
  if (context.tokens.some(({ kind, value }) => kind === 'word' && value === 'select'))
    context.facts.notUnderstood('CALL with a query');
  return 'call';
};

const kill: ReadVerb = ({ facts, tokens }) => {
  const id = tokens.find(({ kind }) => kind === 'number');
  if (id === undefined || tokens.some(({ kind }) => kind === 'symbol')) return null;
  facts.add('cancel', 'session', id.value);
  return 'kill';
};

const lock: ReadVerb = (context) => {
  const { tokens, facts } = context;
  facts.add('transact', 'session', 'current');
  if (word(tokens, 0) === 'unlock') return 'unlock tables';
  if (!['table', 'tables'].includes(word(tokens, 1))) return null;
  for (const [i, { value }] of tokens.entries()) {
    if (i !== 1 && value !== ',') continue;
    const { path } = nameAt(context, i + 1);
    if (path === null) facts.notUnderstood('a name without a current database');
    else facts.use('transact', { kind: 'relation', path });
  }
  return 'lock tables';
};

const handler: ReadVerb = (context) => {
  const { path } = nameAt(context, 1);
  if (path === null) return null;
  context.facts.useUnknown('read', { kind: 'relation', path }, 'HANDLER reads whole rows');
  context.facts.output = unknown('HANDLER reads whole rows');
  context.facts.returns = 'rows';
  context.facts.bounded = known(false);
  return 'handler';
};

const load: ReadVerb = (context) => {
  const { tokens, facts } = context;
  const into = tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'into');
  const { path } = nameAt(context, into + 2);
  const isLocal = tokens.some(({ kind, value }) => kind === 'word' && value === 'local');
  facts.add('read', 'file', isLocal ? 'client' : 'server');
  if (into < 0 || path === null) facts.notUnderstood('LOAD without a table');
  else {
    const object = { kind: 'relation', path } as const;
    facts.use('insert', object, '*', 'write');
    // REPLACE: rows that are there already make room for those of the file.
    if (tokens[into - 1]?.value === 'replace') {
      facts.use('delete', object);
      facts.bounded = known(false);
    }
  }
  if (tokens.some(({ kind, value }) => kind === 'word' && (value === 'select' || value === 'set')))
    facts.notUnderstood('LOAD with expressions');
  return isLocal ? 'load data local' : 'load data';
};

const prepare: ReadVerb = ({ facts, tokens }) => {
  const name = tokens[1]?.value ?? '';
  facts.notUnderstood('a text that is prepared by SQL');
  facts.effects.push({ kind: 'prepare-opaque', name });
  return 'prepare';
};

const execute: ReadVerb = ({ facts, tokens }) => {
  facts.notUnderstood('a statement that was prepared by SQL');
  if (word(tokens, 1) === 'immediate') return 'execute immediate';
  facts.effects.push({ kind: 'execute', name: tokens[1]?.value ?? '' });
  return 'execute';
};

const deallocate: ReadVerb = ({ facts, tokens }) => {
  facts.add('transact', 'session', 'current');
  facts.effects.push({ kind: 'deallocate', name: tokens[2]?.value ?? '' });
  return 'deallocate';
};

const maintain: ReadVerb = (context) => {
  const { tokens, facts } = context;
  const verb = word(tokens, 0);
  const at = tokens.findIndex(
    ({ kind, value }) => kind === 'word' && (value === 'table' || value === 'tables'),
  );
  const { path } = nameAt(context, at + 1);
  if (at < 0 || path === null) return null;
  facts.add(verb === 'checksum' || verb === 'check' ? 'introspect' : 'define', 'relation', ...path);
  facts.irreversible = true;
  facts.returns = 'rows';
  return `${verb} table`;
};

const server: ReadVerb = ({ facts, tokens }) => {
  facts.add('configure', 'server', word(tokens, 0));
  facts.irreversible = true;
  return `${word(tokens, 0)} ${word(tokens, 1)}`.trim();
};

const doExpression: ReadVerb = ({ facts }) => {
  facts.notUnderstood('DO evaluates expressions');
  return 'do';
};

const VERBS: ReadonlyMap<string, ReadVerb> = new Map<string, ReadVerb>([
  ...['begin', 'start', 'commit', 'rollback', 'savepoint', 'release'].map(
    (verb) => [verb, transact] as const,
  ),
  ['use', use],
  ['set', set],
  ['show', show],
  ['describe', describe],
  ['desc', describe],
  ['explain', describe],
  ...['create', 'alter', 'drop'].map((verb) => [verb, define] as const),
  ['truncate', truncate],
  ['rename', rename],
  ['grant', grant],
  ['revoke', grant],
  ['call', call],
  ['kill', kill],
  ['lock', lock],
  ['unlock', lock],
  ['handler', handler],
  ['load', load],
  ['prepare', prepare],
  ['execute', execute],
  ['deallocate', deallocate],
  ...['optimize', 'repair', 'analyze', 'check', 'checksum'].map((verb) => [verb, maintain] as const),
  ...[
    'flush',
    'reset',
    'shutdown',
    'install',
    'uninstall',
    'purge',
    'change',
    'stop',
    'clone',
    'restart',
    'binlog',
    'cache',
  ].map((verb) => [verb, server] as const),
  ['do', doExpression],
]);

const SCOPES = new Set(['session', 'local', 'global', 'persist', 'persist_only']);
const SHOWS_DATA = new Set([
  'processlist',
  'binlog',
  'relaylog',
  'profile',
  'profiles',
  'explain',
  'analyze',
  'events',
  'slave',
  'replica',
  'master',
  'binary',
]);
const SHOWS_SERVER = new Set([
  'variables',
  'status',
  'global',
  'session',
  'engines',
  'engine',
  'plugins',
  'storage',
  'collation',
  'character',
  'charset',
  'privileges',
  'authors',
  'contributors',
  'grants',
  'databases',
  'schemas',
  'locales',
]);
const SHOWS_SCHEMA = new Set([
  'tables',
  'table',
  'columns',
  'fields',
  'index',
  'indexes',
  'keys',
  'create',
  'triggers',
  'procedure',
  'function',
  'open',
  'package',
]);
const DEFINE_MODIFIERS = new Set([
  'or',
  'replace',
  'temporary',
  'unique',
  'fulltext',
  'spatial',
  'online',
  'offline',
  'ignore',
  'algorithm',
  'definer',
  'sql',
  'security',
  'invoker',
  'aggregate',
]);
const USERS = new Set(['user', 'role']);
const OBJECT_KINDS: ReadonlyMap<string, 'relation' | 'namespace' | 'routine' | 'index' | 'server' | 'other'> =
  new Map([
    ['table', 'relation'],
    ['view', 'relation'],
    ['sequence', 'relation'],
    ['database', 'namespace'],
    ['schema', 'namespace'],
    ['procedure', 'routine'],
    ['function', 'routine'],
    ['package', 'routine'],
    ['event', 'routine'],
    ['trigger', 'routine'],
    ['index', 'index'],
    ['server', 'server'],
    ['tablespace', 'other'],
    ['logfile', 'other'],
  ]);
const READS_TABLE = new Set(['like', 'union']);
