/**
 * Reads YAML documents by their syntax tree, so that every mistake has its place.
 *
 * Nothing is turned into plain objects: keys stay strings in nodes (`__proto__` is a key like any
 * other), aliases and tags are refused (no billion laughs), and a text is at most 1 MiB. Readers return undefined
 * when they have reported a problem; callers go on, so that one run shows all mistakes.
 */

import type { JsonValue } from '@gatehouse/model';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import type { Problem } from './problem.ts';
import { suggest } from './suggest.ts';

const MAX_YAML_CHARACTERS = 1024 * 1024;
const MAX_LIST_ITEMS = 2_000;

export interface Entry {
  readonly key: string;
  readonly keyNode: Node;
  readonly value: Node | null;
}

/** One file being read. Collects problems. */
export class YamlReader {
  readonly file: string;
  readonly text: string;
  readonly #problems: Problem[];
  readonly #lines = new LineCounter();

  constructor(file: string, text: string, problems: Problem[]) {
    this.file = file;
    this.text = text;
    this.#problems = problems;
  }

  /** The root nodes of the file's documents; documents with syntax errors are reported and left out. */
  documents(): readonly Node[] {
    if (this.text.length > MAX_YAML_CHARACTERS) {
      this.problemAt(
        0,
        `file is too large: expected at most ${MAX_YAML_CHARACTERS} characters, got ${this.text.length}`,
      );
      return [];
    }
    const roots: Node[] = [];
    for (const document of this.#parse()) {
      for (const error of [...document.errors, ...document.warnings]) {
        this.problemAt(error.pos[0], `yaml: ${firstLine(error.message)}`);
      }
      if (document.errors.length === 0 && document.contents !== null) roots.push(document.contents as Node);
    }
    return roots;
  }

  #parse(): readonly Document[] {
    try {
      const parsed = parseAllDocuments(this.text, {
        lineCounter: this.#lines,
        uniqueKeys: true,
        prettyErrors: true,
      });
      return Array.isArray(parsed) ? (parsed as readonly Document[]) : [];
    } catch {
      this.problemAt(0, 'yaml: nested too deeply');
      return [];
    }
  }

  /** Reports a problem at a node's first character. */
  problem(node: Node | null, message: string, suggestion?: string): undefined {
    return this.problemAt(node?.range?.[0] ?? 0, message, suggestion);
  }

  /** Reports a problem at an offset of the text. */
  problemAt(offset: number, message: string, suggestion?: string): undefined {
    this.#problems.push(this.#placed(offset, message, suggestion));
    return undefined;
  }

  /** A problem at a node's first character, not reported. */
  place(node: Node | null, message: string, suggestion?: string): Problem {
    return this.#placed(node?.range?.[0] ?? 0, message, suggestion);
  }

  #placed(offset: number, message: string, suggestion: string | undefined): Problem {
    const { line, col } = this.#lines.linePos(Math.min(offset, this.text.length));
    const place = { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), message };
    return suggestion === undefined ? place : { ...place, suggestion };
  }

  line(node: Node | null): number {
    return Math.max(1, this.#lines.linePos(node?.range?.[0] ?? 0).line);
  }

  /** A map's entries in order, whatever the keys are; keys that are no text are reported. */
  entries(node: Node | null, what: string): readonly Entry[] | undefined {
    if (!isMap(node)) return this.problem(node, `${what} must be a map, got ${kindOf(node)}`);
    const entries: Entry[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      if (!isScalar(keyNode) || typeof keyNode.value !== 'string') {
        this.problem(keyNode ?? node, `${what} has a key that is not text`);
        continue;
      }
      entries.push({ key: keyNode.value, keyNode, value: (pair.value ?? null) as Node | null });
    }
    return entries;
  }

  /** A map that may hold only the keys named; others are reported with the nearest one. */
  fields<K extends string>(
    node: Node | null,
    what: string,
    keys: readonly K[],
  ): ReadonlyMap<K, Node | null> | undefined {
    const entries = this.entries(node, what);
    if (entries === undefined) return undefined;
    const fields = new Map<K, Node | null>();
    for (const { key, keyNode, value } of entries) {
      const known = keys.find((candidate) => candidate === key);
      if (known === undefined) this.#unknownKey(keyNode, key, what, keys);
      else fields.set(known, value);
    }
    return fields;
  }

  #unknownKey(node: Node, key: string, what: string, keys: readonly string[]): void {
    const near = suggest(key, keys);
    const hint = near === undefined ? `known keys: ${keys.join(', ')}` : `did you mean \`${near}\`?`;
    this.problem(node, `unknown key \`${key}\` in ${what}`, hint);
  }

  /** Text that is not empty. */
  string(node: Node | null, what: string): string | undefined {
    if (isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '') return node.value;
    return this.problem(node, `${what} must be text, got ${kindOf(node)}`);
  }

  boolean(node: Node | null, what: string): boolean | undefined {
    if (isScalar(node) && typeof node.value === 'boolean') return node.value;
    return this.problem(node, `${what} must be true or false, got ${kindOf(node)}`);
  }

  /** A whole number of at least `minimum`. */
  integer(node: Node | null, what: string, minimum: number): number | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minimum) return value;
    return this.problem(node, `${what} must be a whole number of at least ${minimum}, got ${kindOf(node)}`);
  }

  number(node: Node | null, what: string): number | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    return this.problem(node, `${what} must be a number, got ${kindOf(node)}`);
  }

  /** One of the words; others are reported with the nearest one. */
  word<W extends string>(node: Node | null, what: string, words: readonly W[]): W | undefined {
    const text = isScalar(node) && node.value === null ? 'null' : this.string(node, what);
    if (text === undefined) return undefined;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const near = suggest(text, words);
    const hint = near === undefined ? `expected one of: ${words.join(', ')}` : `did you mean \`${near}\`?`;
    return this.problem(node, `${what} cannot be \`${clip(text)}\``, hint);
  }

  /** The nodes of a list; one value that is no list stands for a list of itself. An empty list is reported, because it matches nothing. */
  items(node: Node | null, what: string): readonly Node[] | undefined {
    if (!isSeq(node)) return node === null ? this.problem(node, `${what} is missing`) : [node];
    if (node.items.length === 0) return this.problem(node, `${what} is empty and matches nothing`);
    if (node.items.length > MAX_LIST_ITEMS) {
      return this.problem(
        node,
        `${what} is too long: expected at most ${MAX_LIST_ITEMS} items, got ${node.items.length}`,
      );
    }
    return node.items as readonly Node[];
  }

  /** A list of texts, or one text. Repeated ones are reported. */
  strings(node: Node | null, what: string): readonly string[] | undefined {
    const texts: string[] = [];
    for (const item of this.items(node, what) ?? []) {
      const text = this.string(item, what);
      if (text === undefined) continue;
      if (texts.includes(text)) this.problem(item, `${what} names \`${clip(text)}\` twice`);
      else texts.push(text);
    }
    return texts.length === 0 ? undefined : texts;
  }

  /** A list of words, or one word. */
  words<W extends string>(node: Node | null, what: string, words: readonly W[]): readonly W[] | undefined {
    const found = (this.items(node, what) ?? []).map((item) => this.word(item, what, words));
    const clean = found.filter((word) => word !== undefined);
    return clean.length === 0 ? undefined : [...new Set(clean)];
  }
}

/** What stands at a node, as people call it. */
export function kindOf(node: Node | null): string {
  if (node === null) return 'nothing';
  if (isAlias(node)) return 'an alias (aliases are not supported)';
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (typeof node.value === 'string')
    return node.value.trim() === '' ? 'empty text' : `\`${clip(node.value)}\``;
  return `\`${clip(String(node.value))}\``;
}

function clip(text: string): string {
  const line = firstLine(text);
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, '');
}

const MAX_JSON_DEPTH = 64;

/** A node as plain JSON; what JSON cannot hold (aliases, nesting beyond a bound) becomes null. Keys are own properties, whatever they are called. */
export function toJson(node: Node | null, depth = 0): JsonValue {
  if (depth > MAX_JSON_DEPTH) return null;
  if (isSeq(node)) return node.items.map((item) => toJson(item as Node | null, depth + 1));
  if (isMap(node)) {
    const pairs = node.items.map((pair) => [
      keyText(pair.key),
      toJson((pair.value ?? null) as Node | null, depth + 1),
    ]);
    return Object.fromEntries(pairs) as JsonValue;
  }
  const value = isScalar(node) ? node.value : null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}
