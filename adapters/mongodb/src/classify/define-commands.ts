import { fieldsOf, itemsOf, stringOf } from '../bson/value.ts';
import type { Classify, CommandReader } from './command-reader.ts';
import type { Documents } from './documents.ts';
import { collectionRef, objectRef } from './facts.ts';
import { walkFilter } from './filter.ts';
import { walkPipeline } from './pipeline.ts';

/** A command on a collection that changes what is there. */
export const define: Classify = (reader) => {
  const name = reader.target();
  if (name === null) return;
  const object = collectionRef(reader.command.database, name);
  reader.facts.add('define', object);
  reader.facts.irreversible = true;
  const documents: Documents = { bases: [object], computed: [], kept: null };
  // What a validator or a partial index lets through tells the values that are there.
  const filters = [
    reader.field('validator'),
    ...(itemsOf(reader.field('indexes')) ?? []).map((index) =>
      fieldsOf(index)?.get('partialFilterExpression'),
    ),
  ];
  for (const filter of filters) {
    const fields = fieldsOf(filter);
    if (fields !== null) walkFilter(fields, reader.usesOf(documents));
  }
  defineView(reader);
};

/** A view made over protected data must be judged as a copy of it. */
function defineView(reader: CommandReader): void {
  const source = reader.field('viewOn');
  if (source === undefined) {
    if (reader.field('pipeline') !== undefined) reader.facts.notUnderstood('pipeline without `viewOn`');
    return;
  }
  const name = stringOf(source);
  const stages = reader.field('pipeline');
  if (name === null || (stages !== undefined && itemsOf(stages) === null)) {
    reader.facts.notUnderstood('view that is not a pipeline over a name');
    return;
  }
  const context = reader.context();
  reader.finish(walkPipeline(itemsOf(stages) ?? [], reader.open(name, context), context));
}

/** The documents are there under another name afterwards, out of the reach of a mask. */
export const rename: Classify = (reader) => {
  const [from, to] = ['renameCollection', 'to'].map((key) => {
    const space = stringOf(reader.field(key)) ?? '';
    const dot = space.indexOf('.');
    const [database, name] = [space.slice(0, Math.max(dot, 0)), space.slice(dot + 1)];
    return dot > 0 && reader.checkTarget(database, name) ? collectionRef(database, name) : null;
  });
  reader.facts.irreversible = true;
  if (from == null || to == null) {
    reader.facts.notUnderstood('rename without names');
    return;
  }
  reader.facts.add('define', from);
  reader.facts.add('define', to);
  reader.facts.use('read', from, '*', 'output');
};

/** `cloneCollectionAsCapped`: a copy. */
export const clone: Classify = (reader) => {
  const name = reader.target();
  const to = stringOf(reader.field('toCollection'));
  const { database } = reader.command;
  reader.facts.irreversible = true;
  if (name === null || to === null || !reader.checkTarget(database, to)) {
    reader.facts.notUnderstood('copy without names');
    return;
  }
  reader.facts.use('read', collectionRef(database, name), '*', 'output');
  reader.facts.add('define', collectionRef(database, to));
  reader.facts.use('insert', collectionRef(database, to), '*', 'write');
};

export const defineDatabase: Classify = (reader) => {
  reader.facts.add('define', objectRef('namespace', reader.command.database));
  reader.facts.irreversible = true;
};
