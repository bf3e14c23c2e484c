import type { Analysis, AnalyzedStatement, Refusal } from '../analysis.ts';
import { AnalysisCache, type AnalysisCacheCounters } from '../cache/analysis-cache.ts';
import { AnalysisLimit } from './analysis-limit.ts';
import { analyzeStatement, contextAfter } from './analyze-statement.ts';
import { createOffsetMapper } from './byte-offsets.ts';
import type { PostgresCatalog } from './catalog.ts';
import {
  createInlineParser,
  type InlineParser,
  MAX_INLINE_BYTES,
  type ParsedText,
  refusal,
  refuseText,
  tooDeep,
} from './parse-text.ts';
import { createWorkerParser } from './parse-worker.ts';
import type { PostgresContext } from './postgres-context.ts';
import { createViewReader, NO_VIEWS, type ViewReader } from './view-reader.ts';

/** The loaded parser; one serves every analyzer of a process. */
export type PostgresParser = InlineParser;

/** Loads libpg-query (WASM) into this thread. Rejects when that fails. */
export async function loadPostgresParser(): Promise<PostgresParser> {
  return createInlineParser();
}

export interface PostgresAnalyzerOptions {
  readonly parser: PostgresParser;
  /** Texts with more bytes are refused as `too-large`. Default 1 MiB. */
  readonly maxTextBytes?: number;
  /** Bound of the cache by exact text. Default 16 MiB. */
  readonly cacheBytes?: number;
  /** Bound of the cache by shape, for texts that differ only in literals that change nothing; 0 for none. Default 8 MiB. */
  readonly shapeCacheBytes?: number;
  /** For one large text in the worker. Default 5 seconds. */
  readonly timeoutMs?: number;
}

export interface PostgresAnalyzer {
  /**
   * Says what the text would do in a session of that context. Never throws and never rejects.
   *
   * A text of at most 8 KB is answered at once, except while the parser is being replaced after it was
   * damaged; larger ones are parsed in a worker. The same text under an equal context gives the same
   * facts as long as they are cached.
   */
  analyze(text: string, context: PostgresContext): Analysis | Promise<Analysis>;
  /** How often the caches had an answer. */
  readonly counters: AnalysisCacheCounters;
  /** Ends the worker. */
  close(): Promise<void>;
}

const DEFAULT_MAX_TEXT_BYTES = 1 << 20;
const DEFAULT_CACHE_BYTES = 16 << 20;
const DEFAULT_SHAPE_BYTES = 8 << 20;
const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_WAITING = 32;
const MAX_STATEMENTS = 1_000;

/** Creates an analyzer with its own cache and, once it is needed, its own worker. */
export function createPostgresAnalyzer(options: PostgresAnalyzerOptions): PostgresAnalyzer {
  const { parser, maxTextBytes = DEFAULT_MAX_TEXT_BYTES } = options;
  const cache = new AnalysisCache({
    dialect: 'postgres',
    textBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES,
    shapeBytes: options.shapeCacheBytes ?? DEFAULT_SHAPE_BYTES,
  });
  const contextKey = createContextKeys();
  const viewsOf = createViewReaders(parser);
  const worker = createWorkerParser({
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxWaiting: MAX_WAITING,
  });

  return {
    analyze(text, context) {
      const byteLength = Buffer.byteLength(text, 'utf8');
      if (byteLength > MAX_INLINE_BYTES) {
        const refused = refuseText(text, byteLength, maxTextBytes);
        return (
          refused ??
          worker
            .parse(text)
            .then((parsed) => analyzeParsed(text, byteLength, parsed, context, viewsOf(context)))
        );
      }
      const key = contextKey(context);
      if (byteLength <= maxTextBytes) {
        const cached = cache.find(key, text);
        if (cached !== undefined) return cached;
      }
      const refused = refuseText(text, byteLength, maxTextBytes);
      if (refused !== null) return refused;
      const parsed = text === '' ? EMPTY : parser.parse(text);
      if (parsed === null) {
        return worker
          .parse(text)
          .then((late) => analyzeParsed(text, byteLength, late, context, viewsOf(context)));
      }
      const analysis = deepFreeze(analyzeParsed(text, byteLength, parsed, context, viewsOf(context)));
      if (analysis.kind === 'refused' || analysis.cacheable) cache.keep(key, text, analysis);
      return analysis;
    },
    get counters() {
      return cache.counters;
    },
    close: () => worker.close(),
  };
}

const EMPTY: ParsedText = { kind: 'parsed', statements: [] };

/** Facts of every statement; each in the context that those before it leave behind. */
function analyzeParsed(
  text: string,
  byteLength: number,
  parsed: ParsedText | Refusal,
  context: PostgresContext,
  views: ViewReader,
): Analysis {
  if (parsed.kind === 'refused') return parsed;
  if (parsed.statements.length > MAX_STATEMENTS) {
    return refusal(
      'too-large',
      `the text has \`${parsed.statements.length}\` statements, expected at most \`${MAX_STATEMENTS}\``,
    );
  }
  try {
    const toOffset = createOffsetMapper(text, byteLength);
    const missing = new Set<string>();
    const statements: AnalyzedStatement[] = [];
    let current = context;
    for (const { tree, start, end } of parsed.statements) {
      if (tree.stmt === undefined) return tooDeep();
      const from = toOffset(start);
      const place = trimmed(text, from, toOffset(end));
      const result = analyzeStatement(tree.stmt, place, current, views);
      for (const name of result.missing) missing.add(name);
      statements.push(result.statement);
      current = contextAfter(current, result.statement);
    }
    return { kind: 'analyzed', statements, missing: [...missing], cacheable: missing.size === 0 };
  } catch (error) {
    // The parser has accepted it, so nothing here is damaged: the tree is too much for this thread's stack.
    if (error instanceof AnalysisLimit || error instanceof RangeError) return tooDeep();
    return refusal('not-understood', 'the text could not be analyzed');
  }
}

/** Without white space around it. */
function trimmed(text: string, start: number, end: number): { readonly start: number; readonly end: number } {
  const statement = text.slice(start, end);
  const lead = statement.length - statement.trimStart().length;
  return { start: start + lead, end: start + lead + statement.trim().length };
}

/** One reader for each catalog, as long as the catalog is in use. */
function createViewReaders(parser: InlineParser): (context: PostgresContext) => ViewReader {
  const readers = new WeakMap<PostgresCatalog, ViewReader>();
  return ({ catalog }) => {
    if (catalog === null) return NO_VIEWS;
    const found = readers.get(catalog) ?? createViewReader(catalog, parser);
    readers.set(catalog, found);
    return found;
  };
}

/** A key for everything of a context that answers depend on; computed once per context object. */
function createContextKeys(): (context: PostgresContext) => string {
  const catalogs = new WeakMap<PostgresCatalog, number>();
  const keys = new WeakMap<PostgresContext, string>();
  const contents = new Map<string, string>();
  let revision = 0;
  const catalogKey = (catalog: PostgresCatalog | null) => {
    if (catalog === null) return 0;
    let number = catalogs.get(catalog);
    if (number === undefined) {
      revision += 1;
      number = revision;
      catalogs.set(catalog, number);
    }
    return number;
  };
  return (context) => {
    let key = keys.get(context);
    if (key === undefined) {
      const content = JSON.stringify([
        catalogKey(context.catalog),
        context.catalogIsFresh,
        context.searchPath,
        context.database,
        context.user,
        context.namesUncertain,
        context.temporaryObjects,
        context.createdTables,
      ]);
      key = content.length <= MAX_PLAIN_KEY ? content : shorten(contents, content);
      keys.set(context, key);
    }
    return key;
  };
}

const MAX_PLAIN_KEY = 512;
const MAX_SHORT_KEYS = 10_000;

/** A long context gets a number, so that cached texts do not each carry it. */
function shorten(contents: Map<string, string>, content: string): string {
  const found = contents.get(content);
  if (found !== undefined) return found;
  // Forgetting makes later contexts miss the cache, never hit a wrong entry: numbers are not used again.
  if (contents.size >= MAX_SHORT_KEYS) contents.clear();
  const key = `#${crypto.randomUUID()}`;
  contents.set(content, key);
  return key;
}

function deepFreeze<T>(value: T): T {
  const pending: unknown[] = [value];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue;
    Object.freeze(next);
    for (const child of Object.values(next))
      if (typeof child === 'object' && child !== null) pending.push(child);
  }
  return value;
}
