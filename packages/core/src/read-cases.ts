/**
 * Reads `cases.yaml`: who and where once, then one request and one expectation per case.
 *
 *     principals: { ana: { kind: human, groups: [analysts] } }
 *     databases: { shop: { dialect: NAME, labels: { env: production } } }
 *     cases:
 *       - name: reads a masked email
 *         principal: ana
 *         database: shop
 *         statement: { access: [{ action: read, object: public.customers, fields: [email] }] }
 *         expect: { effect: permit, masks: { public.customers.email: partial } }
 */
import {
  type AccessRequest,
  type Effect,
  type JsonObject,
  type Limits,
  type Principal,
  type PrincipalKind,
  REASON_CODES,
  type ReasonCode,
  type SessionFacts,
} from '@gatehouse/model';
import type { Node } from 'yaml';
import type { Problem } from './problem.ts';
import { readCaseStatement } from './read-case-statement.ts';
import { PRINCIPAL_KINDS } from './read-match.ts';
import { suggest } from './suggest.ts';
import { kindOf, toJson, YamlReader } from './yaml-reader.ts';

export interface PolicyCase {
  readonly name: string;
  /** `file:line`. */
  readonly at: string;
  readonly request: AccessRequest;
  readonly expect: Expectation;
}

/** What a case asks of the decision; what is absent is not compared. */
export interface Expectation {
  readonly effect: Effect;
  readonly reason?: ReasonCode;
  /** `policy/rule` of the reason. */
  readonly rule?: string;
  /** All masks, as `namespace.name.field` to the masker's kind. */
  readonly masks?: Readonly<Record<string, string>>;
  /** Whether outputs that are computed from masked fields leave as NULL. */
  readonly nullComputed?: boolean;
  /** Counted guesses, as `namespace.name.field` to their number in one run. */
  readonly probes?: Readonly<Record<string, number>>;
  readonly limits?: Limits;
  readonly durability?: string;
  /** `policy/rule` of every alert. */
  readonly alerts?: readonly string[];
  /** `policy/rule` of every observed rule. */
  readonly observed?: readonly string[];
}

export type CasesResult =
  | { readonly ok: true; readonly cases: readonly PolicyCase[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads one case file. Never throws for anything that a file can hold. */
export function readCases(source: { readonly file: string; readonly text: string }): CasesResult {
  const problems: Problem[] = [];
  const reader = new YamlReader(source.file, source.text, problems);
  const cases = reader.documents().flatMap((root) => readDocument(reader, root));
  if (problems.length === 0 && cases.length === 0) reader.problemAt(0, 'no cases found');
  return problems.length === 0 ? { ok: true, cases } : { ok: false, problems };
}

interface Cast {
  readonly principals: ReadonlyMap<string, Principal>;
  readonly databases: ReadonlyMap<string, Pick<SessionFacts, 'dialect' | 'database'>>;
}

function readDocument(reader: YamlReader, root: Node): readonly PolicyCase[] {
  const fields = reader.fields(root, 'case file', ['principals', 'databases', 'cases']);
  if (fields === undefined) return [];
  const cast: Cast = {
    principals: readPrincipals(reader, fields.get('principals') ?? null),
    databases: readDatabases(reader, fields.get('databases') ?? null),
  };
  const names = new Set<string>();
  return (reader.items(fields.get('cases') ?? null, 'cases') ?? []).flatMap((node) => {
    const found = readCase(reader, node, cast);
    if (found === undefined) return [];
    if (names.has(found.name)) reader.problem(node, `case \`${found.name}\` is there twice`);
    names.add(found.name);
    return [found];
  });
}

/** Persons before the agents that act for them, as in the file. */
function readPrincipals(reader: YamlReader, node: Node | null): ReadonlyMap<string, Principal> {
  const principals = new Map<string, Principal>();
  for (const { key, value } of reader.entries(node, 'principals') ?? []) {
    const principal = readPrincipal(reader, key, value, principals);
    if (principal !== undefined) principals.set(key, principal);
  }
  return principals;
}

function readPrincipal(
  reader: YamlReader,
  name: string,
  node: Node | null,
  known: ReadonlyMap<string, Principal>,
): Principal | undefined {
  const fields = reader.fields(node, 'principal', [
    'kind',
    'groups',
    'claims',
    'actingFor',
    'purpose',
    'task',
  ]);
  const kind =
    fields && reader.word<PrincipalKind>(fields.get('kind') ?? null, 'principal.kind', PRINCIPAL_KINDS);
  if (fields === undefined || kind === undefined) return undefined;
  const claims = fields.has('claims') ? toJson(fields.get('claims') ?? null) : {};
  const text = (key: 'purpose' | 'task') =>
    fields.has(key) ? reader.string(fields.get(key) ?? null, key) : undefined;
  const actingFor = fields.has('actingFor')
    ? named(reader, fields.get('actingFor') ?? null, 'principal', known)
    : undefined;
  const purpose = text('purpose');
  const task = text('task');
  return {
    kind,
    name,
    groups: fields.has('groups') ? (reader.strings(fields.get('groups') ?? null, 'groups') ?? []) : [],
    claims: claims as JsonObject,
    ...(actingFor === undefined ? {} : { actingFor }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(task === undefined ? {} : { task }),
  };
}

function readDatabases(reader: YamlReader, node: Node | null): Cast['databases'] {
  const databases = new Map<string, Pick<SessionFacts, 'dialect' | 'database'>>();
  for (const { key, value } of reader.entries(node, 'databases') ?? []) {
    const fields = reader.fields(value, 'database', ['dialect', 'labels']);
    const dialect = fields && reader.string(fields.get('dialect') ?? null, 'dialect');
    if (fields === undefined || dialect === undefined) continue;
    const labels =
      (fields.has('labels') ? reader.entries(fields.get('labels') ?? null, 'labels') : undefined) ?? [];
    const pairs = labels.map((label) => [label.key, reader.string(label.value, 'label') ?? '']);
    databases.set(key, {
      dialect,
      database: { name: key, labels: Object.fromEntries(pairs) as Record<string, string> },
    });
  }
  return databases;
}

const CASE_KEYS = [
  'name',
  'principal',
  'database',
  'purpose',
  'tls',
  'application',
  'statement',
  'statements',
  'expect',
] as const;

function readCase(reader: YamlReader, node: Node, cast: Cast): PolicyCase | undefined {
  const fields = reader.fields(node, 'case', CASE_KEYS);
  const name = fields && reader.string(fields.get('name') ?? null, 'case name');
  if (fields === undefined || name === undefined) return undefined;
  const principal = named(reader, fields.get('principal') ?? null, 'principal', cast.principals);
  const database = named(reader, fields.get('database') ?? null, 'database', cast.databases);
  const expect = readExpectation(reader, fields.get('expect') ?? null);
  const purpose = fields.has('purpose') ? reader.string(fields.get('purpose') ?? null, 'purpose') : undefined;
  const application = fields.has('application')
    ? reader.string(fields.get('application') ?? null, 'application')
    : undefined;
  const nodes = fields.has('statements')
    ? (reader.items(fields.get('statements') ?? null, 'statements') ?? [])
    : [fields.get('statement') ?? null];
  const statements = nodes
    .map((item) => readCaseStatement(reader, item))
    .filter((item) => item !== undefined);
  if (
    principal === undefined ||
    database === undefined ||
    expect === undefined ||
    statements.length < nodes.length
  )
    return undefined;
  const session: SessionFacts = {
    id: 'case',
    ...database,
    clientAddress: '127.0.0.1',
    tls: fields.has('tls') ? (reader.boolean(fields.get('tls') ?? null, 'tls') ?? true) : true,
    ...(application === undefined ? {} : { application }),
  };
  const request = {
    principal: purpose === undefined ? principal : { ...principal, purpose },
    session,
    statements,
  };
  return { name, at: `${reader.file}:${reader.line(node)}`, request, expect };
}

function named<T>(
  reader: YamlReader,
  node: Node | null,
  what: string,
  known: ReadonlyMap<string, T>,
): T | undefined {
  const name = reader.string(node, what);
  if (name === undefined) return undefined;
  const found = known.get(name);
  if (found !== undefined) return found;
  const near = suggest(name, known.keys());
  return reader.problem(
    node,
    `unknown ${what} ${kindOf(node)}`,
    near === undefined ? undefined : `did you mean \`${near}\`?`,
  );
}

const EXPECT_KEYS = [
  'effect',
  'reason',
  'rule',
  'masks',
  'nullComputed',
  'probes',
  'limits',
  'durability',
  'alerts',
  'observed',
] as const;

function readExpectation(reader: YamlReader, node: Node | null): Expectation | undefined {
  const fields = reader.fields(node, 'expect', EXPECT_KEYS);
  const effect =
    fields &&
    reader.word<Effect>(fields.get('effect') ?? null, 'expect.effect', ['permit', 'deny', 'approve']);
  if (fields === undefined || effect === undefined) return undefined;
  const get = <T>(key: (typeof EXPECT_KEYS)[number], read: (value: Node | null) => T | undefined) => {
    const value = fields.has(key) ? read(fields.get(key) ?? null) : undefined;
    return value === undefined ? {} : { [key]: value };
  };
  const names = (value: Node | null) => toJson(value) as readonly string[];
  return {
    effect,
    ...get('reason', (value) => reader.word<ReasonCode>(value, 'expect.reason', REASON_CODES)),
    ...get('rule', (value) => reader.string(value, 'expect.rule')),
    ...get('masks', (value) => readExpectedMasks(reader, value)),
    ...get('nullComputed', (value) => toJson(value) === true),
    ...get('probes', (value) => toJson(value) as Readonly<Record<string, number>>),
    ...get('limits', (value) => toJson(value) as Limits),
    ...get('durability', (value) => reader.string(value, 'expect.durability')),
    ...get('alerts', names),
    ...get('observed', names),
  };
}

function readExpectedMasks(
  reader: YamlReader,
  node: Node | null,
): Readonly<Record<string, string>> | undefined {
  const entries = reader.entries(node, 'expect.masks');
  return entries && Object.fromEntries(entries.map(({ key, value }) => [key, String(toJson(value))]));
}
