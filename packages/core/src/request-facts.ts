/**
 * Tells whether a value from outside (a recording, a case file) is a request in the model's shape.
 *
 * The engine itself trusts its callers' types; whatever comes from a file goes through here first.
 */
import {
  ACTIONS,
  type AccessRequest,
  FIELD_USES,
  type Principal,
  type SessionFacts,
  type Statement,
} from '@gatehouse/model';
import { OBJECT_KINDS, PRINCIPAL_KINDS } from './read-match.ts';

type Test = (value: unknown) => boolean;

/** True for a whole request. */
export function isAccessRequest(value: unknown): value is AccessRequest {
  return shape({ principal: isPrincipal, session: isSessionFacts, statements: listOf(isStatement) })(value);
}

/** True for the facts of one statement. */
export function isStatement(value: unknown): value is Statement {
  return STATEMENT(value);
}

function isPrincipal(value: unknown): value is Principal {
  return isPrincipalAt(value, 0);
}

const MAX_DEPTH = 32;

function isPrincipalAt(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH || !PRINCIPAL(value)) return false;
  const { actingFor } = value as { readonly actingFor?: unknown };
  return actingFor === undefined || isPrincipalAt(actingFor, depth + 1);
}

function isSessionFacts(value: unknown): value is SessionFacts {
  return SESSION(value);
}

const text: Test = (value) => typeof value === 'string';
const flag: Test = (value) => typeof value === 'boolean';
const count: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

function maybe(test: Test): Test {
  return (value) => value === undefined || test(value);
}

function listOf(test: Test): Test {
  return (value) => Array.isArray(value) && value.every(test);
}

function oneOf(words: readonly string[]): Test {
  return (value) => typeof value === 'string' && words.includes(value);
}

function shape(tests: Readonly<Record<string, Test>>): Test {
  return (value) =>
    isMap(value) &&
    Object.entries(tests).every(([key, test]) => test(Object.hasOwn(value, key) ? value[key] : undefined));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function knownOf(test: Test): Test {
  return (value) => {
    if (!isMap(value)) return false;
    return value['known'] === true ? test(value['value']) : value['known'] === false && text(value['reason']);
  };
}

const OBJECT = shape({ kind: oneOf(OBJECT_KINDS), path: listOf(text) });
const FIELD = shape({ field: text, use: oneOf(FIELD_USES) });
const ACCESS = shape({ action: oneOf(ACTIONS), object: knownOf(OBJECT), fields: knownOf(listOf(FIELD)) });
const SOURCE = shape({ object: OBJECT, field: text });
const COLUMN = shape({
  name: text,
  kind: oneOf(['value', 'derived', 'none']),
  sources: knownOf(listOf(SOURCE)),
});

const STATEMENT = shape({
  verb: text,
  accesses: knownOf(listOf(ACCESS)),
  bounded: knownOf(flag),
  limit: knownOf((value) => value === null || count(value)),
  functions: knownOf(listOf(text)),
  output: knownOf(listOf(COLUMN)),
  irreversible: flag,
  fingerprint: text,
});

const PRINCIPAL = shape({
  kind: oneOf(PRINCIPAL_KINDS),
  name: text,
  groups: listOf(text),
  claims: isMap,
  task: maybe(text),
  purpose: maybe(text),
});

const DATABASE = shape({ name: text, labels: (value) => isMap(value) && Object.values(value).every(text) });
const SESSION = shape({
  id: text,
  dialect: text,
  database: DATABASE,
  clientAddress: text,
  application: maybe(text),
  tls: flag,
});
