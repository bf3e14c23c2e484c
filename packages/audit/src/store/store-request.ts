/**
 * The questions that another process may ask the owner of a store, and nothing else: one JSON
 * object per line, answered by one line with the same id.
 *
 *   {"id":1,"method":"show","params":["s1-1"]}   ->   {"id":1,"result":[…]} or {"id":1,"error":{…}}
 */
import type { AuditReader, SearchFilter, StoreLimits } from './audit-store.ts';

export interface StoreRequest {
  readonly id: number;
  readonly ask: (store: AuditReader) => Promise<unknown>;
}

const FILTER_TEXTS: readonly (keyof SearchFilter)[] = [
  'node',
  'from',
  'to',
  'kind',
  'who',
  'database',
  'object',
  'action',
  'effect',
  'rule',
  'result',
  'code',
  'request',
  'session',
  'verb',
  'purpose',
  'text',
];
const FILTER_NUMBERS: readonly (keyof SearchFilter)[] = ['before', 'limit'];

type Parse = (params: readonly unknown[]) => StoreRequest['ask'] | null;

const METHODS: Readonly<Record<string, Parse>> = {
  tail: ([after, limit]) =>
    (after === null || isCount(after)) && isCount(limit) ? (store) => store.tail(after, limit) : null,
  search: ([filter]) => (isFilter(filter) ? (store) => store.search(filter) : null),
  show: ([request]) => (typeof request === 'string' ? (store) => store.show(request) : null),
  lines: ([node, after, limit]) =>
    typeof node === 'string' && isCount(after) && isCount(limit)
      ? (store) => store.lines(node, after, limit)
      : null,
  verifyInfo: () => (store) => store.verifyInfo(),
  checkpoints: () => (store) => store.checkpoints(),
  planRetention: ([limits, now]) =>
    isLimits(limits) && isCount(now) ? (store) => store.planRetention(limits, now) : null,
};

/** Gives the question in a line, or null for anything that is none. */
export function parseStoreRequest(line: string): StoreRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { id, method, params } = value as Record<string, unknown>;
  if (!isCount(id) || typeof method !== 'string' || !Array.isArray(params)) return null;
  const ask = Object.hasOwn(METHODS, method) ? METHODS[method]!(params) : null;
  return ask === null ? null : { id, ask };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLimits(value: unknown): value is StoreLimits {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([key, field]) => (key === 'maxAgeMs' || key === 'maxBytes') && typeof field === 'number' && field >= 0,
  );
}

function isFilter(value: unknown): value is SearchFilter {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(
    ([key, field]) =>
      (FILTER_TEXTS.some((name) => name === key) && typeof field === 'string') ||
      (FILTER_NUMBERS.some((name) => name === key) && isCount(field)),
  );
}
