/**
 * What each command byte means to the gateway. Total: a command without an entry does not compile, and
 * a byte that is no command is refused like an unknown one.
 *
 * | what it is | commands |
 * |---|---|
 * | text, decided | QUERY, INIT_DB, FIELD_LIST, PROCESS_INFO, PROCESS_KILL |
 * | prepared, decided | STMT_PREPARE, STMT_EXECUTE, STMT_FETCH |
 * | kept in step, no effect outside the session's statements | STMT_SEND_LONG_DATA, STMT_CLOSE, STMT_RESET |
 * | decided without text | STATISTICS, RESET_CONNECTION |
 * | passed | PING, SET_OPTION |
 * | the session itself | CHANGE_USER, QUIT |
 * | refused, and recorded as a request that is not understood | everything else |
 */
import type { Outbox } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { ByteReader } from '@gatehouse/wire';
import { createClientLogin } from '../handshake/client-login.ts';
import type { CommandName } from '../messages/command.ts';
import type { CommandPacket, CommandVerdict, RelayCore } from '../relay-core.ts';
import { SingleReply, type SingleReplyOptions } from '../respond/single-reply.ts';
import { commandStatement, unknownStatement } from './own-facts.ts';
import { MysqlPending } from './pending.ts';
import {
  classifyQuery,
  decodeStatement,
  type Forward,
  permitText,
  quoteName,
  requestText,
} from './query-command.ts';
import {
  classifyClose,
  classifyExecute,
  classifyFetch,
  classifyLongData,
  classifyPrepare,
  classifyReset,
} from './statement-commands.ts';

/** `name` is null for a byte that is no command. */
export function classifyCommand<Catalog>(
  name: CommandName | null,
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  return (name === null ? refuseCommand('unknown') : HANDLERS[name])(core, packet, forward);
}

/** Commands whose meaning needs the whole packet, so that it is collected first. */
export function needsWhole(name: CommandName | null): boolean {
  return name === null || !PASSED_IN_PIECES.includes(name);
}

const PASSED_IN_PIECES: readonly CommandName[] = ['stmtExecute', 'stmtSendLongData'];

type Handler = <Catalog>(core: RelayCore<Catalog>, packet: CommandPacket, forward: Forward) => CommandVerdict;

const HANDLERS: Readonly<Record<CommandName, Handler>> = {
  quit: () => ({ kind: 'goodbye' }),
  query: classifyQuery,
  initDb: classifyInitDb,
  fieldList: classifyFieldList,
  processInfo: (core, _packet, forward) =>
    requestText(core, 'show processlist', 'com-process-info', (facts, running, out) =>
      permitText(core, { text: 'show processlist', facts, forward, binary: false }, running, out),
    ),
  processKill: classifyProcessKill,
  stmtPrepare: classifyPrepare,
  stmtExecute: classifyExecute,
  stmtFetch: classifyFetch,
  stmtSendLongData: classifyLongData,
  stmtClose: classifyClose,
  stmtReset: classifyReset,
  ping: (core) => pass(core, { form: 'ok' }),
  setOption: (core) => pass(core, { form: 'ok' }),
  statistics: (core, _packet, forward) =>
    request('statistics', core, forward, { form: 'text' }, [
      'introspect',
      { kind: 'server', path: ['statistics'] },
    ]),
  resetConnection: (core, _packet, forward) =>
    request(
      'reset connection',
      core,
      forward,
      { form: 'ok', barrier: true, unpinned: true, done: (_ok, out) => resetDone(core, out) },
      ['configure', { kind: 'session', path: ['connection'] }],
    ),
  changeUser: (core) => ({ kind: 'relogin', login: createClientLogin(core.session, 'change-user') }),
  sleep: refuseCommand('sleep'),
  createDb: refuseCommand('create db'),
  dropDb: refuseCommand('drop db'),
  refresh: refuseCommand('refresh'),
  shutdown: refuseCommand('shutdown'),
  connect: refuseCommand('connect'),
  debug: refuseCommand('debug'),
  time: refuseCommand('time'),
  delayedInsert: refuseCommand('delayed insert'),
  binlogDump: refuseCommand('binlog dump'),
  binlogDumpGtid: refuseCommand('binlog dump gtid'),
  tableDump: refuseCommand('table dump'),
  connectOut: refuseCommand('connect out'),
  registerSlave: refuseCommand('register slave'),
  daemon: refuseCommand('daemon'),
  clone: refuseCommand('clone'),
  subscribeGroupReplicationStream: refuseCommand('subscribe group replication stream'),
  stmtBulkExecute: refuseCommand('bulk execute'),
  multi: refuseCommand('multi'),
};

function refuseCommand(verb: string): Handler {
  const statement = unknownStatement(verb, 'this command is not supported');
  const error = new GatewayError('unsupported', 'unknown-command', `command \`${verb}\` is not supported`);
  return (core) => ({
    kind: 'request',
    pending: new MysqlPending({
      statements: [statement],
      via: 'command',
      phase: 'run',
      ownError: error,
      permit: (running, out) => core.refusePermitted(running, error, out),
    }),
  });
}

function classifyInitDb<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const name = decodeStatement(core, packet.payload.subarray(1));
  return requestText(core, `use ${quoteName(name)}`, 'com-init-db', (facts, running, out) => {
    if (facts.forbidden !== null) {
      core.refusePermitted(running, new GatewayError('denied', 'not-understood', facts.forbidden), out);
      return;
    }
    forward(out);
    const done = (succeeded: boolean, to: Outbox) => core.applyEffects(facts, succeeded, to);
    core.expect(new SingleReply({ session: core.session, form: 'ok', running, barrier: true, done }));
  });
}

function classifyFieldList<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const table = decodeStatement(core, new ByteReader(packet.payload, 1).cstringBytes());
  return requestText(
    core,
    `show columns from ${quoteName(table)}`,
    'com-field-list',
    (facts, running, out) => {
      if (facts.forbidden !== null) {
        core.refusePermitted(running, new GatewayError('denied', 'not-understood', facts.forbidden), out);
        return;
      }
      forward(out);
      core.expect(new SingleReply({ session: core.session, form: 'columns', running, barrier: false }));
    },
  );
}

function classifyProcessKill<Catalog>(
  core: RelayCore<Catalog>,
  packet: CommandPacket,
  forward: Forward,
): CommandVerdict {
  const text = `kill ${new ByteReader(packet.payload, 1).uint32le()}`;
  return requestText(core, text, 'com-process-kill', (facts, running, out) =>
    permitText(core, { text, facts, forward, binary: false }, running, out),
  );
}

/** Session variables are the server's defaults again, prepared statements are gone. */
function resetDone<Catalog>(core: RelayCore<Catalog>, out: Outbox): void {
  core.statements.clear();
  core.temporaryTables.clear();
  core.diagnosticsProtected = false;
  core.pin(out);
}

function pass<Catalog>(core: RelayCore<Catalog>, reply: Pick<SingleReplyOptions, 'form'>): CommandVerdict {
  core.expect(new SingleReply({ session: core.session, running: null, barrier: false, ...reply }));
  return { kind: 'pass' };
}

function request<Catalog>(
  verb: string,
  core: RelayCore<Catalog>,
  forward: Forward,
  reply: Pick<SingleReplyOptions, 'form'> &
    Partial<Pick<SingleReplyOptions, 'barrier' | 'done' | 'unpinned'>>,
  [action, object]: [Parameters<typeof commandStatement>[1], Parameters<typeof commandStatement>[2]],
): CommandVerdict {
  return {
    kind: 'request',
    pending: new MysqlPending({
      statements: [commandStatement(verb, action, object)],
      via: 'command',
      phase: 'run',
      permit: (running, out) => {
        forward(out);
        core.expect(new SingleReply({ session: core.session, barrier: false, ...reply, running }));
      },
    }),
  };
}
