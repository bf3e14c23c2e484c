import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type Config, configSchema } from './schema.ts';
import { suggest } from './suggest.ts';

/** One mistake with its place; `line` and `column` count from 1. */
export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface LoadedConfig {
  readonly config: Config;
  readonly file: string;
  /** Relative paths in the configuration are relative to this folder. */
  readonly folder: string;
}

export type ConfigResult =
  | ({ readonly ok: true } & LoadedConfig)
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Reads and checks a configuration file; every mistake is reported, not only the first. Secrets are not resolved here. */
export function loadConfig(file: string): ConfigResult {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    return { ok: false, problems: [{ file, line: 1, column: 1, message: `cannot be read: ${code}` }] };
  }
  return parseConfig(text, file);
}

/** The same for a text that is already here. */
export function parseConfig(text: string, file: string): ConfigResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        file,
        ...place(lines, error.pos[0]),
        message: error.message,
      })),
    };
  }
  const parsed = configSchema.safeParse(document.toJS() ?? {});
  const problems = parsed.success ? crossCheck(parsed.data) : parsed.error.issues.flatMap(issueProblems);
  if (!parsed.success || problems.length > 0) {
    return {
      ok: false,
      problems: problems.map((problem) => ({
        file,
        ...locate(document, lines, problem.path),
        message: problem.message,
      })),
    };
  }
  return { ok: true, config: parsed.data, file, folder: dirname(resolve(file)) };
}

interface PathProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function issueProblems(issue: z.core.$ZodIssue): PathProblem[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ path: issue.path, message: `${issue.path.join('.') || 'file'}: ${issue.message}` }];
  return issue.keys.map((key) => ({
    path: [...issue.path, key],
    message: `unknown key \`${key}\`${suggest(key, KEYS)}`,
  }));
}

function crossCheck(config: Config): PathProblem[] {
  return [
    ...duplicates(config.databases, 'databases'),
    ...duplicates(config.listeners, 'listeners'),
    ...references(config),
  ];
}

function duplicates(items: readonly { readonly name: string }[], list: string): PathProblem[] {
  return items.flatMap((item, index) =>
    items.findIndex((other) => other.name === item.name) < index
      ? [{ path: [list, index, 'name'], message: `\`${item.name}\` is used twice in ${list}` }]
      : [],
  );
}

function references(config: Config): PathProblem[] {
  const byName = new Map(config.databases.map((database) => [database.name, database]));
  return config.listeners.flatMap((listener, index) =>
    listener.databases.flatMap((name, position) => {
      const database = byName.get(name);
      const path = ['listeners', index, 'databases', position];
      if (database === undefined)
        return [{ path, message: `no database \`${name}\`${suggest(name, [...byName.keys()])}` }];
      if (database.dialect === listener.dialect) return [];
      return [
        {
          path,
          message: `listener \`${listener.name}\` speaks ${listener.dialect}, database \`${name}\` speaks ${database.dialect}`,
        },
      ];
    }),
  );
}

function locate(document: Document, lines: LineCounter, path: readonly PropertyKey[]) {
  for (let depth = path.length; depth >= 0; depth--) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset !== null) return place(lines, offset);
  }
  return { line: 1, column: 1 };
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  const parent = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent) && last !== undefined) {
    const pair = parent.items.find((item) => isNode(item.key) && String(item.key) === String(last));
    if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? null;
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function place(lines: LineCounter, offset: number) {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

const KEYS = [
  'node',
  'dataDir',
  'policies',
  'principals',
  'tls',
  'cert',
  'key',
  'maskingKey',
  'databases',
  'listeners',
  'audit',
  'admin',
  'limits',
  'log',
  'name',
  'dialect',
  'labels',
  'upstream',
  'host',
  'port',
  'database',
  'user',
  'password',
  'mode',
  'ca',
  'serverName',
  'own',
  'maxSessions',
  'options',
  'redis',
  'store',
  'worker',
  'texts',
  'parameters',
  'maxBacklogBytes',
  'maxBacklogSeconds',
  'readsBeyondBacklogBytes',
  'segmentBytes',
  'retention',
  'storeRetention',
  'days',
  'bytes',
  'sinks',
  'kind',
  'path',
  'url',
  'secret',
  'format',
  'maxBytes',
  'keep',
  'timeoutMs',
  'maxFrameBytes',
  'wholeFrameBytes',
  'loginMs',
  'upstreamLoginMs',
  'knowledgeMs',
  'recheckMs',
  'shutdownGraceMs',
  'level',
];
