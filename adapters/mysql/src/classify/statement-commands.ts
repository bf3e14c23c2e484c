/**
 * COM_STMT_*: prepared statements. Decided when they are prepared, so that what is forbidden is refused
 * early, and again each time they run.
 *
 * An execution of more than `wholeFrameBytes` is decided on its first piece and passes behind it.
 */
import type { Outbox, RunningRequest, Verdict } from '@gatehouse/adapter';
import { GatewayError, type RecordedParameter } from '@gatehouse/model';
import { WireError } from '@gatehouse/wire';
import { encodePacket } from '../codec/packet.ts';
import {
  decodeComStmtExecuteHead,
  decodeParameters,
  decodeParameterTypes,
  type ParameterContext,
} from '../messages/com-stmt-execute.ts';
import {
  decodeLongDataParameter,
  decodeStatementId,
  encodeComStmtReset,
  LAST_STATEMENT_ID,
} from '../messages/statement-id.ts';
import type { CommandPacket, CommandVerdict, RelayCore } from '../relay-core.ts';
import { OwnReply } from '../respond/own-reply.ts';
import { PrepareReply } from '../respond/prepare-reply.ts';
import { SingleReply } from '../respond/single-reply.ts';
import { areTexts, withoutGuesses } from './guesses.ts';
import { MysqlPending } from './pending.ts';
import {
  decodeStatement,
  EMPTY_QUERY,
  type Forward,
  forbiddenError,
  ownErrorOf,
  permitText,
  planResult,
  readText,
  resultReply,
} from './query-command.ts';
import type { PreparedStatement } from './statement-table.ts';
import type { TextFacts } from './text-facts.ts';

export function classifyPrepare<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): Verdict {
  const text = decodeStatement(core, packet.payload.subarray(1));
  const { database } = core.session;
  const read = readText(core, text, database);
  if (read.kind === 'wait') return read;
  const { facts } = read;
  const ownError = prepareError(core, text, facts);
  return {
    kind: 'request',
    pending: new MysqlPending({
      statements: facts.statements,
      via: 'com-stmt-prepare',
      phase: 'prepare',
      text: () => text,
      refused: () => core.statements.lastFailed(),
      permit: (running, out) => {
        if (ownError !== null) {
          core.statements.lastFailed();
          core.refusePermitted(running, ownError, out);
          return;
        }
        forward(out);
        core.expect(prepareReply(core, text, database, facts, running));
      },
      ...(ownError === null ? ownErrorOf(facts) : { ownError }),
    }),
  };
}

function prepareError<Catalog>(
  core: RelayCore<Catalog>,
  text: string,
  facts: TextFacts,
): GatewayError | null {
  if (!core.statements.hasRoomFor(text))
    return new GatewayError(
      'limit',
      'too-many-statements',
      'this session holds too many prepared statements',
    );
  if (facts.empty) return EMPTY_QUERY;
  if (facts.forbidden !== null) return forbiddenError(facts, facts.forbidden);
  if (facts.statements.some((statement) => statement.verb === 'kill'))
    return new GatewayError('unsupported', 'kill-form-unsupported', 'KILL cannot be prepared here');
  return null;
}

function prepareReply<Catalog>(
  core: RelayCore<Catalog>,
  text: string,
  database: string | null,
  facts: TextFacts,
  running: RunningRequest,
): PrepareReply {
  const factsRevision = core.catalog.revision;
  return new PrepareReply(core.session, running, (ok) => {
    if (ok === null) {
      core.statements.lastFailed();
      return;
    }
    core.statements.add(ok.statementId, {
      text,
      database,
      parameters: ok.parameters,
      facts,
      factsRevision,
      types: null,
      longData: new Map(),
      cursor: null,
    });
  });
}

export function classifyExecute<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const head = decodeComStmtExecuteHead(packet.payload);
  const statement = core.statements.get(head.statementId);
  if (statement === null) return unknownStatementError(head.statementId, 'execute');
  const wait = refreshFacts(core, statement);
  if (wait !== null) return wait;
  const context = parameterContext(core, statement);
  if (packet.whole) noteTypes(statement, packet.payload, context);
  else statement.types = null;
  const { text, facts } = statement;
  return {
    kind: 'request',
    pending: new MysqlPending({
      statements: areTexts(statement) ? facts.statements : withoutGuesses(facts),
      via: 'com-stmt-execute',
      phase: 'run',
      text: () => text,
      parameters: () => recordedParameters(packet, context),
      refused: (to) => forgetLongData(core, head.statementId, statement, to),
      permit: (running, to) => {
        statement.cursor = null;
        statement.longData = new Map();
        permitText(
          core,
          {
            text,
            facts,
            forward,
            binary: true,
            reply: {
              cursorOpened: (columns) => {
                statement.cursor = { columns, rows: running.rows };
              },
            },
          },
          running,
          to,
        );
      },
    }),
  };
}

/** What the upstream holds for an execution that was refused would be part of the next one. */
function forgetLongData<Catalog>(
  core: RelayCore<Catalog>,
  id: number,
  statement: PreparedStatement,
  out: Outbox,
): void {
  if (statement.longData.size === 0) return;
  statement.longData = new Map();
  statement.cursor = null;
  out.upstream(encodePacket(0, encodeComStmtReset(id)));
  core.expect(new OwnReply(core.session, () => undefined));
}

/** Rows of an open cursor: the same facts are decided again, and the masks are made anew for its columns. */
export function classifyFetch<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const id = decodeStatementId(packet.payload);
  const statement = core.statements.get(id);
  if (statement === null) return unknownStatementError(id, 'fetch');
  const wait = refreshFacts(core, statement);
  if (wait !== null) return wait;
  return {
    kind: 'request',
    pending: new MysqlPending({
      statements: statement.facts.statements,
      via: 'com-stmt-fetch',
      phase: 'run',
      text: () => statement.text,
      permit: (running, to) => permitFetch(core, statement, forward, running, to),
    }),
  };
}

function permitFetch<Catalog>(
  core: RelayCore<Catalog>,
  statement: PreparedStatement,
  forward: Forward,
  running: RunningRequest,
  out: Outbox,
): void {
  const { cursor, facts, text } = statement;
  const masksInForce = running.obligations.masks.length > 0;
  const columns = cursor?.columns ?? null;
  if (masksInForce && columns === null) {
    core.refusePermitted(running, CURSOR_UNMASKED, out);
    return;
  }
  const source = { text, facts: { ...facts, effects: [] }, binary: true };
  const plan = masksInForce ? planResult(core, source, running, columns!, 0) : null;
  if (plan?.kind === 'withhold') {
    core.refusePermitted(running, new GatewayError('denied', 'masked-origin-unknown', plan.reason), out);
    return;
  }
  forward(out);
  core.expect(
    resultReply(
      core,
      { ...source, forward, reply: { fetch: { masker: plan?.masker ?? null, cursor } } },
      running,
    ),
  );
}

/** Long data has no answer, so what cannot be passed is dropped; the execution then says why. */
export function classifyLongData<Catalog>(core: RelayCore<Catalog>, packet: CommandPacket): Verdict {
  const statement = core.statements.get(decodeStatementId(packet.payload));
  if (statement === null) return { kind: 'handled' };
  const parameter = decodeLongDataParameter(packet.payload);
  const before = statement.longData.get(parameter) ?? 0;
  statement.longData.set(parameter, before + packet.totalBytes - LONG_DATA_HEAD_BYTES);
  return { kind: 'pass' };
}

export function classifyClose<Catalog>(core: RelayCore<Catalog>, packet: CommandPacket): Verdict {
  return core.statements.remove(decodeStatementId(packet.payload)) ? { kind: 'pass' } : { kind: 'handled' };
}

export function classifyReset<Catalog>(core: RelayCore<Catalog>, packet: CommandPacket): CommandVerdict {
  const id = decodeStatementId(packet.payload);
  const statement = core.statements.get(id);
  if (statement === null) return unknownStatementError(id, 'reset');
  statement.cursor = null;
  statement.longData.clear();
  core.expect(new SingleReply({ session: core.session, form: 'ok', running: null, barrier: false }));
  return { kind: 'pass' };
}

/** Decides on what the statement means now: views and tables may have changed since it was prepared. */
function refreshFacts<Catalog>(core: RelayCore<Catalog>, statement: PreparedStatement): Verdict | null {
  if (statement.factsRevision === core.catalog.revision && statement.facts.effects.length === 0) return null;
  const read = readText(core, statement.text, statement.database);
  if (read.kind === 'wait') return read;
  statement.facts = read.facts;
  statement.factsRevision = core.catalog.revision;
  return null;
}

function parameterContext<Catalog>(core: RelayCore<Catalog>, statement: PreparedStatement): ParameterContext {
  const { longData } = statement;
  return {
    expected: statement.parameters,
    queryAttributes: core.session.negotiated.queryAttributes,
    known: statement.types,
    longData: (index) => longData.get(index) ?? null,
  };
}

function noteTypes(statement: PreparedStatement, payload: Buffer, context: ParameterContext): void {
  const types = decodeParameterTypes(payload, context);
  if (types !== null) statement.types = types;
}

/** For the audit; parameters that are not held whole are recorded by their size. */
function recordedParameters(packet: CommandPacket, context: ParameterContext): readonly RecordedParameter[] {
  if (!packet.whole) return [{ bytes: packet.totalBytes }];
  try {
    return decodeParameters(packet.payload, context);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return [{ unreadable: true, bytes: packet.totalBytes }];
  }
}

function unknownStatementError(id: number, what: string): CommandVerdict {
  const shown = id === LAST_STATEMENT_ID ? '-1' : String(id);
  const message = `Unknown prepared statement handler (${shown}) given to mysqld_stmt_${what}`;
  return { kind: 'discard', error: new GatewayError('denied', 'unknown-statement', message) };
}

const CURSOR_UNMASKED = new GatewayError(
  'denied',
  'masked-origin-unknown',
  'this cursor was opened before masks applied to it; run the statement again',
);
/** Header, command, statement id, parameter number. */
const LONG_DATA_HEAD_BYTES = 11;
