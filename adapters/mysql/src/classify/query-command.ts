/**
 * COM_QUERY and the commands that are another way to say a statement (COM_INIT_DB, COM_FIELD_LIST,
 * COM_PROCESS_INFO): one text, decided as a whole, so that policy gives one verdict on every way.
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { flavorOf } from '../handshake/negotiated.ts';
import { hasCapability } from '../messages/capability-flags.ts';
import { decodeText } from '../messages/character-set.ts';
import type { ColumnDefinition41 } from '../messages/column-definition-41.ts';
import { queryText } from '../messages/com-query.ts';
import { SESSION_STATUS } from '../messages/status-flags.ts';
import type { CommandPacket, CommandVerdict, RelayCore } from '../relay-core.ts';
import { encodeEmptyResult } from '../respond/local-result.ts';
import { type MaskPlan, planMasks } from '../respond/mask-plan.ts';
import { ResultReply, type ResultReplyOptions } from '../respond/result-reply.ts';
import { parseKill, permitKill } from './kill.ts';
import { MysqlPending } from './pending.ts';
import type { TextFacts } from './text-facts.ts';

/** Sends a command on; given by the relay, which knows how it was received. */
export type Forward = (out: Outbox) => void;

export function classifyQuery<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const bytes = queryText(packet.payload, core.session.negotiated.queryAttributes);
  const text = decodeStatement(core, bytes);
  return requestText(core, text, 'com-query', (facts, running, out) =>
    permitText(core, { text, facts, forward, binary: false }, running, out),
  );
}

/** Decides on a text, whichever command it came in. */
export function requestText<Catalog>(
  core: RelayCore<Catalog>,
  text: string,
  via: string,
  permit: (facts: TextFacts, running: RunningRequest, out: Outbox) => void,
): CommandVerdict {
  const read = readText(core, text, core.session.database);
  if (read.kind === 'wait') return read;
  const { facts } = read;
  if (facts.empty) return { kind: 'discard', error: isOnlyComment(core, text) ? null : EMPTY_QUERY };
  const pending = new MysqlPending({
    statements: facts.statements,
    via,
    phase: 'run',
    text: () => text,
    permit: (running, out) => permit(facts, running, out),
    ...ownErrorOf(facts),
  });
  return { kind: 'request', pending };
}

export type ReadText =
  | { readonly kind: 'facts'; readonly facts: TextFacts }
  | { readonly kind: 'wait'; readonly until: Promise<unknown> };

/** Analyzes a text; names that the catalog does not know are looked for once more in a fresh one. */
export function readText<Catalog>(core: RelayCore<Catalog>, text: string, database: string | null): ReadText {
  const analysis = core.analyze(text, database);
  if (analysis instanceof Promise) return { kind: 'wait', until: analysis };
  if (analysis.kind === 'analyzed' && isMissed(core, analysis.missing) && core.mayRefresh())
    return { kind: 'wait', until: core.catalog.refresh().catch(() => undefined) };
  return { kind: 'facts', facts: core.facts(text, analysis) };
}

function isMissed<Catalog>(core: RelayCore<Catalog>, names: readonly string[]): boolean {
  return names.some((name) => !core.temporaryTables.has(name));
}

export interface PermittedText {
  readonly text: string;
  readonly facts: TextFacts;
  readonly forward: Forward;
  readonly binary: boolean;
  readonly reply?: Partial<Pick<ResultReplyOptions, 'cursorOpened' | 'fetch'>>;
}

/** Sends a permitted text on and expects its results, or answers what must not be sent. */
export function permitText<Catalog>(
  core: RelayCore<Catalog>,
  permitted: PermittedText,
  running: RunningRequest,
  out: Outbox,
): void {
  const { facts, text, forward } = permitted;
  if (facts.forbidden !== null) {
    core.refusePermitted(running, forbiddenError(facts, facts.forbidden), out);
    return;
  }
  if (facts.statements.some((statement) => statement.verb === 'kill')) {
    permitKill(core, facts.statements.length === 1 ? parseKill(text) : null, running, out);
    return;
  }
  if (facts.mentionsDiagnostics && (core.diagnosticsProtected || running.obligations.redactDiagnostics)) {
    withholdDiagnostics(core, permitted, running, out);
    return;
  }
  noteDiagnostics(core, facts, running);
  forward(out);
  core.expect(resultReply(core, permitted, running));
}

export function resultReply<Catalog>(
  core: RelayCore<Catalog>,
  { text, facts, binary, reply }: PermittedText,
  running: RunningRequest,
): ResultReply {
  const loads = facts.statements.some((statement) => statement.verb.startsWith('load'));
  const mayWantFile = loads && hasCapability(core.session.negotiated.flags, 'localFiles');
  return new ResultReply({
    session: core.session,
    running,
    barrier: core.changesMeaning(facts) || mayWantFile,
    mayWantFile,
    plan: (columns, index) => planResult(core, { text, facts, binary }, running, columns, index),
    done: (succeeded, out) => core.applyEffects(facts, succeeded, out),
    ...reply,
  });
}

export function planResult<Catalog>(
  core: RelayCore<Catalog>,
  { facts, binary }: { readonly text: string; readonly facts: TextFacts; readonly binary: boolean },
  running: RunningRequest,
  columns: readonly ColumnDefinition41[],
  index: number,
): MaskPlan {
  const countable = facts.statements.every((statement) => !MANY_RESULTS.includes(statement.verb));
  return planMasks(columns, {
    masks: running.obligations.masks,
    statement: countable ? (facts.statements[index] ?? null) : null,
    plain: facts.plain && index === 0 && readsBaseTablesOnly(core, facts),
    isBaseTable: (schema, table) => core.isBaseTable(schema, table),
    binary,
    key: core.session.services.maskingKey,
  });
}

function readsBaseTablesOnly<Catalog>(core: RelayCore<Catalog>, facts: TextFacts): boolean {
  const accesses = facts.statements[0]?.accesses;
  if (accesses === undefined || !accesses.known) return false;
  return accesses.value.every(({ object }) => {
    if (!object.known) return false;
    if (object.value.kind !== 'relation') return true;
    const [schema, table] = object.value.path;
    return schema !== undefined && table !== undefined && core.isBaseTable(schema, table);
  });
}

/** What later SHOW WARNINGS may quote: sticks until another statement over tables has taken the area. */
function noteDiagnostics<Catalog>(core: RelayCore<Catalog>, facts: TextFacts, running: RunningRequest): void {
  if (running.obligations.redactDiagnostics) core.diagnosticsProtected = true;
  else if (facts.statements.every(usesTable)) core.diagnosticsProtected = false;
}

function usesTable(statement: TextFacts['statements'][number]): boolean {
  return (
    statement.accesses.known &&
    statement.accesses.value.some(
      ({ action, object }) =>
        TABLE_ACTIONS.includes(action) && object.known && object.value.kind === 'relation',
    )
  );
}

function withholdDiagnostics<Catalog>(
  core: RelayCore<Catalog>,
  permitted: PermittedText,
  running: RunningRequest,
  out: Outbox,
): void {
  const verb = permitted.facts.statements[0]!.verb;
  if (
    permitted.binary ||
    permitted.facts.statements.length !== 1 ||
    !/^show (?:warnings|errors)/.test(verb)
  ) {
    core.refusePermitted(running, DIAGNOSTICS_WITHHELD, out);
    return;
  }
  const { negotiated, status } = core.session;
  core.answerPackets(
    (sequence) =>
      encodeEmptyResult(['Level', 'Code', 'Message'], sequence, status & SESSION_STATUS, negotiated),
    out,
  );
  out.finish(running, 'ok');
}

/** The error that the server itself would give, for texts that it would refuse too. */
export function ownErrorOf(facts: TextFacts): { readonly ownError?: GatewayError } {
  const statement = facts.statements[0];
  if (facts.analyzed.length > 0 || statement === undefined || statement.accesses.known) return {};
  const code = statement.accesses.reason.split(':')[0]!;
  if (code === 'syntax-error' || code === 'not-splittable')
    return {
      ownError: new GatewayError(
        'denied',
        'syntax-error',
        `the statement could not be parsed: ${facts.forbidden}`,
      ),
    };
  if (code === 'too-large')
    return { ownError: new GatewayError('limit', 'statement-too-large', facts.forbidden ?? code) };
  return {};
}

/** For a text that is never sent, even where policy permits what is not understood. */
export function forbiddenError(facts: TextFacts, why: string): GatewayError {
  return ownErrorOf(facts).ownError ?? new GatewayError('denied', 'not-understood', why);
}

export function decodeStatement<Catalog>(core: RelayCore<Catalog>, bytes: Buffer): string {
  return decodeText(bytes, core.session.clientCharacterSet === 'latin1' ? 'latin1' : 'utf8mb4');
}

/** A name as SQL. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** MariaDB answers a text that begins with a comment and has no statement with OK; MySQL says that it is empty. */
function isOnlyComment<Catalog>(core: RelayCore<Catalog>, text: string): boolean {
  const { serverFacts } = core.session.services;
  return serverFacts !== null && flavorOf(serverFacts.version) === 'mariadb' && /^\s*[^\s;]/.test(text);
}

export const EMPTY_QUERY = new GatewayError('denied', 'empty-query', 'Query was empty');
const DIAGNOSTICS_WITHHELD = new GatewayError(
  'denied',
  'diagnostics-withheld',
  'warnings and errors of a statement over protected data are withheld',
);
const MANY_RESULTS: readonly string[] = ['call', 'begin not atomic', 'execute immediate', 'unknown'];
const TABLE_ACTIONS: readonly string[] = ['read', 'insert', 'update', 'delete'];
