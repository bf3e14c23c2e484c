/**
 * Reads typed values out of YAML nodes and collects what is wrong with their places.
 *
 * Values are never converted: a name that YAML reads as a number or a boolean is a mistake to report.
 */
import type { JsonValue } from '@gatehouse/model';
import { isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** A mistake in a file; line and column count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The values of a mapping by key; a Map, because keys come from a file. */
export type YamlMap = ReadonlyMap<string, Node>;

/** Every method reports and gives undefined (or null) when the value is not as asked for; absent is undefined without a report. */
export interface YamlReader {
  readonly problems: readonly Problem[];
  report(at: Node | number | null, message: string): void;
  map(node: Node | null, keys: readonly string[], expected: string): YamlMap | null;
  list(map: YamlMap, key: string): readonly Node[] | undefined;
  string(map: YamlMap, key: string): string | undefined;
  boolean(map: YamlMap, key: string): boolean | undefined;
  strings(map: YamlMap, key: string): readonly string[] | undefined;
  json(map: YamlMap, key: string): JsonValue | undefined;
}

const MAX_JSON_DEPTH = 16;

export function createYamlReader(file: string, lines: LineCounter): YamlReader {
  const problems: Problem[] = [];
  function report(at: Node | number | null, message: string): void {
    const offset = typeof at === 'number' ? at : (at?.range?.[0] ?? 0);
    const { line, col } = lines.linePos(offset);
    problems.push({ file, line: Math.max(1, line), column: Math.max(1, col), message });
  }
  function scalar(map: YamlMap, key: string, type: 'string' | 'boolean'): unknown {
    const node = map.get(key);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === type) return node.value;
    report(node, `expected \`${key}\` to be a ${type}`);
    return undefined;
  }
  function list(map: YamlMap, key: string): readonly Node[] | undefined {
    const node = map.get(key);
    if (node === undefined) return undefined;
    if (isSeq(node)) return node.items.filter(isNode);
    report(node, `expected \`${key}\` to be a list`);
    return undefined;
  }
  return {
    problems,
    report,
    list,
    map: (node, keys, expected) => readMap(node, keys, expected, report),
    string: (map, key) => scalar(map, key, 'string') as string | undefined,
    boolean: (map, key) => scalar(map, key, 'boolean') as boolean | undefined,
    strings(map, key) {
      return list(map, key)?.flatMap((node) => {
        if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return [node.value];
        report(node, `expected \`${key}\` to be a list of strings`);
        return [];
      });
    },
    json(map, key) {
      const node = map.get(key);
      return node === undefined ? undefined : readJson(node, report, 0);
    },
  };
}

type Report = YamlReader['report'];

function readMap(
  node: Node | null,
  keys: readonly string[] | null,
  expected: string,
  report: Report,
): YamlMap | null {
  if (!isMap(node)) {
    report(node, `expected ${expected}`);
    return null;
  }
  const values = new Map<string, Node>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) && typeof key.value === 'string' ? key.value : null;
    if (name === null) report(isNode(key) ? key : node, 'expected a key that is a string');
    else if (keys !== null && !keys.includes(name))
      report(key as Node, `unknown key \`${name.slice(0, 64)}\`, expected one of ${keys.join(', ')}`);
    else if (isNode(value)) values.set(name, value);
    else report(key as Node, `expected a value for \`${name.slice(0, 64)}\``);
  }
  return values;
}

function readJson(node: Node, report: Report, depth: number): JsonValue {
  if (depth > MAX_JSON_DEPTH) report(node, `expected at most ${MAX_JSON_DEPTH} levels`);
  else if (isSeq(node)) return node.items.filter(isNode).map((item) => readJson(item, report, depth + 1));
  else if (isMap(node)) {
    const map = readMap(node, null, 'a mapping', report) ?? new Map<string, Node>();
    return Object.fromEntries([...map].map(([key, value]) => [key, readJson(value, report, depth + 1)]));
  } else if (isScalar(node)) return readScalar(node.value, node, report);
  return null;
}

function readScalar(value: unknown, node: Node, report: Report): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  report(node, 'expected a value that JSON can hold');
  return null;
}
