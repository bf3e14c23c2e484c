/**
 * The only file of this package that touches the world: a folder of policy documents, read, watched and
 * kept as an engine.
 *
 * Every `*.yaml` and `*.yml` below the folder is a document, except `cases.yaml` and hidden files. A change
 * counts when it was read twice the same, a short silence apart. A set with a problem is refused as a whole and the last good one stays in
 * force. The revision is a hash of names and contents, so equal folders have equal revisions on every node.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { createEngine, type Engine, type Grants } from './engine.ts';
import { loadPolicies, type PolicySource } from './load-policies.ts';
import { formatProblem, type Problem } from './problem.ts';
import type { ColumnLabels } from './subject.ts';

export interface PolicyFolder {
  /** The engine of the last good set. */
  current(): Engine;
  /** Calls back after every reload that changed something, good or refused. Returns a function that ends it. */
  onChange(listener: (change: PolicyChange) => void): () => void;
  close(): void;
}

export type PolicyChange =
  | { readonly kind: 'loaded'; readonly engine: Engine }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface PolicyFolderOptions {
  readonly grants?: Grants;
  /** Labels from the comments of databases. */
  readonly columnLabels?: ColumnLabels;
  /** Silence after a change before it is read. */
  readonly debounceMs?: number;
  /** How often the folder is read anyway, for file systems that do not report changes. */
  readonly pollMs?: number;
}

const DEBOUNCE_MS = 150;
const POLL_MS = 5_000;
const MAX_FILES = 2_000;

/** Reads the sources of a folder in the order of their names. Throws `GatewayError` when it cannot be read. */
export function readPolicySources(folder: string): readonly PolicySource[] {
  try {
    return listFiles(folder).map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError(
      'config',
      'policy-folder-unreadable',
      `policy folder \`${folder}\` cannot be read`,
      { cause },
    );
  }
}

function listFiles(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(isPolicyFile)
    .sort();
  if (files.length <= MAX_FILES) return files;
  throw new GatewayError(
    'config',
    'policy-folder-too-large',
    `policy folder \`${folder}\` has too many files: expected at most ${MAX_FILES}, got ${files.length}`,
  );
}

function isPolicyFile(path: string): boolean {
  const parts = path.split('/');
  if (parts.some((part) => part.startsWith('.') || part === 'node_modules')) return false;
  const name = parts.at(-1) ?? '';
  return /\.ya?ml$/.test(name) && !/^cases\.ya?ml$/.test(name);
}

/** The revision of a set of sources: 16 hex digits over names and contents. */
export function policyRevision(sources: readonly PolicySource[]): string {
  const hash = createHash('sha256');
  for (const { file, text } of sources)
    hash.update(`${Buffer.byteLength(file)} ${file} ${Buffer.byteLength(text)} ${text}\n`);
  return hash.digest('hex').slice(0, 16);
}

/** Opens a folder. Throws `GatewayError` with every problem in its message when the first set is not good. */
export function createPolicyFolder(folder: string, options: PolicyFolderOptions = {}): PolicyFolder {
  return new WatchedFolder(folder, options);
}

class WatchedFolder implements PolicyFolder {
  readonly #folder: string;
  readonly #options: PolicyFolderOptions;
  readonly #listeners = new Set<(change: PolicyChange) => void>();
  readonly #poll: NodeJS.Timeout;
  #watchers: readonly FSWatcher[] = [];
  #pending: NodeJS.Timeout | undefined;
  #engine: Engine;
  /** A revision that is not in force yet, and since when it is seen. */
  #candidate: { readonly revision: string; readonly since: number } | undefined;
  /** The revision last read, good or not, so that a bad set is reported once. */
  #seen: string;

  constructor(folder: string, options: PolicyFolderOptions) {
    this.#folder = folder;
    this.#options = options;
    const sources = readPolicySources(folder);
    this.#seen = policyRevision(sources);
    const change = this.#load(sources);
    if (change.kind === 'refused') throw refusal(folder, change.problems);
    this.#engine = change.engine;
    this.#watch();
    this.#poll = setInterval(() => this.#reload(), options.pollMs ?? POLL_MS);
    this.#poll.unref();
  }

  current(): Engine {
    return this.#engine;
  }

  onChange(listener: (change: PolicyChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#pending);
    this.#unwatch();
    this.#listeners.clear();
  }

  #load(sources: readonly PolicySource[]): PolicyChange {
    const result = loadPolicies(sources);
    if (!result.ok) return { kind: 'refused', problems: result.problems };
    if (result.set.policies.length === 0)
      return { kind: 'refused', problems: [this.#problem('no policy document found')] };
    const { grants, columnLabels } = this.#options;
    const revision = policyRevision(sources);
    return {
      kind: 'loaded',
      engine: createEngine(result.set, {
        revision,
        ...(grants === undefined ? {} : { grants }),
        ...(columnLabels === undefined ? {} : { columnLabels }),
      }),
    };
  }

  #watch(): void {
    try {
      const watcher = watch(this.#folder, { recursive: true, persistent: false }, () => this.#schedule());
      watcher.on('error', () => this.#unwatch());
      this.#watchers = [watcher];
    } catch {
      // Not every file system can be watched; the poll finds the change.
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #schedule(): void {
    clearTimeout(this.#pending);
    this.#pending = setTimeout(() => this.#reload(), this.#debounceMs());
    this.#pending.unref();
  }

  #reload(): void {
    const change = this.#read();
    if (change === undefined) return;
    if (change.kind === 'loaded') this.#engine = change.engine;
    for (const listener of this.#listeners) listener(change);
  }

  #read(): PolicyChange | undefined {
    try {
      const sources = readPolicySources(this.#folder);
      const revision = policyRevision(sources);
      if (revision === this.#seen) return undefined;
      if (!this.#isSettled(revision)) return undefined;
      this.#seen = revision;
      return this.#load(sources);
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  /** SECURITY: a document that is still being written may lack its last rules, so a change counts when it was seen twice. */
  #isSettled(revision: string): boolean {
    const now = performance.now();
    if (this.#candidate?.revision !== revision) this.#candidate = { revision, since: now };
    // Timers fire up to a millisecond early.
    if (now - this.#candidate.since >= this.#debounceMs() - 1) return true;
    this.#schedule();
    return false;
  }

  #debounceMs(): number {
    return this.#options.debounceMs ?? DEBOUNCE_MS;
  }

  #unreadable(error: unknown): PolicyChange | undefined {
    const message = error instanceof GatewayError ? error.message : 'policy folder cannot be read';
    if (this.#seen === message) return undefined;
    this.#seen = message;
    return { kind: 'refused', problems: [this.#problem(message)] };
  }

  #problem(message: string): Problem {
    return { file: this.#folder, line: 1, column: 1, message };
  }
}

const MAX_PROBLEMS_IN_MESSAGE = 10;

function refusal(folder: string, problems: readonly Problem[]): GatewayError {
  const shown = problems.slice(0, MAX_PROBLEMS_IN_MESSAGE).map(formatProblem).join('; ');
  const more =
    problems.length > MAX_PROBLEMS_IN_MESSAGE
      ? `; and ${problems.length - MAX_PROBLEMS_IN_MESSAGE} more`
      : '';
  return new GatewayError(
    'config',
    'policy-refused',
    `policy folder \`${folder}\` is refused: ${shown}${more}`,
    {
      context: { problems: problems.length },
    },
  );
}
