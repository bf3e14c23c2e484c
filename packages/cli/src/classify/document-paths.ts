/**
 * Takes documents apart into paths and their values: `{ a: { b: [1, 2] } }` has the path `a.b` with two values.
 *
 * Positions in arrays are left out, as in classification documents. Names with a dot or a wildcard in them cannot be
 * written as a path and stand under the path above them. Depth and number of paths are bounded; what
 * is beyond is left out.
 */
import type { ValueType } from '@gatehouse/classify';
import { MAX_VALUE_CHARACTERS, type SampledPart } from './sampled-table.ts';

const MAX_DEPTH = 12;
const MAX_PATHS = 500;
const MAX_VALUES_PER_DOCUMENT = 2_000;

/** Every path of the documents that leads to a value, in the order of their first appearance. */
export function partsOfDocuments(documents: readonly unknown[]): readonly SampledPart[] {
  const found = new Map<string, Part>();
  for (const document of documents) new Walk(found).take(document, [], 0);
  return [...found.values()].map(({ path, values, types }) => ({ path, values, type: commonest(types) }));
}

interface Part {
  readonly path: readonly string[];
  readonly values: string[];
  readonly types: Map<ValueType, number>;
}

class Walk {
  readonly #found: Map<string, Part>;
  #left = MAX_VALUES_PER_DOCUMENT;

  constructor(found: Map<string, Part>) {
    this.#found = found;
  }

  take(value: unknown, path: readonly string[], depth: number): void {
    if (value === null || value === undefined || depth > MAX_DEPTH || this.#left <= 0) return;
    if (Array.isArray(value)) {
      for (const item of value) this.take(item, path, depth + 1);
      return;
    }
    const leaf = readLeaf(value);
    if (leaf !== undefined) this.#add(path, leaf);
    else if (typeof value === 'object')
      for (const [name, inner] of Object.entries(value))
        this.take(inner, isName(name) ? [...path, name] : path, depth + 1);
  }

  #add(path: readonly string[], { type, text }: Leaf): void {
    this.#left -= 1;
    const key = path.join('.');
    let part = this.#found.get(key);
    if (part === undefined) {
      if (this.#found.size >= MAX_PATHS) return;
      part = { path, values: [], types: new Map() };
      this.#found.set(key, part);
    }
    part.types.set(type, (part.types.get(type) ?? 0) + 1);
    if (text !== undefined) part.values.push(text.slice(0, MAX_VALUE_CHARACTERS));
  }
}

interface Leaf {
  readonly type: ValueType;
  /** Absent for values that no detector reads: identifiers, bytes, expressions. */
  readonly text?: string;
}

function readLeaf(value: unknown): Leaf | undefined {
  if (typeof value === 'string') return { type: 'text', text: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { type: 'number', text: String(value) };
  if (typeof value === 'boolean') return { type: 'boolean', text: String(value) };
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { type: 'date' } : { type: 'date', text: value.toISOString() };
  if (value instanceof Uint8Array) return { type: 'other' };
  return typeof value === 'object' && value !== null ? readBsonLeaf(value) : { type: 'other' };
}

/** Values for which the driver has classes of its own. */
function readBsonLeaf(value: object): Leaf | undefined {
  const kind = '_bsontype' in value ? value._bsontype : undefined;
  if (typeof kind !== 'string') return undefined;
  if (NUMBERS.has(kind)) return { type: 'number', text: String(value) };
  return { type: 'other' };
}

const NUMBERS: ReadonlySet<string> = new Set(['Long', 'Int32', 'Double', 'Decimal128']);

/** Whether a name can stand in a path of a classification. */
function isName(name: string): boolean {
  return name !== '' && name.length <= 200 && !/[.*?]/.test(name);
}

function commonest(types: ReadonlyMap<ValueType, number>): ValueType {
  let best: ValueType = 'other';
  let most = 0;
  for (const [type, count] of types) {
    if (count <= most) continue;
    best = type;
    most = count;
  }
  return best;
}

/** Takes texts apart that are JSON objects or arrays; undefined when less than half of them are. */
export function readJsonTexts(texts: readonly string[]): readonly unknown[] | undefined {
  const documents: unknown[] = [];
  for (const text of texts) {
    if (!/^\s*[[{]/.test(text)) continue;
    try {
      documents.push(JSON.parse(text));
    } catch {
      // Cut off, or no JSON: one text less.
    }
  }
  return documents.length > 0 && documents.length * 2 >= texts.length ? documents : undefined;
}
