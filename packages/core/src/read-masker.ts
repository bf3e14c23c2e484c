/**
 * Reads a masker: a word (`redact`, `hash`, `null`), or a map for those that take settings
 * (`{ kind: partial, keepFirst: 1, keepLast: 4 }`, `{ kind: round, step: 100 }`).
 */
import type { MaskerSpec } from '@gatehouse/model';
import { isMap, type Node } from 'yaml';
import type { YamlReader } from './yaml-reader.ts';

const KINDS = ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'] as const;
const KEYS = ['kind', 'text', 'keepFirst', 'keepLast', 'step'] as const;
type Key = (typeof KEYS)[number];
type Fields = ReadonlyMap<Key, Node | null>;

const SETTINGS: Readonly<Record<MaskerSpec['kind'], readonly Key[]>> = {
  null: [],
  redact: ['text'],
  partial: ['keepFirst', 'keepLast'],
  hash: [],
  token: [],
  round: ['step'],
  year: [],
  zero: [],
};

/** The masker at a node, or undefined after a reported problem. */
export function readMasker(reader: YamlReader, node: Node | null, what: string): MaskerSpec | undefined {
  if (!isMap(node)) {
    const kind = node === null ? 'null' : reader.word(node, what, KINDS);
    return kind === undefined ? undefined : build(reader, node, kind, new Map(), what);
  }
  const fields = reader.fields(node, what, KEYS);
  if (fields === undefined) return undefined;
  if (!fields.has('kind')) return reader.problem(node, `${what} has no \`kind\``);
  const kind = reader.word(fields.get('kind') ?? null, `${what}.kind`, KINDS);
  if (kind === undefined) return undefined;
  for (const key of fields.keys()) {
    if (key !== 'kind' && !SETTINGS[kind].includes(key))
      reader.problem(fields.get(key) ?? node, `masker \`${kind}\` takes no \`${key}\``);
  }
  return build(reader, node, kind, fields, what);
}

function build(
  reader: YamlReader,
  node: Node | null,
  kind: MaskerSpec['kind'],
  fields: Fields,
  what: string,
): MaskerSpec | undefined {
  if (kind === 'partial') return buildPartial(reader, fields, what);
  if (kind === 'redact') {
    const text = fields.has('text') ? reader.string(fields.get('text') ?? null, `${what}.text`) : undefined;
    return text === undefined ? { kind } : { kind, text };
  }
  if (kind !== 'round') return { kind };
  const stepNode = fields.get('step') ?? null;
  if (stepNode === null) return reader.problem(node, `masker \`round\` needs a \`step\``);
  const step = reader.number(stepNode, `${what}.step`);
  if (step === undefined) return undefined;
  return step > 0
    ? { kind, step }
    : reader.problem(stepNode, `${what}.step must be above 0, got \`${step}\``);
}

function buildPartial(reader: YamlReader, fields: Fields, what: string): MaskerSpec | undefined {
  const count = (key: 'keepFirst' | 'keepLast') =>
    fields.has(key) ? reader.integer(fields.get(key) ?? null, `${what}.${key}`, 0) : 0;
  const keepFirst = count('keepFirst');
  const keepLast = count('keepLast');
  if (keepFirst === undefined || keepLast === undefined) return undefined;
  return { kind: 'partial', keepFirst, keepLast };
}
