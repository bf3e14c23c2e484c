import { known, type Statement, unknown } from '@gatehouse/model';
import { type BsonValue, fieldsOf, isTruthy, itemsOf, numberOf, stringOf } from '../bson/value.ts';
import { type Command, documentsOf } from '../messages/command.ts';
import type { MongodbCatalog } from './catalog.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import { collectionRef, FactsBuilder, objectRef, unknownStatement } from './facts.ts';
import { walkFilter } from './filter.ts';
import { NOTHING, outputOf, type PipelineContext, project, type Shape, walkPipeline } from './pipeline.ts';
import { shapeOf } from './shape.ts';
import { walkUpdate } from './update.ts';

/** Where a command's documents stand in its reply, so that they can be masked and counted. */
export type ReplyShape = 'cursor' | 'value' | 'none';

export interface Classified {
  readonly statement: Statement;
  readonly reply: ReplyShape;
  /** Objects at the server change; catalogs are read again. */
  readonly changesCatalog: boolean;
}

/**
 * What a command would do. `MongodbCatalog` null means that any name may be a view of anything.
 *
 * A command, an option of a data command, a stage or an operator that is not in the tables makes the
 * statement unknown.
 */
export function classifyCommand(command: Command, catalog: MongodbCatalog | null): Classified {
  const classify = COMMANDS.get(command.name);
  if (classify === undefined)
    return {
      statement: unknownStatement(command.name, `command \`${command.name.slice(0, 64)}\``),
      reply: 'none',
      changesCatalog: false,
    };
  const facts = new FactsBuilder();
  const reader = new CommandReader(command, facts, catalog);
  const reply = classify(reader) ?? 'none';
  return {
    statement: facts.build(command.name, shapeOf(command.fields)),
    reply,
    changesCatalog: DEFINES.has(command.name),
  };
}

// biome-ignore lint/suspicious/noConfusingVoidType: a command without documents in its reply returns nothing.
type Classify = (reader: CommandReader) => ReplyShape | void;

/** One command on its way to facts. */
class CommandReader {
  readonly command: Command;
  readonly facts: FactsBuilder;
  readonly #catalog: MongodbCatalog | null;

  constructor(command: Command, facts: FactsBuilder, catalog: MongodbCatalog | null) {
    this.command = command;
    this.facts = facts;
    this.#catalog = catalog;
  }

  /** The same reader for a command inside this one. */
  forCommand(command: Command): CommandReader {
    return new CommandReader(command, this.facts, this.#catalog);
  }

  field(name: string): BsonValue | undefined {
    return this.command.fields.get(name);
  }

  /** The collection that the command's first key names. */
  target(): string | null {
    const name = stringOf(this.field(this.command.name));
    if (name === null || name === '') this.facts.notUnderstood('no collection');
    else if (isOfTheServer(this.command.database, name))
      this.facts.add('configure', objectRef('server', `${this.command.database}.${name}`));
    return name;
  }

  /** Refuses options that are not known, because they could change what the command does. */
  only(...names: string[]): void {
    for (const name of this.command.fields.keys()) {
      if (name !== this.command.name && !GENERIC.has(name) && !names.includes(name))
        this.facts.notUnderstood(`option \`${name.slice(0, 64)}\``);
    }
  }

  context(): PipelineContext {
    return {
      database: this.command.database,
      facts: this.facts,
      depth: 0,
      narrowed: false,
      open: (database, name, context) => this.#open(database, name, context),
    };
  }

  open(name: string, context: PipelineContext): Shape {
    return this.#open(this.command.database, name, context);
  }

  /** A view is its pipeline over its source, and a read of the view itself. */
  #open(database: string, name: string, context: PipelineContext): Shape {
    const object = collectionRef(database, name);
    this.facts.use('read', object);
    // SECURITY: the oplog, the profiler and the user tables hold other collections' values.
    if (isOfTheServer(database, name)) this.facts.add('read', objectRef('server', `${database}.${name}`));
    if (this.#catalog === null || !this.#catalog.databases.has(database)) {
      this.facts.notUnderstood('the views of this database are not known yet');
      return NOTHING;
    }
    const view = this.#catalog.views.get(`${database}.${name}`);
    if (view === undefined) return { bases: [object], computed: [], kept: null };
    const source = this.#open(database, view.source, { ...context, depth: context.depth + 1 });
    const shape = walkPipeline(view.pipeline, source, {
      ...context,
      depth: context.depth + 1,
      narrowed: false,
    });
    // Rules may protect the view by its own name too.
    return { ...shape, bases: [...shape.bases, object] };
  }
}

/** Collections that the server keeps for itself; writing to them changes the server, reading them shows everything. */
function isOfTheServer(database: string, name: string): boolean {
  return SERVER_DATABASES.has(database) || name.startsWith('system.');
}

function usesOf(reader: CommandReader, shape: Shape): ExpressionUse {
  return {
    field: (path) => {
      for (const object of shape.bases) reader.facts.use('read', object, path, 'filter');
      for (const { name, sources } of shape.computed) {
        if (sources === null) reader.facts.notUnderstood('filter on a computed field');
        else if (name === '*' || path === name || path.startsWith(`${name}.`)) {
          for (const { object, field } of sources) reader.facts.use('read', object, field, 'filter');
        }
      }
    },
    call: (name) => reader.facts.call(name),
    notUnderstood: (reason) => reader.facts.notUnderstood(reason),
  };
}

const find: Classify = (reader) => {
  reader.only(
    'filter',
    'sort',
    'projection',
    'hint',
    'skip',
    'limit',
    'batchSize',
    'singleBatch',
    'max',
    'min',
    'showRecordId',
    'tailable',
    'awaitData',
    'oplogReplay',
    'noCursorTimeout',
    'allowPartialResults',
    'collation',
    'allowDiskUse',
    'let',
  );
  const name = reader.target();
  if (name === null) return 'cursor';
  const context = reader.context();
  const shape = reader.open(name, context);
  reader.facts.bounded = known(
    walkFilter(fieldsOf(reader.field('filter')) ?? new Map(), usesOf(reader, shape)),
  );
  for (const key of ['min', 'max', 'hint'])
    for (const path of fieldsOf(reader.field(key))?.keys() ?? []) usesOf(reader, shape).field(path);
  for (const path of fieldsOf(reader.field('sort'))?.keys() ?? []) {
    for (const object of shape.bases) reader.facts.use('read', object, path, 'sort');
  }
  for (const value of fieldsOf(reader.field('let'))?.values() ?? [])
    walkExpression(value, usesOf(reader, shape));
  const limit = numberOf(reader.field('limit'));
  reader.facts.limit = known(limit === null || limit === 0 ? null : Math.abs(limit));
  finish(reader, projectFind(reader, shape, context));
  return 'cursor';
};

/** The projection of `find` has three forms of its own that keep paths: `a.$`, `$slice` and `$elemMatch`. */
function projectFind(reader: CommandReader, shape: Shape, context: PipelineContext): Shape {
  const projection = fieldsOf(reader.field('projection'));
  if (projection === null || projection.size === 0) return shape;
  const special = [...projection].filter(([key, value]) => key.endsWith('.$') || isFindOperator(value));
  if (special.length === 0) return project(projection, shape, context);
  for (const [key, value] of special) {
    const inner = fieldsOf(fieldsOf(value)?.get('$elemMatch'));
    if (inner !== null) walkFilter(inner, usesOf(reader, shape), key);
  }
  const rest = new Map(
    [...projection].filter(([key, value]) => !key.endsWith('.$') && !isFindOperator(value)),
  );
  // Sound and wider than needed: all paths may come out, besides what the rest computes.
  return { ...shape, computed: project(rest, shape, context).computed };
}

function isFindOperator(value: BsonValue): boolean {
  const [first] = fieldsOf(value)?.keys() ?? [];
  if (first === '$elemMatch') return true;
  const slice = fieldsOf(value)?.get('$slice');
  if (first !== '$slice' || slice === undefined) return false;
  return (
    numberOf(slice) !== null ||
    (itemsOf(slice)?.every((item) => numberOf(item) !== null || item.kind === 'number') ?? false) ||
    slice.kind === 'number'
  );
}

/** The outputs of a shape, also as uses of the accesses. */
function finish(reader: CommandReader, shape: Shape): void {
  const output = outputOf(shape);
  for (const { sources } of output) {
    if (!sources.known) continue;
    for (const { object, field } of sources.value) reader.facts.use('read', object, field, 'output');
  }
  reader.facts.output = known(output);
}

const aggregate: Classify = (reader) => {
  reader.only(
    'pipeline',
    'explain',
    'allowDiskUse',
    'cursor',
    'bypassDocumentValidation',
    'hint',
    'collation',
    'let',
  );
  const stages = itemsOf(reader.field('pipeline'));
  if (stages === null) {
    reader.facts.notUnderstood('no pipeline');
    return 'cursor';
  }
  const context = reader.context();
  const name = stringOf(reader.field('aggregate'));
  const shape = name === null ? NOTHING : reader.open(name, context);
  for (const value of fieldsOf(reader.field('let'))?.values() ?? [])
    walkExpression(value, usesOf(reader, shape));
  const result = walkPipeline(stages, shape, context);
  reader.facts.bounded = known(context.narrowed);
  if (isTruthy(reader.field('explain'))) explained(reader);
  else finish(reader, result);
  return 'cursor';
};

/** Plans may print values of the objects they are about. */
function explained(reader: CommandReader): void {
  reader.facts.output = unknown('a plan may hold values');
}

const count: Classify = (reader) => {
  reader.only('query', 'limit', 'skip', 'hint', 'collation', 'fields');
  const name = reader.target();
  if (name === null) return;
  const shape = reader.open(name, reader.context());
  reader.facts.bounded = known(
    walkFilter(fieldsOf(reader.field('query')) ?? new Map(), usesOf(reader, shape)),
  );
};

const distinct: Classify = (reader) => {
  reader.only('key', 'query', 'hint', 'collation');
  const name = reader.target();
  const key = stringOf(reader.field('key'));
  if (name === null || key === null) {
    reader.facts.notUnderstood('no key');
    return;
  }
  const shape = reader.open(name, reader.context());
  reader.facts.bounded = known(
    walkFilter(fieldsOf(reader.field('query')) ?? new Map(), usesOf(reader, shape)),
  );
  const sources = shape.bases.map((object) => ({ object, field: key }));
  const isComputed = shape.computed.length > 0;
  for (const { object } of sources) reader.facts.use('read', object, key, 'output');
  reader.facts.output = known([
    {
      name: 'values',
      kind: 'derived',
      sources: isComputed ? unknown('values of a view that computes') : known(sources),
    },
  ]);
};

const insert: Classify = (reader) => {
  reader.only('documents', 'ordered', 'bypassDocumentValidation');
  const name = reader.target();
  if (name === null) return;
  if (reader.command.sequences.get('documents') === undefined && itemsOf(reader.field('documents')) === null)
    reader.facts.notUnderstood('no documents');
  reader.facts.use('insert', collectionRef(reader.command.database, name), '*', 'write');
};

const update: Classify = (reader) => {
  reader.only('updates', 'ordered', 'bypassDocumentValidation', 'let');
  const name = reader.target();
  const updates = documentsOf(reader.command, 'updates');
  if (name === null || updates === null) {
    reader.facts.notUnderstood('no updates');
    return;
  }
  let bounded = true;
  for (const one of updates) {
    bounded =
      walkUpdate({ q: one.get('q'), u: one.get('u'), upsert: one.get('upsert') }, targetOf(reader, name)) &&
      bounded;
  }
  reader.facts.bounded = known(bounded);
};

function targetOf(reader: CommandReader, name: string) {
  return { object: collectionRef(reader.command.database, name), facts: reader.facts };
}

const remove: Classify = (reader) => {
  reader.only('deletes', 'ordered', 'let');
  const name = reader.target();
  const deletes = documentsOf(reader.command, 'deletes');
  if (name === null || deletes === null) {
    reader.facts.notUnderstood('no deletes');
    return;
  }
  const { object, facts } = targetOf(reader, name);
  facts.use('delete', object);
  let bounded = true;
  for (const one of deletes) {
    const filter = fieldsOf(one.get('q'));
    if (filter === null) facts.notUnderstood('delete without a filter document');
    else bounded = walkFilter(filter, filterOn(facts, object)) && bounded;
  }
  facts.bounded = known(bounded);
};

function filterOn(facts: FactsBuilder, object: ReturnType<typeof collectionRef>): ExpressionUse {
  return {
    field: (path) => facts.use('read', object, path, 'filter'),
    call: (name) => facts.call(name),
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
}

const findAndModify: Classify = (reader) => {
  reader.only(
    'query',
    'sort',
    'remove',
    'update',
    'new',
    'fields',
    'upsert',
    'bypassDocumentValidation',
    'collation',
    'arrayFilters',
    'hint',
    'let',
  );
  const name = reader.target();
  if (name === null) return 'value';
  const { object, facts } = targetOf(reader, name);
  for (const path of fieldsOf(reader.field('sort'))?.keys() ?? []) facts.use('read', object, path, 'sort');
  const query = reader.field('query') ?? { kind: 'document' as const, fields: new Map() };
  if (isTruthy(reader.field('remove'))) {
    facts.use('delete', object);
    const filter = fieldsOf(query);
    facts.bounded = known(filter !== null && walkFilter(filter, filterOn(facts, object)));
  } else {
    facts.bounded = known(
      walkUpdate(
        { q: query, u: reader.field('update'), upsert: reader.field('upsert') },
        targetOf(reader, name),
      ),
    );
  }
  const shape: Shape = { bases: [object], computed: [], kept: null };
  const fields = fieldsOf(reader.field('fields'));
  finish(
    reader,
    fields === null || fields.size === 0
      ? shape
      : { ...shape, computed: project(fields, shape, reader.context()).computed },
  );
  return 'value';
};

const bulkWrite: Classify = (reader) => {
  reader.only('ops', 'nsInfo', 'ordered', 'bypassDocumentValidation', 'errorsOnly', 'let', 'cursor');
  const ops = documentsOf(reader.command, 'ops');
  const spaces = documentsOf(reader.command, 'nsInfo')?.map((entry) => stringOf(entry.get('ns')));
  if (ops === null || spaces === undefined) {
    reader.facts.notUnderstood('no operations');
    return 'cursor';
  }
  let bounded = true;
  for (const operation of ops) {
    const [kind] = operation.keys();
    const space = spaces[numberOf(operation.get(kind ?? '')) ?? -1];
    const dot = space?.indexOf('.') ?? -1;
    if (kind === undefined || space === null || space === undefined || dot <= 0) {
      reader.facts.notUnderstood('operation without a namespace');
      break;
    }
    const object = collectionRef(space.slice(0, dot), space.slice(dot + 1));
    if (kind === 'insert') reader.facts.use('insert', object, '*', 'write');
    else if (kind === 'update') {
      bounded =
        walkUpdate(
          { q: operation.get('filter'), u: operation.get('updateMods'), upsert: operation.get('upsert') },
          { object, facts: reader.facts },
        ) && bounded;
    } else if (kind === 'delete') {
      const filter = fieldsOf(operation.get('filter'));
      reader.facts.use('delete', object);
      bounded = filter !== null && walkFilter(filter, filterOn(reader.facts, object)) && bounded;
    } else reader.facts.notUnderstood(`operation \`${kind.slice(0, 32)}\``);
  }
  reader.facts.bounded = known(bounded);
  // Its cursor tells of the operations, not of documents.
  return 'none';
};

const explain: Classify = (reader) => {
  const inner = fieldsOf(reader.field('explain'));
  const name = inner?.keys().next().value;
  const classify = name === undefined ? undefined : COMMANDS.get(name);
  if (inner === null || name === undefined || classify === undefined || !EXPLAINABLE.has(name)) {
    reader.facts.notUnderstood('explain of what is not understood');
    return;
  }
  const command: Command = {
    ...reader.command,
    name,
    fields: new Map([...inner].filter(([key]) => key !== '$db')),
  };
  classify(reader.forCommand(command));
  explained(reader);
};

/** A command on a collection that changes what is there. */
const define: Classify = (reader) => {
  const name = reader.target();
  if (name === null) return;
  const object = collectionRef(reader.command.database, name);
  reader.facts.add('define', object);
  reader.facts.irreversible = true;
  const source = stringOf(reader.field('viewOn'));
  // A view made over protected data must be judged as a copy of it.
  if (source !== null)
    finish(
      reader,
      walkPipeline(
        itemsOf(reader.field('pipeline')) ?? [],
        reader.open(source, reader.context()),
        reader.context(),
      ),
    );
};

const rename: Classify = (reader) => {
  for (const key of ['renameCollection', 'to']) {
    const [database, ...rest] = (stringOf(reader.field(key)) ?? '').split('.');
    if (database === undefined || database === '' || rest.length === 0)
      reader.facts.notUnderstood('rename without names');
    else reader.facts.add('define', collectionRef(database, rest.join('.')));
  }
  reader.facts.irreversible = true;
};

const defineDatabase: Classify = (reader) => {
  reader.facts.add('define', objectRef('namespace', reader.command.database));
  reader.facts.irreversible = true;
};

const onCollection =
  (action: 'introspect' | 'read'): Classify =>
  (reader) => {
    const name = reader.target();
    if (name !== null) reader.facts.use(action, collectionRef(reader.command.database, name));
  };

const onNamespace: Classify = (reader) => {
  reader.facts.add('introspect', objectRef('namespace', reader.command.database));
  return;
};

const onServer =
  (action: 'introspect' | 'read' | 'configure'): Classify =>
  (reader) => {
    reader.facts.add(action, objectRef('server', reader.command.name));
    reader.facts.irreversible = action === 'configure';
  };

const transact: Classify = (reader) => {
  reader.facts.add('transact', objectRef('session', 'own'));
};

const cancel: Classify = (reader) => {
  reader.facts.add('cancel', objectRef('session', reader.command.name));
};

const grant: Classify = (reader) => {
  const name = stringOf(reader.field(reader.command.name)) ?? '*';
  reader.facts.add('grant', objectRef('role', name));
  reader.facts.irreversible = true;
};

const javascript: Classify = (reader) => {
  reader.facts.call(reader.command.name);
  const name = stringOf(reader.field(reader.command.name));
  if (name !== null)
    reader.facts.useUnknown('read', collectionRef(reader.command.database, name), 'read by code');
  reader.facts.output = unknown('computed by code');
  const out = reader.field('out');
  const target =
    stringOf(out) ??
    stringOf(
      [...(fieldsOf(out)?.entries() ?? [])].find(([key]) =>
        ['replace', 'merge', 'reduce'].includes(key),
      )?.[1],
    );
  if (target !== null)
    reader.facts.use('insert', collectionRef(reader.command.database, target), '*', 'write');
};

function table(names: string, classify: Classify): [string, Classify][] {
  return names.split(' ').map((name) => [name, classify]);
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
    'create createIndexes drop dropIndexes deleteIndexes collMod convertToCapped cloneCollectionAsCapped reIndex compact createSearchIndexes dropSearchIndex updateSearchIndex',
    define,
  ),
  ...table('renameCollection', rename),
  ...table('dropDatabase', defineDatabase),
  ...table('listIndexes collStats collstats validate dataSize listSearchIndexes', onCollection('introspect')),
  ...table('listCollections dbStats dbstats', onNamespace),
  ...table(
    'ping buildInfo buildinfo hello isMaster ismaster connectionStatus whatsmyuri getCmdLineOpts hostInfo listCommands features listDatabases serverStatus replSetGetStatus getParameter getFreeMonitoringStatus atlasVersion getDefaultRWConcern usersInfo rolesInfo isdbgrid',
    onServer('introspect'),
  ),
  ...table('getLog currentOp top dbHash dbhash lockInfo getDiagnosticData', onServer('read')),
  ...table(
    'setParameter profile fsync fsyncUnlock shutdown logRotate setFeatureCompatibilityVersion setDefaultRWConcern replSetInitiate replSetReconfig replSetStepDown replSetFreeze rotateCertificates planCacheClear planCacheSetFilter invalidateUserCache logMessage setFreeMonitoring addShard removeShard enableSharding shardCollection balancerStart balancerStop',
    onServer('configure'),
  ),
  ...table(
    'startSession endSessions refreshSessions commitTransaction abortTransaction killCursors getLastError getlasterror',
    transact,
  ),
  ...table('killOp killSessions killAllSessions killAllSessionsByPattern', cancel),
  ...table(
    'createUser updateUser dropUser dropAllUsersFromDatabase grantRolesToUser revokeRolesFromUser createRole updateRole dropRole dropAllRolesFromDatabase grantPrivilegesToRole revokePrivilegesFromRole grantRolesToRole revokeRolesFromRole',
    grant,
  ),
  ...table('mapReduce mapreduce eval $eval group', javascript),
]);

const DEFINES = new Set(['create', 'drop', 'dropDatabase', 'renameCollection', 'collMod']);
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

/** Options that any command may have and that do not change what it touches. */
const GENERIC = new Set([
  '$db',
  'lsid',
  'txnNumber',
  'autocommit',
  'startTransaction',
  'stmtId',
  'stmtIds',
  '$clusterTime',
  'readConcern',
  'writeConcern',
  '$readPreference',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  'comment',
  'maxTimeMS',
  'maxTimeMSOpOnly',
  '$audit',
  '$client',
  'isRetryable',
  'mayBypassWriteBlocking',
  'rawData',
]);

const SERVER_DATABASES = new Set(['admin', 'local', 'config']);
