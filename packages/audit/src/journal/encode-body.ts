/**
 * An event's body as JSON text, cheaply and within bounds.
 *
 * Statements, decisions, principals and session facts are shared by many events: `shared-json.ts`.
 * Long texts and parameters are cut, with their length and SHA-256 in place of the rest, so that one
 * statement of a gigabyte cannot fill the journal. What is too large even then is refused.
 */
import * as crypto from 'node:crypto';
import {
  type AuditBody,
  GatewayError,
  type IntentBody,
  type JsonValue,
  type OutcomeBody,
} from '@gatehouse/model';
import { createSharedJson, createSharedPairs } from './shared-json.ts';

/** Characters of a statement's text, and of each string among its parameters, that are kept. */
const MAX_TEXT_CHARACTERS = 64 * 1024;
/** Characters of all parameters of one event together, as JSON; above it their number and hash are kept. */
const MAX_PARAMETERS_CHARACTERS = 256 * 1024;
/** Characters of a whole body. */
const MAX_BODY_CHARACTERS = 2 * 1024 * 1024;

/** Gives the JSON text of a body. Throws GatewayError `event-too-large` or `event-not-json`, kind `audit`. */
export type EncodeBody = (body: AuditBody) => string;

/** Creates an encoder with a cache of its own; the cache holds nothing alive. */
export function createBodyEncoder(): EncodeBody {
  const writeIntent = createIntentWriter();
  return (body) => {
    const text = stringify(body, writeIntent);
    if (text.length <= MAX_BODY_CHARACTERS) return text;
    throw new GatewayError(
      'audit',
      'event-too-large',
      `expected an event of at most ${MAX_BODY_CHARACTERS} characters, got ${text.length}`,
      { context: { kind: body.kind, characters: text.length } },
    );
  };
}

/** JSON of a statement's text; sessions that run one statement again and again share it. */
function createQuote(): (text: string) => string {
  let last = '';
  let quoted = '""';
  return (text) => {
    if (text.length > MAX_TEXT_CHARACTERS) return JSON.stringify(cutText(text));
    if (text !== last) {
      quoted = JSON.stringify(text);
      last = text;
    }
    return quoted;
  };
}

function stringify(body: AuditBody, writeIntent: (body: IntentBody) => string): string {
  try {
    if (body.kind === 'intent') return writeIntent(body);
    return body.kind === 'outcome' ? stringifyOutcome(body) : JSON.stringify(body);
  } catch (cause) {
    throw new GatewayError('audit', 'event-not-json', 'an event cannot be written as JSON', {
      context: { kind: body.kind },
      cause,
    });
  }
}

function createIntentWriter(): (body: IntentBody) => string {
  const shared = createSharedJson();
  const quote = createQuote();
  const who = createSharedPairs(shared, (session, principal) => [
    ...['"session":', session],
    ...[',"principal":', principal],
  ]);
  const what = createSharedPairs(shared, (decision, statement) => [
    ...['"statements":[', statement],
    ...['],"decision":', decision],
  ]);
  return ({ request, session, principal, statements, decision, via, text, parameters }) => {
    const [only] = statements;
    const judged =
      statements.length === 1 && only !== undefined
        ? what(decision, only)
        : `"statements":[${statements.map(shared).join(',')}],"decision":${shared(decision)}`;
    let json = `{"kind":"intent","request":${JSON.stringify(request)},${who(session, principal)},${judged}`;
    json += `,"via":${JSON.stringify(via)}`;
    if (text !== undefined) json += `,"text":${quote(text)}`;
    if (parameters !== undefined) json += `,"parameters":${stringifyParameters(parameters)}`;
    return `${json}}`;
  };
}

/** As JSON.stringify would, at half the cost: every statement has one. */
function stringifyOutcome(body: OutcomeBody & Record<UnwrittenField, never>): string {
  let text = `{"kind":"outcome","request":${JSON.stringify(body.request)},"session":${JSON.stringify(body.session)}`;
  text += `,"result":"${body.result}","rows":${number(body.rows)},"affectedRows":${number(body.affectedRows)}`;
  text += `,"maskedCells":${number(body.maskedCells)},"bytes":${number(body.bytes)}`;
  text += `,"durationMs":${number(body.durationMs)}`;
  return body.code === undefined ? `${text}}` : `${text},"code":${JSON.stringify(body.code)}}`;
}

type WrittenField =
  | ('kind' | 'request' | 'session' | 'result' | 'rows' | 'affectedRows' | 'maskedCells' | 'bytes')
  | ('durationMs' | 'code');
/** INVARIANT: a field that `stringifyOutcome` does not write is an error of types here. */
type UnwrittenField = Exclude<keyof OutcomeBody, WrittenField>;

/** JSON has no word for what is not finite. */
function number(value: number): string {
  return Number.isFinite(value) ? String(value) : 'null';
}

/** Gives short texts as they are, others cut and followed by their length and hash. */
function cutText(text: string): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  const hash = crypto.createHash('sha256').update(text, 'utf8').digest('hex');
  return `${text.slice(0, MAX_TEXT_CHARACTERS)} [cut by the audit: ${text.length} characters, sha256 ${hash}]`;
}

function stringifyParameters(parameters: readonly JsonValue[]): string {
  const isShort = parameters.every(
    (value) => typeof value === 'string' && value.length <= MAX_TEXT_CHARACTERS,
  );
  const text = isShort
    ? JSON.stringify(parameters)
    : JSON.stringify(parameters, (_key, value: unknown) =>
        typeof value === 'string' ? cutText(value) : value,
      );
  if (text.length <= MAX_PARAMETERS_CHARACTERS) return text;
  const hash = crypto.createHash('sha256').update(text, 'utf8').digest('hex');
  return JSON.stringify([`[cut by the audit: ${parameters.length} parameters, sha256 ${hash}]`]);
}
