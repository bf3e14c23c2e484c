import type { Statement } from '@gatehouse/model';
import { fieldsOf, stringOf } from '../bson/value.ts';
import type { Command } from '../messages/command.ts';
import {
  type Classify,
  CommandReader,
  isGeneric,
  type Knowledge,
  type ReplyShape,
} from './command-reader.ts';
import { clone, define, defineDatabase, rename } from './define-commands.ts';
import { FactsBuilder, unknownStatement } from './facts.ts';
import { aggregate, count, distinct, explained, find } from './read-commands.ts';
import {
  cancel,
  describeCollection,
  describeNamespace,
  describeUsers,
  grant,
  javascript,
  onServer,
  transact,
  validate,
} from './server-commands.ts';
import { shapeOf } from './shape.ts';
import { bulkWrite, findAndModify, insert, remove, update } from './write-commands.ts';

export interface Classified {
  readonly statement: Statement;
  readonly reply: ReplyShape;
  /** Objects at the server change; catalogs are read again. */
  readonly changesCatalog: boolean;
  /** Collections that are read and that the catalog does not have: it may be older than they are. */
  readonly unlisted: readonly string[];
}

/**
 * What a command would do. A catalog that is null means that any name may be a view of anything.
 *
 * A command, an option of a data command, a document sequence, a stage or an operator that is not in
 * the tables makes the statement unknown.
 */
export function classifyCommand(command: Command, knowledge: Knowledge): Classified {
  const classify = COMMANDS.get(command.name);
  if (classify === undefined) return notUnderstood(command.name, `command \`${command.name.slice(0, 64)}\``);
  const reader = new CommandReader(command, new FactsBuilder(), knowledge);
  const reply = classify(reader) ?? 'none';
  assertFrame(reader);
  return {
    statement: reader.facts.build(command.name, shapeOf(command.fields)),
    reply,
    changesCatalog: DEFINES.has(command.name),
    unlisted: [...reader.unlisted],
  };
}

/** A command of which only the name is known. */
export function notUnderstood(name: string, reason: string): Classified {
  return {
    statement: unknownStatement(name.slice(0, 64), reason),
    reply: 'none',
    changesCatalog: false,
    unlisted: [],
  };
}

/** What holds for every command: no sequence that it does not read, no reserved field that is not known. */
function assertFrame({ command, facts }: CommandReader): void {
  for (const identifier of command.sequences.keys()) {
    if (SEQUENCES.get(command.name)?.includes(identifier) !== true)
      facts.notUnderstood(`document sequence \`${identifier.slice(0, 64)}\``);
  }
  for (const name of command.fields.keys()) {
    if ((name.startsWith('$') && !isGeneric(name)) || name === 'rawData')
      facts.notUnderstood(`option \`${name.slice(0, 64)}\``);
  }
}

const explain: Classify = (reader) => {
  reader.only('verbosity');
  const inner = fieldsOf(reader.field('explain'));
  const name = inner?.keys().next().value;
  const classify = name === undefined || !EXPLAINABLE.has(name) ? undefined : COMMANDS.get(name);
  const database = inner?.has('$db') ? stringOf(inner.get('$db')) : reader.command.database;
  if (
    inner === null ||
    name === undefined ||
    classify === undefined ||
    database !== reader.command.database
  ) {
    reader.facts.notUnderstood('explain of what is not understood');
    return;
  }
  const command: Command = { ...reader.command, name, fields: inner, sequences: new Map() };
  classify(reader.forCommand(command));
  // Nothing is written by a plan, and its reply has no documents.
  explained(reader);
};

function table(names: string, classify: Classify): [string, Classify][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, classify]);
}

/** Every command that is understood. Names are case-sensitive; the first key of the body decides. */
const COMMANDS: ReadonlyMap<string, Classify> = new Map<string, Classify>([
  ...table('find', find),
  ...table('aggregate', aggregate),
  ...table('count', count),
  ...table('distinct', distinct),
  ...table('insert', insert),
  ...table('update', update),
  ...table('delete', remove),
  ...table('findAndModify findandmodify', findAndModify),
  ...table('bulkWrite', bulkWrite),
  ...table('explain', explain),
  ...table(
    `create createIndexes drop dropIndexes deleteIndexes collMod convertToCapped reIndex compact
    createSearchIndexes dropSearchIndex updateSearchIndex`,
    define,
  ),
  ...table('cloneCollectionAsCapped', clone),
  ...table('renameCollection', rename),
  ...table('dropDatabase', defineDatabase),
  ...table('listIndexes collStats collstats listSearchIndexes', describeCollection),
  ...table('validate', validate),
  ...table('listCollections dbStats dbstats', describeNamespace),
  ...table('usersInfo rolesInfo', describeUsers),
  ...table(
    `ping buildInfo buildinfo whatsmyuri getCmdLineOpts hostInfo listCommands features listDatabases
    serverStatus getParameter getFreeMonitoringStatus atlasVersion getDefaultRWConcern`,
    onServer('introspect'),
  ),
  ...table('getLog currentOp top dbHash dbhash lockInfo getDiagnosticData', onServer('read')),
  ...table(
    `setParameter profile fsync fsyncUnlock shutdown logRotate setFeatureCompatibilityVersion
    setDefaultRWConcern replSetInitiate replSetReconfig replSetStepDown replSetFreeze rotateCertificates
    planCacheClear planCacheSetFilter invalidateUserCache logMessage setFreeMonitoring addShard
    removeShard enableSharding shardCollection balancerStart balancerStop`,
    onServer('configure'),
  ),
  ...table(
    `startSession endSessions refreshSessions commitTransaction abortTransaction killCursors getLastError
    getlasterror`,
    transact,
  ),
  ...table('killOp killSessions killAllSessions killAllSessionsByPattern', cancel),
  ...table(
    `createUser updateUser dropUser dropAllUsersFromDatabase grantRolesToUser revokeRolesFromUser createRole
    updateRole dropRole dropAllRolesFromDatabase grantPrivilegesToRole revokePrivilegesFromRole
    grantRolesToRole revokeRolesFromRole`,
    grant,
  ),
  ...table('mapReduce mapreduce eval group', javascript),
]);

/** The document sequences that a server takes for a command. */
const SEQUENCES: ReadonlyMap<string, readonly string[]> = new Map([
  ['insert', ['documents']],
  ['update', ['updates']],
  ['delete', ['deletes']],
  ['bulkWrite', ['ops', 'nsInfo']],
]);
const DEFINES = new Set([
  'create',
  'drop',
  'dropDatabase',
  'renameCollection',
  'collMod',
  'convertToCapped',
  'cloneCollectionAsCapped',
]);
const EXPLAINABLE = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
]);
