import { known } from '@gatehouse/model';
import { type BsonValue, fieldsOf, stringOf } from '../bson/value.ts';
import type { Command } from '../messages/command.ts';
import type { MongodbCatalog } from './catalog.ts';
import { type Documents, NOTHING, outputOf } from './documents.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import { collectionRef, type FactsBuilder, objectRef } from './facts.ts';
import { walkFilter } from './filter.ts';
import { walkPipeline } from './pipeline.ts';
import { deeper, filterUse, type PipelineContext } from './pipeline-context.ts';

/** Where a command's documents stand in its reply, so that they can be masked, counted and redacted. */
export type ReplyShape = 'cursor' | 'value' | 'values' | 'results' | 'write' | 'none';

// biome-ignore lint/suspicious/noConfusingVoidType: a command without documents in its reply returns nothing.
export type Classify = (reader: CommandReader) => ReplyShape | void;

/** What is known of the server, and whether it was read just now. */
export interface Knowledge {
  readonly catalog: MongodbCatalog | null;
  /** The catalog was read after this very command had come: what is not in it does not exist. */
  readonly isFresh: boolean;
}

/** One command on its way to facts. */
export class CommandReader {
  readonly command: Command;
  readonly facts: FactsBuilder;
  /** Names that the catalog does not have. */
  readonly unlisted: Set<string>;
  readonly #knowledge: Knowledge;

  constructor(command: Command, facts: FactsBuilder, knowledge: Knowledge, unlisted = new Set<string>()) {
    this.command = command;
    this.facts = facts;
    this.unlisted = unlisted;
    this.#knowledge = knowledge;
  }

  /** The same reader for a command inside this one. */
  forCommand(command: Command): CommandReader {
    return new CommandReader(command, this.facts, this.#knowledge, this.unlisted);
  }

  field(name: string): BsonValue | undefined {
    return this.command.fields.get(name);
  }

  /** The collection that the command's first key names and that it changes. */
  target(): string | null {
    const name = this.named();
    return name !== null && this.checkTarget(this.command.database, name) ? name : null;
  }

  /** The collection that the command's first key names and that it only looks at. */
  named(): string | null {
    const name = stringOf(this.field(this.command.name));
    if (name !== null && isCollectionName(name)) return name;
    this.facts.notUnderstood('no collection');
    return null;
  }

  /** Refuses what cannot be a collection's name, and notes those that the server keeps for itself. */
  checkTarget(database: string, name: string): boolean {
    if (!isCollectionName(name)) {
      this.facts.notUnderstood('name that no collection can have');
      return false;
    }
    if (isOfTheServer(database, name))
      this.facts.add('configure', objectRef('server', `${database}.${name}`));
    return true;
  }

  /** Refuses options that are not known, because they could change what the command does. */
  only(...names: string[]): void {
    for (const name of this.command.fields.keys()) {
      if (name !== this.command.name && !isGeneric(name) && !names.includes(name))
        this.facts.notUnderstood(`option \`${name.slice(0, 64)}\``);
    }
  }

  context(): PipelineContext {
    return {
      database: this.command.database,
      facts: this.facts,
      depth: 0,
      narrowed: false,
      multiplied: false,
      limit: null,
      open: (database, name, context) => this.#open(database, name, context),
      checkTarget: (database, name) => this.checkTarget(database, name),
      run: walkPipeline,
    };
  }

  open(name: string, context: PipelineContext): Documents {
    return this.#open(this.command.database, name, context);
  }

  /** Walks a filter over documents and notes whether it narrows. */
  filter(value: BsonValue | undefined, documents: Documents): void {
    const fields = fieldsOf(value);
    if (fields === null && value !== undefined && value.kind !== 'null')
      this.facts.notUnderstood('filter that is not a document');
    this.facts.bounded = known(walkFilter(fields ?? new Map(), this.usesOf(documents)));
  }

  sort(value: BsonValue | undefined, documents: Documents): void {
    const uses = filterUse(documents, this.facts, 'sort');
    for (const [path, order] of fieldsOf(value) ?? []) {
      if (fieldsOf(order) !== null) walkExpression(order, uses);
      else if (path !== '$natural') uses.field(path);
    }
  }

  usesOf(documents: Documents): ExpressionUse {
    return filterUse(documents, this.facts);
  }

  /** The documents come out: their outputs, also as uses of the accesses. */
  finish(documents: Documents): void {
    const output = outputOf(documents);
    for (const { sources } of output) {
      if (!sources.known) continue;
      for (const { object, field } of sources.value) this.facts.use('read', object, field, 'output');
    }
    this.facts.output = known(output);
  }

  /** A view is its pipeline over its source, and a read of the view itself. */
  #open(database: string, name: string, context: PipelineContext): Documents {
    if (!isCollectionName(name) || context.depth > MAX_VIEW_DEPTH) {
      this.facts.notUnderstood('name that no collection can have');
      return NOTHING;
    }
    const object = collectionRef(database, name);
    this.facts.use('read', object);
    // SECURITY: the oplog, the profiler, raw buckets and the user tables hold other collections' values.
    if (isOfTheServer(database, name)) this.facts.add('read', objectRef('server', `${database}.${name}`));
    const { catalog, isFresh } = this.#knowledge;
    const isListed = catalog?.collections.has(`${database}.${name}`) === true;
    if (!isListed) this.unlisted.add(`${database}.${name}`);
    if (catalog === null || catalog.unread.has(database) || (!isListed && !isFresh)) {
      this.facts.notUnderstood('the views of this database are not known yet');
      return NOTHING;
    }
    const view = catalog.views.get(`${database}.${name}`);
    if (view === undefined) return { bases: [object], computed: [], kept: null };
    const inner = { ...deeper(context), database };
    const documents = walkPipeline(view.pipeline, this.#open(database, view.source, inner), inner);
    // Rules may protect the view by its own name too.
    return { ...documents, bases: [...documents.bases, object] };
  }
}

/** Collections that the server keeps for itself; writing to them changes the server, reading them shows everything. */
function isOfTheServer(database: string, name: string): boolean {
  return SERVER_DATABASES.has(database) || name.startsWith('system.');
}

/** SECURITY: `$cmd.aggregate` is the whole database to the server; a NUL ends a name early for some readers; U+FFFD may stand for other bytes. */
function isCollectionName(name: string): boolean {
  return name !== '' && !/[$\0\ufffd]/.test(name);
}

/** Options that any command may have and that do not change what it touches. */
export function isGeneric(name: string): boolean {
  return GENERIC.has(name);
}

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
]);
const SERVER_DATABASES = new Set(['admin', 'local', 'config']);
const MAX_VIEW_DEPTH = 20;
