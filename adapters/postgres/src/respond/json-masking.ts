/**
 * Masks parts of JSON values by path; everything else stays byte for byte as it was, numbers and repeated keys
 * included.
 *
 * A path goes through arrays to each of their items, or names one by its position; names are compared without case, and
 * a key with dots in it is read as a path. A masked object or array keeps its form, every value inside is masked;
 * with the masker `null` it becomes null as a whole. What is no JSON, or nested too deep, becomes NULL.
 */
import type { Masker } from '@gatehouse/masking';
import type { WriteMasked } from './masked-value.ts';

/** A masker and the names that lead to what it masks; at least one. */
export interface JsonMask {
  readonly path: readonly string[];
  readonly masker: Masker;
}

/** Masks json in both formats and jsonb in text; jsonb in binary has a version in front. */
export function maskJson(masks: readonly JsonMask[], isVersioned: boolean): WriteMasked {
  const root = createTree(masks);
  return (source, start, end, out) => {
    const first = isVersioned ? start + 1 : start;
    if (isVersioned && source[start] !== JSONB_VERSION) return false;
    const masked = maskText(source.toString('utf8', first, end), root);
    if (masked === null) return false;
    const bytes = Buffer.from(masked);
    out.copy(source, start, first);
    out.copy(bytes, 0, bytes.length);
    return true;
  };
}

interface Node {
  masker: Masker | null;
  readonly children: Map<string, Node>;
}

function createTree(masks: readonly JsonMask[]): Node {
  const root: Node = { masker: null, children: new Map() };
  for (const { path, masker } of masks) {
    let node = root;
    for (const part of path) {
      const name = part.toLowerCase();
      const child = node.children.get(name) ?? { masker: null, children: new Map() };
      node.children.set(name, child);
      node = child;
    }
    // Two masks on one path: nobody can say which it is, and nothing is shown but by `null`.
    if (node.masker === null || masker.spec.kind === 'null') node.masker = masker;
  }
  return root;
}

/** The nodes for what stands below a key or a position: several where a path goes through and names it too. */
function stepInto(nodes: readonly Node[], key: string): readonly Node[] {
  let current = nodes;
  for (const part of key.toLowerCase().split('.'))
    current = current.flatMap((node) => (node.masker !== null ? [node] : (node.children.get(part) ?? [])));
  return current;
}

function maskText(text: string, root: Node): string | null {
  const reader = new JsonMasker(text);
  try {
    return reader.mask(root);
  } catch {
    // SECURITY: the message of a failure could carry the value (json-masking.test.ts).
    return null;
  }
}

/** Throws for anything that is not JSON. */
class JsonMasker {
  readonly #text: string;
  readonly #words = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
  readonly #parts: string[] = [];
  #at = 0;
  #copied = 0;

  constructor(text: string) {
    this.#text = text;
  }

  mask(root: Node): string {
    this.#value([root], 0);
    this.#space();
    if (this.#at !== this.#text.length) throw MALFORMED;
    this.#parts.push(this.#text.slice(this.#copied));
    return this.#parts.join('');
  }

  #value(nodes: readonly Node[], depth: number): void {
    if (depth > MAX_DEPTH) throw MALFORMED;
    this.#space();
    const start = this.#at;
    const sign = this.#text[start];
    const masker = maskerOf(nodes);
    const before = this.#parts.length;
    const copied = this.#copied;
    if (sign === '{') this.#object(nodes, depth);
    else if (sign === '[') this.#array(nodes, depth);
    else {
      const token = sign === '"' ? this.#string() : this.#word();
      if (masker !== null) this.#replace(start, maskScalar(token, masker));
      return;
    }
    if (masker?.spec.kind !== 'null') return;
    // Keys may be values too; a null says nothing of them.
    this.#parts.length = before;
    this.#copied = copied;
    this.#replace(start, 'null');
  }

  #object(nodes: readonly Node[], depth: number): void {
    for (let isFirst = true; this.#goesOn('}', isFirst); isFirst = false) {
      this.#space();
      const key = JSON.parse(this.#string()) as string;
      this.#space();
      this.#take(':');
      this.#value(stepInto(nodes, key), depth + 1);
    }
  }

  #array(nodes: readonly Node[], depth: number): void {
    let position = 0;
    for (let isFirst = true; this.#goesOn(']', isFirst); isFirst = false)
      this.#value([...nodes, ...stepInto(nodes, String(position++))], depth + 1);
  }

  /** Takes the opening sign or a comma, and is false behind the closing one. */
  #goesOn(close: string, isFirst: boolean): boolean {
    if (isFirst) this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return false;
    }
    if (!isFirst) this.#take(',');
    return true;
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw MALFORMED;
    for (let at = start + 1; at < this.#text.length; at++) {
      const sign = this.#text[at];
      if (sign === '\\') at += 1;
      else if (sign === '"') {
        this.#at = at + 1;
        return this.#text.slice(start, this.#at);
      }
    }
    throw MALFORMED;
  }

  /** A number, true, false or null. */
  #word(): string {
    this.#words.lastIndex = this.#at;
    const match = this.#words.exec(this.#text);
    if (match === null) throw MALFORMED;
    this.#at += match[0].length;
    return match[0];
  }

  #space(): void {
    while (SPACE.includes(this.#text[this.#at] ?? '.')) this.#at += 1;
  }

  #take(sign: string): void {
    if (this.#text[this.#at] !== sign) throw MALFORMED;
    this.#at += 1;
  }

  /** What was read since `start` leaves as something else. */
  #replace(start: number, text: string): void {
    this.#parts.push(this.#text.slice(this.#copied, start), text);
    this.#copied = this.#at;
  }
}

/** The masker that holds for a value itself: `null` before any other. */
function maskerOf(nodes: readonly Node[]): Masker | null {
  const maskers = nodes.flatMap(({ masker }) => masker ?? []);
  return maskers.find(({ spec }) => spec.kind === 'null') ?? maskers[0] ?? null;
}

function maskScalar(token: string, masker: Masker): string {
  if (token === 'null') return token;
  if (token.startsWith('"')) {
    const masked = masker.apply('text', JSON.parse(token) as string);
    return masked === null ? 'null' : JSON.stringify(masked);
  }
  const masked = masker.apply(token === 'true' || token === 'false' ? 'boolean' : 'decimal', token);
  return masked ?? 'null';
}

const SPACE = ' \t\n\r';
const MAX_DEPTH = 500;
const JSONB_VERSION = 1;
const MALFORMED = new Error('not JSON');
