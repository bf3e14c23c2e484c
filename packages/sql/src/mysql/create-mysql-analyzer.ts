import { unknown } from '@gatehouse/model';
import type { Analysis, AnalyzedStatement, Refusal } from '../analysis.ts';
import { AnalysisCache, type AnalysisCacheCounters } from '../cache/analysis-cache.ts';
import { BUILTIN_FUNCTIONS, NOT_FUNCTIONS } from './builtin-functions.ts';
import { crossCheck } from './cross-check.ts';
import { DmlAnalyzer } from './dml-analyzer.ts';
import { FactBuilder } from './fact-builder.ts';
import { lexMysql, type Token } from './lexer.ts';
import type { MysqlCatalog } from './mysql-catalog.ts';
import { normalizeDml } from './normalize-dml.ts';
import { parseDml } from './parse-dml.ts';
import { splitStatements } from './split-statements.ts';
import { asNode, type Json } from './syntax.ts';
import { analyzeVerb } from './verb-analyzer.ts';

/** What a session is at the moment a text is analyzed. */
export interface MysqlContext {
  /** Null until one was loaded; statements over tables are not understood then. */
  readonly catalog: MysqlCatalog | null;
  /** Counts up with the catalog; part of the cache's key. */
  readonly catalogRevision: number;
  /** Default database; null for none. */
  readonly database: string | null;
}

export interface MysqlAnalyzer {
  /** Pure, bounded, never throws. The same text under an equal context gives the same facts as long as they are cached. */
  analyze(text: string, context: MysqlContext): Analysis;
  /** How often the caches had an answer. */
  readonly counters: AnalysisCacheCounters;
}

export interface MysqlAnalyzerOptions {
  /** Texts with more UTF-16 units are refused as `too-large`. Default 1 MiB. */
  readonly maxTextLength?: number;
  /** Bound of the cache by exact text. Default 16 MiB. */
  readonly cacheBytes?: number;
  /** Bound of the cache by shape, for texts that differ only in literals that change nothing; 0 for none. Default 8 MiB. */
  readonly shapeCacheBytes?: number;
}

/** Creates an analyzer for MySQL and MariaDB: own lexer first, node-sql-parser for structure, then the cross-check. */
export function createMysqlAnalyzer(options: MysqlAnalyzerOptions = {}): MysqlAnalyzer {
  const { maxTextLength = 1 << 20, cacheBytes = 16 << 20, shapeCacheBytes = 8 << 20 } = options;
  const cache = new AnalysisCache({ dialect: 'mysql', textBytes: cacheBytes, shapeBytes: shapeCacheBytes });
  return {
    analyze(text, context) {
      if (text.length > maxTextLength)
        return refusal('too-large', 'the text is larger than statements may be');
      if (text.length > MAX_CACHED) return guarded(text, context);
      const { database } = context;
      const key = `${context.catalogRevision}\0${database?.length ?? -1}\0${database ?? ''}`;
      const found = cache.find(key, text);
      if (found !== undefined) return found;
      const analysis = guarded(text, context);
      cache.keep(key, text, analysis);
      return analysis;
    },
    get counters() {
      return cache.counters;
    },
  };
}

/** A text that breaks the reader is not understood; what broke stays inside. */
function guarded(text: string, context: MysqlContext): Analysis {
  try {
    return analyze(text, context);
  } catch {
    return refusal('not-understood', 'the text could not be read');
  }
}

function analyze(text: string, context: MysqlContext): Analysis {
  const lexed = lexMysql(text);
  if (lexed.kind === 'refused') return refusal(lexed.code, lexed.message);
  const missing: string[] = [];
  const parts = splitStatements(lexed.tokens);
  if (parts.length > MAX_STATEMENTS) return refusal('too-large', 'the text has too many statements');
  const statements = parts.map((tokens, index) => analyzeOne(text, tokens, context, missing, index === 0));
  return { kind: 'analyzed', statements, missing: [...new Set(missing)], cacheable: true };
}

function analyzeOne(
  text: string,
  tokens: readonly Token[],
  context: MysqlContext,
  missing: string[],
  isFirst: boolean,
): AnalyzedStatement {
  const facts = new FactBuilder();
  const [start, end] = [tokens[0]!.start, tokens.at(-1)!.end];
  // `USE` earlier in the same text changes what names mean; which default is in force is then not sure.
  const database = isFirst ? context.database : databaseBehind(text, start, context.database);
  const verb = readStatement(
    text.slice(start, end),
    rebase(tokens, start),
    { ...context, database },
    facts,
    missing,
  );
  return {
    facts: deepFreeze(facts.build(verb, shapeOf(tokens))),
    start,
    end,
    effects: facts.effects,
    parameters: tokens.filter(({ kind }) => kind === 'parameter').length,
    returns: facts.returns,
    ...(facts.comparesParameters ? { comparesParameters: true } : {}),
  };
}

function databaseBehind(text: string, start: number, database: string | null): string | null {
  return /\buse\b/i.test(text.slice(0, start)) ? null : database;
}

function readStatement(
  text: string,
  tokens: readonly Token[],
  context: MysqlContext,
  facts: FactBuilder,
  missing: string[],
): string {
  const first = firstWord(tokens);
  noteFunctions(tokens, facts, context.database);
  if (DML.has(first) || (EXPLAINS.has(first) && isExplainOfDml(tokens)))
    return readDml(text, tokens, context, facts, missing);
  const verb = analyzeVerb({ facts, tokens, text, database: context.database });
  if (verb === null) {
    facts.notUnderstood(`statement \`${first.slice(0, 32)}\``);
    facts.bounded = unknown('not understood');
  }
  // A net under all of them: who looks for no query must not miss one.
  if (!RIGHTS.has(first) && tokens.some(({ kind, value }) => kind === 'word' && value === 'select'))
    facts.notUnderstood('a query where none is expected');
  return verb ?? first;
}

/** The first word, parentheses left out: `(select …) union …`. */
function firstWord(tokens: readonly Token[]): string {
  const token = tokens.find(({ value }) => value !== '(');
  return token?.kind === 'word' ? token.value : '?';
}

function isExplainOfDml(tokens: readonly Token[]): boolean {
  return tokens.slice(1).some(({ kind, value }) => kind === 'word' && DML.has(value));
}

function readDml(
  text: string,
  tokens: readonly Token[],
  context: MysqlContext,
  facts: FactBuilder,
  missing: string[],
): string {
  const from = tokens.findIndex(({ kind, value }) => kind === 'word' && DML.has(value));
  const isExplain = EXPLAINS.has(firstWord(tokens));
  const verb = isExplain ? 'explain' : firstWord(tokens);
  if (
    tokens.some(
      (token, i) => token.kind === 'word' && FILES.has(token.value) && tokens[i - 1]?.value === 'into',
    )
  )
    facts.add('insert', 'file', 'server');
  if (
    tokens.some(({ value }) => value === ':=') ||
    tokens.some((token, i) => token.value === 'into' && tokens[i + 1]?.kind === 'variable')
  ) {
    facts.notUnderstood('values kept in variables');
  }
  const { catalog } = context;
  if (catalog === null) {
    if (readsTables(tokens)) {
      facts.notUnderstood('no catalog has been loaded');
      missing.push('*');
    }
    facts.returns = 'rows';
    return verb;
  }
  const normal = normalizeDml(text, isExplain ? tokens.slice(from) : tokens);
  const tree = parseDml(normal.text);
  const node = asNode(tree ?? undefined);
  if (tree === null || node === null) {
    facts.notUnderstood('a form that is not read yet');
    facts.bounded = unknown('not understood');
    return verb;
  }
  const analyzer = new DmlAnalyzer(facts, catalog, context.database);
  analyzer.statement(node);
  missing.push(...analyzer.missing);
  // What code outside of the statement gives back is anybody's guess.
  if (facts.callsCode && facts.returns !== 'none')
    facts.output = unknown('computed by a stored function or from a file');
  const problem = crossCheck(normal.tokens, tree as Json, catalog);
  if (problem !== null) facts.notUnderstood(problem);
  if (isExplain) explained(tokens, facts);
  return verb === 'with' || verb === '?' ? String(node['type']) : verb;
}

/** A plan shows constants and estimates; ANALYZE and EXPLAIN ANALYZE run the statement, and its accesses say so. */
function explained(_tokens: readonly Token[], facts: FactBuilder): void {
  facts.output = unknown('a plan may show values');
  facts.returns = 'rows';
}

function readsTables(tokens: readonly Token[]): boolean {
  return tokens.some(
    ({ kind, value }) =>
      kind === 'word' &&
      (value === 'from' || value === 'into' || value === 'update' || value === 'table' || value === 'join'),
  );
}

/** A word before a parenthesis is a function: a built-in one, or code that nobody here can see. */
function noteFunctions(tokens: readonly Token[], facts: FactBuilder, database: string | null): void {
  if (!DML.has(firstWord(tokens)) && firstWord(tokens) !== 'set' && firstWord(tokens) !== 'do') return;
  for (const [i, token] of tokens.entries()) {
    if (tokens[i + 1]?.value !== '(' || (token.kind !== 'word' && token.kind !== 'quoted')) continue;
    const isQualified = tokens[i - 1]?.value === '.';
    if (!isQualified && token.kind === 'word' && (NOT_FUNCTIONS.has(token.value) || isListOfNames(tokens, i)))
      continue;
    noteFunction(tokens, i, isQualified, facts, database);
  }
}

/** `INSERT INTO t (a, b)`, `WITH c (a) AS`, `t AS d (a)`: a name with columns behind it. */
function isListOfNames(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1]?.value;
  if (
    before === 'into' ||
    before === 'table' ||
    before === 'with' ||
    before === 'recursive' ||
    before === 'insert' ||
    before === 'replace' ||
    before === 'ignore'
  )
    return true;
  let depth = 0;
  for (let at = i + 1; at < tokens.length; at++) {
    if (tokens[at]!.value === '(') depth += 1;
    if (tokens[at]!.value === ')') depth -= 1;
    if (depth === 0)
      return (
        tokens[at + 1]?.value === 'as' &&
        tokens[at + 2]?.value === '(' &&
        (before === ',' || before === 'with')
      );
  }
  return false;
}

function noteFunction(
  tokens: readonly Token[],
  i: number,
  isQualified: boolean,
  facts: FactBuilder,
  database: string | null,
): void {
  const name = tokens[i]!.value.toLowerCase();
  if (isQualified) {
    const schema = tokens[i - 2]?.value ?? '?';
    // `INSERT INTO db.t (a)` names columns, not arguments.
    if (['into', 'table', 'ignore', 'insert', 'replace'].includes(tokens[i - 3]?.value ?? '')) return;
    facts.call(`${schema}.${name}`.toLowerCase());
    facts.add('call', 'routine', schema, tokens[i]!.value);
    return;
  }
  if (name === 'load_file') facts.add('read', 'file', 'server');
  facts.call(BUILTIN_FUNCTIONS.has(name) || name === 'load_file' ? name : `${database ?? '?'}.${name}`);
  if (!BUILTIN_FUNCTIONS.has(name) && name !== 'load_file')
    facts.add('call', 'routine', database ?? '?', tokens[i]!.value);
}

/** Structure without literals. */
function shapeOf(tokens: readonly Token[]): string {
  return tokens
    .map(({ kind, value }) => (kind === 'string' || kind === 'number' ? '?' : value))
    .join(' ')
    .slice(0, MAX_SHAPE);
}

function rebase(tokens: readonly Token[], start: number): readonly Token[] {
  return start === 0
    ? tokens
    : tokens.map((token) => ({ ...token, start: token.start - start, end: token.end - start }));
}

function refusal(code: string, message: string): Refusal {
  return { kind: 'refused', code, message };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

const DML = new Set(['select', 'insert', 'replace', 'update', 'delete', 'with', 'values', 'table']);
/** SELECT is the name of a right there. */
const RIGHTS = new Set(['grant', 'revoke']);
const EXPLAINS = new Set(['explain', 'describe', 'desc', 'analyze']);
const FILES = new Set(['outfile', 'dumpfile']);
const MAX_CACHED = 8_192;
const MAX_STATEMENTS = 1_000;
const MAX_SHAPE = 65_536;
