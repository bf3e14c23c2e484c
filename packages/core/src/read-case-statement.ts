/**
 * Statements in case files: the model's facts as they are recorded (`facts:`), or the short form
 *
 *     verb: update
 *     access:
 *       - { action: update, object: public.orders, fields: [status, id:filter] }
 *     bounded: false
 *
 * In the short form a field stands for `output` in a read and for `write` in an insert or update, unless
 * `:use` says otherwise. Where `output` is not given, the output fields of the reads come back
 * unchanged, or nothing when the statement writes. Absent facts have their harmless value; `unknown` is written.
 */
import {
  ACTIONS,
  type Access,
  type Action,
  FIELD_USES,
  type FieldAccess,
  type FieldSource,
  type FieldUse,
  type Known,
  known,
  type ObjectKind,
  type ObjectRef,
  type OutputColumn,
  type Statement,
  unknown,
} from '@gatehouse/model';
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { OBJECT_KINDS } from './read-match.ts';
import { isStatement } from './request-facts.ts';
import { toJson, type YamlReader } from './yaml-reader.ts';

const KEYS = ['verb', 'access', 'output', 'bounded', 'limit', 'functions', 'irreversible', 'facts'] as const;
type Fields = ReadonlyMap<(typeof KEYS)[number], Node | null>;

/** The statement at a node, or undefined after a reported problem. */
export function readCaseStatement(reader: YamlReader, node: Node | null): Statement | undefined {
  const fields = reader.fields(node, 'statement', KEYS);
  if (fields === undefined) return undefined;
  if (fields.has('facts')) return readFacts(reader, fields.get('facts') ?? null);
  const accesses = readAccesses(reader, fields.get('access') ?? null);
  const verb = fields.has('verb') ? reader.string(fields.get('verb') ?? null, 'verb') : verbOf(accesses);
  if (verb === undefined || accesses === undefined) return undefined;
  const flag = (key: 'bounded' | 'irreversible') => reader.boolean(fields.get(key) ?? null, key) ?? false;
  return {
    verb,
    accesses,
    bounded: fact(fields, 'bounded', true, () => flag('bounded')),
    limit: fact(fields, 'limit', null, (value) => reader.integer(value, 'limit', 0) ?? null),
    functions: fact(fields, 'functions', [], (value) => reader.strings(value, 'functions') ?? []),
    output: fields.has('output') ? readOutput(reader, fields.get('output') ?? null) : defaultOutput(accesses),
    irreversible: fields.has('irreversible') && flag('irreversible'),
    fingerprint: '',
  };
}

function readFacts(reader: YamlReader, node: Node | null): Statement | undefined {
  const facts: unknown = toJson(node);
  return isStatement(facts)
    ? facts
    : reader.problem(node, '`facts` is no statement in the form of the request model');
}

function fact<T>(
  fields: Fields,
  key: 'bounded' | 'limit' | 'functions',
  absent: T,
  read: (node: Node | null) => T,
): Known<T> {
  if (!fields.has(key)) return known(absent);
  const node = fields.get(key) ?? null;
  return isUnknown(node) ? unknown(`${key} is unknown`) : known(read(node));
}

function isUnknown(node: Node | null): boolean {
  return isScalar(node) && node.value === 'unknown';
}

function readAccesses(reader: YamlReader, node: Node | null): Known<readonly Access[]> | undefined {
  if (isUnknown(node)) return unknown('the statement is unknown');
  if (node === null || (isSeq(node) && node.items.length === 0)) return known([]);
  const items = reader.items(node, 'access') ?? [];
  const accesses = items.map((item) => readAccess(reader, item)).filter((access) => access !== undefined);
  return accesses.length === items.length ? known(accesses) : undefined;
}

function readAccess(reader: YamlReader, node: Node): Access | undefined {
  const fields = reader.fields(node, 'access', ['action', 'object', 'kind', 'fields']);
  const action = fields && reader.word<Action>(fields.get('action') ?? null, 'action', ACTIONS);
  if (fields === undefined || action === undefined) return undefined;
  const kind = fields.has('kind')
    ? reader.word<ObjectKind>(fields.get('kind') ?? null, 'kind', OBJECT_KINDS)
    : 'relation';
  const objectNode = fields.get('object') ?? null;
  if (isUnknown(objectNode))
    return {
      action,
      object: unknown('the object is unknown'),
      fields: readFields(reader, fields.get('fields') ?? null, action),
    };
  const name = reader.string(objectNode, 'object');
  if (kind === undefined || name === undefined) return undefined;
  return {
    action,
    object: known(objectOf(kind, name)),
    fields: readFields(reader, fields.get('fields') ?? null, action),
  };
}

const KINDS_WITH_NAMESPACE: readonly ObjectKind[] = ['relation', 'routine', 'type', 'index'];

function objectOf(kind: ObjectKind, name: string): ObjectRef {
  const dot = name.indexOf('.');
  if (!KINDS_WITH_NAMESPACE.includes(kind) || dot < 0) return { kind, path: [name] };
  return { kind, path: [name.slice(0, dot), name.slice(dot + 1)] };
}

function readFields(reader: YamlReader, node: Node | null, action: Action): Known<readonly FieldAccess[]> {
  if (isUnknown(node)) return unknown('the fields are unknown');
  if (node === null || (isSeq(node) && node.items.length === 0)) return known([]);
  const usual: FieldUse = action === 'insert' || action === 'update' ? 'write' : 'output';
  const texts = reader.strings(node, 'fields') ?? [];
  return known(texts.flatMap((text) => readField(reader, node, text, usual) ?? []));
}

function readField(reader: YamlReader, node: Node, text: string, usual: FieldUse): FieldAccess | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { field: text, use: usual };
  const field = text.slice(0, colon);
  const word = text.slice(colon + 1);
  if (word === 'equality') return { field, use: 'filter', equality: true };
  const use = FIELD_USES.find((candidate) => candidate === word);
  if (use !== undefined) return { field, use };
  const words = [...FIELD_USES, 'equality'].join(', ');
  return reader.problem(node, `\`${text.slice(0, 60)}\` names no use`, `one of: ${words}`);
}

const VERBS: Readonly<Partial<Record<Action, string>>> = {
  read: 'select',
  define: 'create table',
  transact: 'begin',
};

function verbOf(accesses: Known<readonly Access[]> | undefined): string {
  const action = accesses?.known === true ? accesses.value.at(-1)?.action : undefined;
  return action === undefined ? 'select' : (VERBS[action] ?? action);
}

function defaultOutput(accesses: Known<readonly Access[]> | undefined): Known<readonly OutputColumn[]> {
  if (accesses === undefined || !accesses.known) return unknown('the output is unknown');
  const reads = accesses.value.filter(({ action }) => action === 'read');
  if (reads.length < accesses.value.length) return known([]);
  if (reads.some(({ fields, object }) => !fields.known || !object.known))
    return unknown('the output is unknown');
  return known(reads.flatMap(outputOf));
}

function outputOf({ object, fields }: Access): readonly OutputColumn[] {
  if (!object.known || !fields.known) return [];
  const source = object.value;
  const columns = fields.value.filter(({ use }) => use === 'output');
  return columns.map(({ field }) => ({
    name: field,
    kind: 'value',
    sources: known([{ object: source, field }]),
  }));
}

/** A list of `{ value: ns.name.field }`, `{ derived: [ns.name.field, …] }`, `{ derived: unknown }` and `none`. */
function readOutput(reader: YamlReader, node: Node | null): Known<readonly OutputColumn[]> {
  if (isUnknown(node)) return unknown('the output is unknown');
  if (isSeq(node) && node.items.length === 0) return known([]);
  const columns = (reader.items(node, 'output') ?? []).map((item) => readColumn(reader, item));
  return known(columns.filter((column) => column !== undefined));
}

function readColumn(reader: YamlReader, node: Node): OutputColumn | undefined {
  if (isScalar(node) && node.value === 'none') return { name: 'none', kind: 'none', sources: known([]) };
  if (!isMap(node))
    return reader.problem(
      node,
      'output column must be `none` or a map',
      '{ value: public.t.c } or { derived: [public.t.c] }',
    );
  const fields = reader.fields(node, 'output column', ['value', 'derived']);
  const kind = fields?.has('value') === true ? 'value' : 'derived';
  const sources = fields?.get(kind) ?? null;
  if (isUnknown(sources)) return { name: kind, kind, sources: unknown('the sources are unknown') };
  const texts = reader.strings(sources, `output.${kind}`) ?? [];
  const named = texts.map((text) => readSource(reader, node, text)).filter((source) => source !== undefined);
  return { name: texts.join(' '), kind, sources: known(named) };
}

function readSource(reader: YamlReader, node: Node, text: string): FieldSource | undefined {
  const [namespace, name, ...field] = text.split('.');
  if (namespace === undefined || name === undefined || field.length === 0) {
    return reader.problem(node, `\`${text.slice(0, 60)}\` is no source`, 'namespace.name.field');
  }
  return { object: { kind: 'relation', path: [namespace, name] }, field: field.join('.') };
}
