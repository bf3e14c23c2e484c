import { known, type ObjectRef } from '@gatehouse/model';
import {
  type BsonFields,
  type BsonValue,
  fieldsOf,
  isTruthy,
  itemsOf,
  numberOf,
  stringOf,
} from '../bson/value.ts';
import { documentsOf } from '../messages/command.ts';
import type { Classify, CommandReader } from './command-reader.ts';
import type { Documents } from './documents.ts';
import { collectionRef } from './facts.ts';
import { projectFind } from './project.ts';
import { walkUpdate } from './update.ts';

export const insert: Classify = (reader) => {
  reader.only('documents', 'ordered', 'bypassDocumentValidation');
  const name = reader.target();
  if (name === null) return 'write';
  if (!reader.command.sequences.has('documents') && itemsOf(reader.field('documents')) === null)
    reader.facts.notUnderstood('no documents');
  reader.facts.use('insert', collectionRef(reader.command.database, name), '*', 'write');
  return 'write';
};

export const update: Classify = (reader) => {
  reader.only('updates', 'ordered', 'bypassDocumentValidation', 'let');
  const name = reader.target();
  const updates = documentsOf(reader.command, 'updates');
  if (name === null || updates === null) {
    reader.facts.notUnderstood('no updates');
    return 'write';
  }
  const object = collectionRef(reader.command.database, name);
  const each = updates.map((one) => {
    onlyFields(reader, one, UPDATE_FIELDS);
    return oneUpdate(reader, object, one, { filter: 'q', change: 'u' });
  });
  reader.facts.bounded = known(each.every((narrows) => narrows));
  return 'write';
};

export const remove: Classify = (reader) => {
  reader.only('deletes', 'ordered', 'let');
  const name = reader.target();
  const deletes = documentsOf(reader.command, 'deletes');
  if (name === null || deletes === null) {
    reader.facts.notUnderstood('no deletes');
    return 'write';
  }
  const object = collectionRef(reader.command.database, name);
  const each = deletes.map((one) => {
    onlyFields(reader, one, DELETE_FIELDS);
    return oneDelete(reader, object, one, 'q');
  });
  reader.facts.bounded = known(each.every((narrows) => narrows));
  return 'write';
};

export const findAndModify: Classify = (reader) => {
  reader.only(...FIND_AND_MODIFY_OPTIONS);
  const name = reader.target();
  if (name === null) return 'value';
  const object = collectionRef(reader.command.database, name);
  const documents: Documents = { bases: [object], computed: [], kept: null };
  const parts = new Map([['query', EMPTY], ...reader.command.fields]);
  const bounded = isTruthy(reader.field('remove'))
    ? oneDelete(reader, object, parts, 'query')
    : oneUpdate(reader, object, parts, { filter: 'query', change: 'update' });
  reader.facts.bounded = known(bounded);
  const fields = fieldsOf(reader.field('fields'));
  reader.finish(fields === null ? documents : projectFind(fields, documents, reader.context()));
  return 'value';
};

export const bulkWrite: Classify = (reader) => {
  reader.only('ops', 'nsInfo', 'ordered', 'bypassDocumentValidation', 'errorsOnly', 'let', 'cursor');
  const ops = documentsOf(reader.command, 'ops');
  const spaces = documentsOf(reader.command, 'nsInfo')?.map((entry) => stringOf(entry.get('ns')));
  if (ops === null || spaces === undefined) {
    reader.facts.notUnderstood('no operations');
    return 'results';
  }
  let bounded = true;
  for (const operation of ops) {
    const [kind = ''] = operation.keys();
    const object = spaceRef(reader, spaces[numberOf(operation.get(kind)) ?? -1]);
    if (object === null) break;
    bounded = bulkOperation(reader, object, kind, operation) && bounded;
  }
  reader.facts.bounded = known(bounded);
  return 'results';
};

function spaceRef(reader: CommandReader, space: string | null | undefined): ObjectRef | null {
  const dot = space?.indexOf('.') ?? -1;
  if (space === null || space === undefined || dot <= 0) {
    reader.facts.notUnderstood('operation without a namespace');
    return null;
  }
  const [database, name] = [space.slice(0, dot), space.slice(dot + 1)];
  return reader.checkTarget(database, name) ? collectionRef(database, name) : null;
}

function bulkOperation(
  reader: CommandReader,
  object: ObjectRef,
  kind: string,
  operation: BsonFields,
): boolean {
  onlyFields(reader, operation, BULK_FIELDS);
  switch (kind) {
    case 'insert':
      reader.facts.use('insert', object, '*', 'write');
      return true;
    case 'update':
      return oneUpdate(reader, object, operation, { filter: 'filter', change: 'updateMods' });
    case 'delete':
      return oneDelete(reader, object, operation, 'filter');
    default:
      reader.facts.notUnderstood(`operation \`${kind.slice(0, 32)}\``);
      return false;
  }
}

/** One update in any of its three spellings; true when its filter narrows. */
function oneUpdate(
  reader: CommandReader,
  object: ObjectRef,
  one: BsonFields,
  names: { readonly filter: string; readonly change: string },
): boolean {
  const documents = whole(object);
  reader.sort(one.get('sort'), documents);
  hint(reader, one.get('hint'), documents);
  return walkUpdate(
    {
      q: one.get(names.filter),
      u: one.get(names.change),
      upsert: one.get('upsert'),
      arrayFilters: one.get('arrayFilters'),
    },
    { object, facts: reader.facts },
  );
}

function oneDelete(reader: CommandReader, object: ObjectRef, one: BsonFields, filter: string): boolean {
  const documents = whole(object);
  reader.facts.use('delete', object);
  reader.sort(one.get('sort'), documents);
  hint(reader, one.get('hint'), documents);
  const value = one.get(filter);
  if (fieldsOf(value) === null) reader.facts.notUnderstood('delete without a filter document');
  reader.filter(value, documents);
  return reader.facts.bounded.known && reader.facts.bounded.value;
}

function hint(reader: CommandReader, value: BsonValue | undefined, documents: Documents): void {
  for (const path of fieldsOf(value)?.keys() ?? []) reader.usesOf(documents).field(path);
}

function whole(object: ObjectRef): Documents {
  return { bases: [object], computed: [], kept: null };
}

/** A field that is not known could change what the operation does. */
function onlyFields(reader: CommandReader, one: BsonFields, names: ReadonlySet<string>): void {
  for (const name of one.keys())
    if (!names.has(name)) reader.facts.notUnderstood(`option \`${name.slice(0, 64)}\``);
}

const EMPTY: BsonValue = { kind: 'document', fields: new Map() };
const UPDATE_FIELDS = new Set([
  'q',
  'u',
  'c',
  'upsert',
  'multi',
  'collation',
  'arrayFilters',
  'hint',
  'sort',
]);
const DELETE_FIELDS = new Set(['q', 'limit', 'collation', 'hint']);
const BULK_FIELDS = new Set([
  'insert',
  'document',
  'update',
  'delete',
  'filter',
  'updateMods',
  'upsert',
  'multi',
  'arrayFilters',
  'constants',
  'collation',
  'hint',
  'sort',
]);
const FIND_AND_MODIFY_OPTIONS = [
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
];
