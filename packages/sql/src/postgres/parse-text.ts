import { createRequire } from 'node:module';
import type { ParseResult, RawStmt } from 'libpg-query';
import type { Refusal } from '../analysis.ts';

/**
 * The server's own parser (libpg-query, WASM), with its hazards closed.
 *
 * - NUL and lone surrogates are refused before the parser sees the text: it would stop at a NUL.
 * - Only `parseSync` decides validity. `fingerprintSync` returns error texts as if they were results and
 *   overflows the stack on some small texts; it is never called (see fingerprint-tree.ts).
 * - Anything but its own `SqlError` means that the WASM stack may be damaged: the instance is dropped at
 *   once, never asked again, and a new one is made a limited number of times. Meanwhile there is none,
 *   and texts go to the worker.
 * - Texts above `MAX_INLINE_BYTES` never come here; see parse-worker.ts.
 */
export interface ParsedText {
  readonly kind: 'parsed';
  readonly statements: readonly ParsedStatement[];
}

export interface ParsedStatement {
  readonly tree: RawStmt;
  /** UTF-8 byte offsets in the text. */
  readonly start: number;
  readonly end: number;
}

/** What libpg-query gives, as far as it is used here. */
interface PgQueryModule {
  loadModule(): Promise<void>;
  parseSync(query: string): ParseResult;
  readonly SqlError: new (...args: never[]) => Error;
}

export const MAX_INLINE_BYTES = 8_192;
const LONE_SURROGATE = /\p{Surrogate}/u;
const MAX_INSTANCES = 8;

/** Refuses what must not reach the parser; null when the text may be parsed. */
export function refuseText(text: string, byteLength: number, maxBytes: number): Refusal | null {
  if (text.includes('\0')) return refusal('nul-in-text', 'the text holds a NUL character');
  if (LONE_SURROGATE.test(text))
    return refusal('invalid-encoding', 'the text holds half of a surrogate pair');
  if (byteLength > maxBytes) {
    return refusal('too-large', `the text has \`${byteLength}\` bytes, expected at most \`${maxBytes}\``);
  }
  return null;
}

export function refusal(code: string, message: string): Refusal {
  return { kind: 'refused', code, message };
}

export interface InlineParser {
  /** Parses a checked text of at most `MAX_INLINE_BYTES`; null when there is no healthy instance just now. */
  parse(text: string): ParsedText | Refusal | null;
}

/** Loads the parser into this thread. Rejects when the WASM module cannot be loaded. */
export async function createInlineParser(): Promise<InlineParser> {
  const require = createRequire(import.meta.url);
  let instances = 0;
  let current: PgQueryModule | null = null;
  const open = async () => {
    instances += 1;
    for (const path of instancePaths(require)) delete require.cache[path];
    const module = require('libpg-query') as PgQueryModule;
    await module.loadModule();
    current = module;
  };
  await open();
  return {
    parse(text) {
      const module = current;
      if (module === null) return null;
      try {
        return parseWith(module, text);
      } catch (error) {
        if (error instanceof module.SqlError) return syntaxError();
        // SECURITY: a damaged instance may hang or answer wrongly; parse-text.test.ts breaks one.
        current = null;
        if (instances < MAX_INSTANCES) void open().catch(() => {});
        return tooDeep();
      }
    },
  };
}

function instancePaths(require: NodeJS.Require): readonly string[] {
  const entry = require.resolve('libpg-query');
  const folder = entry.slice(0, entry.lastIndexOf('index.'));
  return Object.keys(require.cache).filter((path) => path.startsWith(folder));
}

function parseWith(module: PgQueryModule, text: string): ParsedText {
  const trees = module.parseSync(text).stmts ?? [];
  const byteLength = Buffer.byteLength(text, 'utf8');
  const statements = trees.map((tree) => {
    const start = tree.stmt_location ?? 0;
    return { tree, start, end: tree.stmt_len ? start + tree.stmt_len : byteLength };
  });
  return { kind: 'parsed', statements };
}

export function syntaxError(): Refusal {
  return refusal('syntax-error', 'the text is not valid SQL for Postgres');
}

export function tooDeep(): Refusal {
  return refusal('too-deep', 'the text is nested too deeply or too long to be understood');
}
