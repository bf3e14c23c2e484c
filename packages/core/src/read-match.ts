/**
 * Reads `match:` and `unless:`.
 *
 * Which keys may stand there depends on what the rule is about: a mask covers data for somebody, so it
 * may ask who, where and which columns, but not what the statement does.
 */
import { ACTIONS, FIELD_USES, type ObjectKind, type PrincipalKind } from '@gatehouse/model';
import { isMap, isScalar, type Node } from 'yaml';
import { fieldPatternFault } from './field-path.ts';
import type {
  ColumnSelector,
  DatabaseSelector,
  LabelSelector,
  Match,
  ObjectSelector,
  PrincipalSelector,
  StatementSelector,
} from './policy-set.ts';
import type { YamlReader } from './yaml-reader.ts';

export const PRINCIPAL_KINDS: readonly PrincipalKind[] = ['human', 'service', 'agent'];
export const OBJECT_KINDS: readonly ObjectKind[] = [
  'relation',
  'routine',
  'namespace',
  'database',
  'role',
  'file',
  'program',
  'server',
  'setting',
  'session',
  'channel',
  'type',
  'index',
  'other',
];

const SESSION_KEYS = ['databases', 'principals', 'tls', 'purpose'] as const;
const DATA_KEYS = [...SESSION_KEYS, 'objects', 'columns'] as const;
const ALL_KEYS = [...DATA_KEYS, 'actions', 'uses', 'verbs', 'statement'] as const;
type Key = (typeof ALL_KEYS)[number];

/** Which part of the language a `match` may use. */
export type MatchScope = 'session' | 'data' | 'statement';

const KEYS: Readonly<Record<MatchScope, readonly Key[]>> = {
  session: SESSION_KEYS,
  data: DATA_KEYS,
  statement: ALL_KEYS,
};

/** The match at a node; keys with problems are left out after they have been reported. */
export function readMatch(
  reader: YamlReader,
  node: Node | null,
  what: string,
  scope: MatchScope,
): Match | undefined {
  const fields = reader.fields(node, what, KEYS[scope]);
  if (fields === undefined) return undefined;
  if (fields.size === 0) return reader.problem(node, `${what} is empty`, 'leave it out to match everything');
  const read = <T>(key: Key, reading: (value: Node | null, name: string) => T | undefined): T | undefined =>
    fields.has(key) ? reading(fields.get(key) ?? null, `${what}.${key}`) : undefined;
  return dropUndefined({
    databases: read('databases', (value, name) => readDatabases(reader, value, name)),
    principals: read('principals', (value, name) => readPrincipals(reader, value, name)),
    tls: read('tls', (value, name) => reader.boolean(value, name)),
    purpose: read('purpose', (value, name) => reader.boolean(value, name)),
    actions: read('actions', (value, name) => reader.words(value, name, ['*', ...ACTIONS])),
    objects: read('objects', (value, name) => readObjects(reader, value, name)),
    columns: read('columns', (value, name) => readColumns(reader, value, name)),
    uses: read('uses', (value, name) => reader.words(value, name, FIELD_USES)),
    verbs: read('verbs', (value, name) => reader.strings(value, name)),
    statement: read('statement', (value, name) => readStatement(reader, value, name)),
  });
}

/** `databases:` of a match and of a classification. */
export function readDatabases(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly DatabaseSelector[] | undefined {
  return readAlternatives(reader, node, what, (item) => {
    const fields = reader.fields(item, what, ['names', 'labels', 'dialects']);
    if (fields === undefined || fields.size === 0) return fields && reader.problem(item, `${what} is empty`);
    return dropUndefined<DatabaseSelector>({
      names: fields.has('names') ? reader.strings(fields.get('names') ?? null, `${what}.names`) : undefined,
      labels: fields.has('labels')
        ? readDatabaseLabels(reader, fields.get('labels') ?? null, `${what}.labels`)
        : undefined,
      dialects: fields.has('dialects')
        ? reader.strings(fields.get('dialects') ?? null, `${what}.dialects`)
        : undefined,
    });
  });
}

function readDatabaseLabels(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly LabelSelector[] | undefined {
  const labels: LabelSelector[] = [];
  for (const { key, value } of reader.entries(node, what) ?? []) {
    const values = reader.strings(value, `${what}.${key}`);
    if (values !== undefined) labels.push({ key, values });
  }
  return labels.length === 0 ? undefined : labels;
}

function readPrincipals(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly PrincipalSelector[] | undefined {
  return readAlternatives(reader, node, what, (item) => {
    const fields = reader.fields(item, what, ['kinds', 'names', 'groups']);
    if (fields === undefined || fields.size === 0) return fields && reader.problem(item, `${what} is empty`);
    return dropUndefined<PrincipalSelector>({
      kinds: fields.has('kinds')
        ? reader.words(fields.get('kinds') ?? null, `${what}.kinds`, PRINCIPAL_KINDS)
        : undefined,
      names: fields.has('names') ? reader.strings(fields.get('names') ?? null, `${what}.names`) : undefined,
      groups: fields.has('groups')
        ? reader.strings(fields.get('groups') ?? null, `${what}.groups`)
        : undefined,
    });
  });
}

function readAlternatives<T>(
  reader: YamlReader,
  node: Node | null,
  what: string,
  read: (item: Node) => T | undefined,
): readonly T[] | undefined {
  const items = isMap(node) ? [node] : reader.items(node, what);
  const alternatives = (items ?? []).map(read).filter((item) => item !== undefined);
  return alternatives.length === 0 ? undefined : alternatives;
}

const KINDS_OF_ONE_PART: ReadonlySet<ObjectKind> = new Set<ObjectKind>([
  'role',
  'file',
  'program',
  'server',
  'setting',
  'session',
  'channel',
  'namespace',
  'database',
  'other',
]);

function readObjects(reader: YamlReader, node: Node | null, what: string): ObjectSelector | undefined {
  if (!isMap(node)) {
    const names = readObjectNames(reader, node, what, undefined);
    return names && { names };
  }
  const fields = reader.fields(node, what, ['names', 'kinds']);
  if (fields === undefined || fields.size === 0) return fields && reader.problem(node, `${what} is empty`);
  const kinds = fields.has('kinds')
    ? reader.words(fields.get('kinds') ?? null, `${what}.kinds`, OBJECT_KINDS)
    : undefined;
  const names = fields.has('names')
    ? readObjectNames(reader, fields.get('names') ?? null, `${what}.names`, kinds)
    : undefined;
  return dropUndefined<ObjectSelector>({ names, kinds });
}

function readObjectNames(
  reader: YamlReader,
  node: Node | null,
  what: string,
  kinds: readonly ObjectKind[] | undefined,
): readonly string[] | undefined {
  const singles = kinds?.some((kind) => KINDS_OF_ONE_PART.has(kind)) === true;
  for (const item of reader.items(node, what) ?? []) {
    if (!singles && isScalar(item) && typeof item.value === 'string')
      checkObjectPattern(reader, item, item.value);
  }
  return reader.strings(node, what);
}

/** Reports a pattern that can match no table or collection. */
export function checkObjectPattern(reader: YamlReader, node: Node, pattern: string): void {
  if (pattern === '*' || pattern.includes('.')) return;
  reader.problem(
    node,
    `object pattern \`${pattern}\` has no namespace and matches no relation`,
    `write \`*.${pattern}\`, or name \`kinds\` for objects without a namespace`,
  );
}

function readColumns(reader: YamlReader, node: Node | null, what: string): ColumnSelector | undefined {
  if (!isMap(node)) {
    const names = readFieldPatterns(reader, node, what);
    return names && { names };
  }
  const fields = reader.fields(node, what, ['names', 'labels']);
  if (fields === undefined || fields.size === 0) return fields && reader.problem(node, `${what} is empty`);
  const names = fields.has('names')
    ? readFieldPatterns(reader, fields.get('names') ?? null, `${what}.names`)
    : undefined;
  const labels = fields.has('labels')
    ? readLabelPatterns(reader, fields.get('labels') ?? null, `${what}.labels`)
    : undefined;
  return dropUndefined<ColumnSelector>({ names, labels });
}

function readFieldPatterns(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly string[] | undefined {
  for (const item of reader.items(node, what) ?? []) {
    const fault =
      isScalar(item) && typeof item.value === 'string' ? fieldPatternFault(item.value) : undefined;
    if (fault !== undefined) reader.problem(item, fault);
  }
  return reader.strings(node, what);
}

const LABEL = /^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*$/;
const LABEL_PATTERN = /^[a-z0-9*][a-z0-9*-]*(\.[a-z0-9*][a-z0-9*-]*)*$/;

/** Labels as a classification gives them. */
export function readLabels(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly string[] | undefined {
  return reader.strings(node, what)?.filter((label) => isLabel(reader, node, label, LABEL));
}

function readLabelPatterns(
  reader: YamlReader,
  node: Node | null,
  what: string,
): readonly string[] | undefined {
  return reader.strings(node, what)?.filter((label) => isLabel(reader, node, label, LABEL_PATTERN));
}

/** True for a label or a pattern of labels; reports it otherwise. */
export function isLabelPattern(reader: YamlReader, node: Node | null, label: string): boolean {
  return isLabel(reader, node, label, LABEL_PATTERN);
}

function isLabel(reader: YamlReader, node: Node | null, label: string, form: RegExp): boolean {
  if (label.length <= 100 && form.test(label)) return true;
  reader.problem(
    node,
    `\`${label.slice(0, 60)}\` is no label`,
    'labels are lower case words joined by dots, like `pii.email`',
  );
  return false;
}

function readStatement(reader: YamlReader, node: Node | null, what: string): StatementSelector | undefined {
  const fields = reader.fields(node, what, ['bounded', 'irreversible', 'limited', 'functions']);
  if (fields === undefined || fields.size === 0) return fields && reader.problem(node, `${what} is empty`);
  const flag = (key: 'bounded' | 'irreversible' | 'limited') =>
    fields.has(key) ? reader.boolean(fields.get(key) ?? null, `${what}.${key}`) : undefined;
  return dropUndefined<StatementSelector>({
    bounded: flag('bounded'),
    irreversible: flag('irreversible'),
    limited: flag('limited'),
    functions: fields.has('functions')
      ? reader.strings(fields.get('functions') ?? null, `${what}.functions`)
      : undefined,
  });
}

type Optional<T> = { readonly [K in keyof T]: T[K] | undefined };

/** Leaves out what is undefined, so that an absent key is absent. */
function dropUndefined<T extends object>(value: Optional<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
