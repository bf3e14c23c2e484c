/**
 * What of an event can be searched: one flat row beside the line itself.
 *
 * The line is the record; a column is only an index into it and may be cut or left out. Postgres
 * cannot keep a NUL in a text, so columns lose it, and with it the three characters that separate
 * columns on their way; the line has them escaped. Nor can it index a text of more than about 2,700
 * bytes: a client that names a longer one must not stop the whole audit.
 */
import {
  type AuditBody,
  formatObject,
  type IntentBody,
  type Principal,
  type Statement,
} from '@gatehouse/model';
import type { AuditEvent } from '../journal/event-line.ts';

export interface EventColumns {
  readonly node: string;
  readonly seq: number;
  /** As Postgres reads it: the year 0000 is 0001 there. */
  readonly at: string;
  readonly kind: string;
  readonly request: string | null;
  readonly session: string | null;
  /** `bot for ada` when an agent acts for a person; a refused login's name is what was claimed. */
  readonly who: string | null;
  readonly database: string | null;
  /** Paths as `public.customers`; `?` for one that is unknown. */
  readonly objects: readonly string[];
  /** Distinct actions, separated by `,`. */
  readonly action: string | null;
  readonly effect: string | null;
  /** `policy/rule` of the decision's reason. */
  readonly rule: string | null;
  readonly result: string | null;
  readonly code: string | null;
  readonly verb: string | null;
  readonly purpose: string | null;
  /** The beginning of the statement's text. */
  readonly text: string | null;
  readonly line: string;
}

/** Of every column; at most three bytes each in UTF-8. */
const MAX_CHARACTERS = 500;
const MAX_OBJECTS = 200;
/** Also finds whole pairs, which are looked at closely then: a plain class is quick. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
const SUSPECT = /[\0\x1d-\x1f\ud800-\udfff]/;

export type Facts = Partial<Omit<EventColumns, 'node' | 'seq' | 'at' | 'kind' | 'line'>>;

/** Gives the row of an event; `line` is kept as it is. */
export function eventColumns(event: AuditEvent, line: string): EventColumns {
  const facts = cleanFacts(safeFacts(event.body));
  return columnsOf(event, clean(event.body.kind) ?? '', facts, facts, line);
}

/** Gives the row of an intent of which all but the request and the text is known. */
export function intentColumns(
  head: Pick<AuditEvent, 'node' | 'seq' | 'at'>,
  known: CleanFacts,
  { request, text }: Pick<IntentBody, 'request' | 'text'>,
  line: string,
): EventColumns {
  return columnsOf(head, 'intent', known, { request: clean(request), text: clean(text) }, line);
}

/** Every column by its name: copying objects into each other takes ten times as long. */
function columnsOf(
  { node, seq, at }: Pick<AuditEvent, 'node' | 'seq' | 'at'>,
  kind: string,
  facts: CleanFacts,
  { request, text }: Pick<EventColumns, 'request' | 'text'>,
  line: string,
): EventColumns {
  return {
    node,
    seq,
    at: at.startsWith('0000') ? `0001${at.slice(4)}` : at,
    kind,
    request,
    session: facts.session,
    who: facts.who,
    database: facts.database,
    objects: facts.objects,
    action: facts.action,
    effect: facts.effect,
    rule: facts.rule,
    result: facts.result,
    code: facts.code,
    verb: facts.verb,
    purpose: facts.purpose,
    text,
    line,
  };
}

export type CleanFacts = Omit<EventColumns, 'node' | 'seq' | 'at' | 'kind' | 'line'>;

/** Gives facts as columns keep them. */
export function cleanFacts(facts: Facts): CleanFacts {
  return {
    request: clean(facts.request),
    session: clean(facts.session),
    who: clean(facts.who),
    database: clean(facts.database),
    objects: (facts.objects ?? []).map((object) => clean(object) ?? '?'),
    action: clean(facts.action),
    effect: clean(facts.effect),
    rule: clean(facts.rule),
    result: clean(facts.result),
    code: clean(facts.code),
    verb: clean(facts.verb),
    purpose: clean(facts.purpose),
    text: clean(facts.text),
  };
}

/** Gives the row of an outcome with what its intent says of who asked for what. */
export function withIntent(outcome: EventColumns, intent: EventColumns): EventColumns {
  return {
    node: outcome.node,
    seq: outcome.seq,
    at: outcome.at,
    kind: outcome.kind,
    request: outcome.request,
    session: outcome.session,
    who: intent.who,
    database: intent.database,
    objects: intent.objects,
    action: intent.action,
    effect: intent.effect,
    rule: intent.rule,
    result: outcome.result,
    code: outcome.code,
    verb: intent.verb,
    purpose: intent.purpose,
    text: intent.text,
    line: outcome.line,
  };
}

/** A body of a kind or shape that this version does not know is kept; only its columns stay empty. */
export function safeFacts(body: AuditBody): Facts {
  try {
    return bodyFacts(body) ?? {};
  } catch {
    return {};
  }
}

function bodyFacts(body: AuditBody): Facts {
  switch (body.kind) {
    case 'login':
      return {
        session: body.session.id,
        database: body.session.database.name,
        who: body.principal === undefined ? body.claimedName : formatWho(body.principal),
        result: body.result,
        code: body.error ?? null,
      };
    case 'logout':
      return { session: body.session, code: body.reason };
    case 'intent':
      return intentFacts(body);
    case 'outcome':
      return { request: body.request, session: body.session, result: body.result, code: body.code ?? null };
    case 'violation':
      return {
        session: body.session.id,
        database: body.session.database.name,
        who: body.principal === undefined ? null : formatWho(body.principal),
        code: body.code,
      };
    case 'gateway':
      return { code: body.what };
  }
}

function intentFacts(body: IntentBody): Facts {
  const { rule, code } = body.decision.reason;
  return {
    request: body.request,
    session: body.session.id,
    who: formatWho(body.principal),
    database: body.session.database.name,
    objects: distinct(body.statements.flatMap(statementObjects)).slice(0, MAX_OBJECTS),
    action: distinct(body.statements.flatMap(statementActions)).join(','),
    effect: body.decision.effect,
    rule: rule === undefined ? null : `${rule.policy}/${rule.rule}`,
    code,
    verb: distinct(body.statements.map(({ verb }) => verb)).join(', '),
    purpose: body.principal.purpose ?? null,
    text: body.text ?? null,
  };
}

function statementObjects({ accesses }: Statement): string[] {
  if (!accesses.known) return ['?'];
  return accesses.value.map(({ object }) => (object.known ? formatObject(object.value) : '?'));
}

function statementActions({ accesses }: Statement): string[] {
  return accesses.known ? accesses.value.map(({ action }) => action) : ['unknown'];
}

/** A principal as one text: `ada`, `bot for ada`. */
export function formatWho(principal: Principal): string {
  const { name, actingFor } = principal;
  return actingFor === undefined ? name : `${name} for ${formatWho(actingFor)}`;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function clean(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  // Most texts are short and have nothing of the kind.
  if (value.length <= MAX_CHARACTERS && !SUSPECT.test(value)) return value;
  return storable(value.slice(0, MAX_CHARACTERS));
}

/** Gives a text as a column keeps it. */
export function storable(text: string): string {
  if (!SUSPECT.test(text)) return text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what goes
  return text.replace(/[\0\x1d-\x1f]/g, '').replace(/\p{Surrogate}/gu, '\ufffd');
}
