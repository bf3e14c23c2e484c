import type { ObjectRef } from '@gatehouse/model';
import { type BsonValue, fieldsOf, itemsOf, stringOf } from '../bson/value.ts';
import { type Documents, NOTHING } from './documents.ts';
import { collectionRef } from './facts.ts';
import { deeper, outputAll, type PipelineContext, read, readPath, type Stage } from './pipeline-context.ts';

/** `$out` and `$merge`: the documents go into another collection, so every field of them is an output that is stored there. */

export const outStage: Stage = (value, documents, context) => {
  outputAll(documents, context);
  const target = writeTarget(value, context);
  if (target !== null) {
    // What is there is replaced as a whole.
    context.facts.add('define', target);
    store(target, context);
  }
  return NOTHING;
};

export const mergeStage: Stage = (value, documents, context) => {
  outputAll(documents, context);
  const fields = fieldsOf(value);
  const target = writeTarget(fields?.get('into') ?? value, context);
  if (target === null) return NOTHING;
  store(target, context);
  // SECURITY: `$match` of one document, joined with all others and unwound, writes them all.
  if (context.multiplied) context.narrowed = false;
  const there: Documents = { bases: [target], computed: [], kept: null };
  const on = fields?.get('on');
  for (const item of itemsOf(on) ?? (on === undefined ? [] : [on])) {
    const path = stringOf(item);
    // Whether a document matches tells what its key is.
    if (path !== null && path !== '_id') readPath(path, 'join', there, context);
  }
  for (const expression of fieldsOf(fields?.get('let'))?.values() ?? [])
    read(expression, 'output', documents, context);
  const then = itemsOf(fields?.get('whenMatched'));
  if (then !== null) outputAll(context.run(then, there, deeper(context)), context);
  return NOTHING;
};

function store(target: ObjectRef, { facts }: PipelineContext): void {
  facts.use('insert', target, '*', 'write');
  facts.use('update', target, '*', 'write');
}

function writeTarget(value: BsonValue, context: PipelineContext): ObjectRef | null {
  const fields = fieldsOf(value);
  const name = stringOf(value) ?? stringOf(fields?.get('coll'));
  const given = fields?.get('db');
  const database = given === undefined ? context.database : stringOf(given);
  if (name === null || database === null) {
    context.facts.notUnderstood('target that is not a name');
    return null;
  }
  return context.checkTarget(database, name) ? collectionRef(database, name) : null;
}
