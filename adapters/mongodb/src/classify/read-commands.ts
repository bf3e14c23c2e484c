import { known, unknown } from '@gatehouse/model';
import { type BsonValue, fieldsOf, isTruthy, itemsOf, numberOf, stringOf } from '../bson/value.ts';
import type { Classify, CommandReader } from './command-reader.ts';
import { type Documents, NOTHING } from './documents.ts';
import { walkExpression } from './expression.ts';
import { pathsOf } from './field-path.ts';
import { walkPipeline } from './pipeline.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { projectFind } from './project.ts';

export const find: Classify = (reader) => {
  reader.only(...FIND_OPTIONS);
  const name = reader.named();
  if (name === null) return 'cursor';
  const context = reader.context();
  const documents = reader.open(name, context);
  const uses = reader.usesOf(documents);
  reader.filter(reader.field('filter'), documents);
  for (const key of ['min', 'max', 'hint'])
    for (const path of fieldsOf(reader.field(key))?.keys() ?? []) uses.field(path);
  reader.sort(reader.field('sort'), documents);
  for (const value of fieldsOf(reader.field('let'))?.values() ?? []) walkExpression(value, uses);
  const limit = reader.field('limit');
  reader.facts.limit = limitOf(limit);
  const projection = fieldsOf(reader.field('projection'));
  reader.finish(projection === null ? documents : projectFind(projection, documents, context));
  return 'cursor';
};

function limitOf(value: BsonValue | undefined) {
  if (value === undefined) return known(null);
  const limit = numberOf(value);
  if (limit === null) return unknown('limit is not a number');
  return known(limit === 0 ? null : Math.abs(limit));
}

export const aggregate: Classify = (reader) => {
  reader.only(...AGGREGATE_OPTIONS);
  const stages = itemsOf(reader.field('pipeline'));
  if (stages === null) {
    reader.facts.notUnderstood('no pipeline');
    return 'cursor';
  }
  const context = reader.context();
  const documents = source(reader, context);
  for (const value of fieldsOf(reader.field('let'))?.values() ?? [])
    walkExpression(value, reader.usesOf(documents));
  for (const path of fieldsOf(reader.field('hint'))?.keys() ?? []) reader.usesOf(documents).field(path);
  const result = walkPipeline(stages, documents, context);
  reader.facts.bounded = known(context.narrowed);
  reader.facts.limit = known(context.limit);
  if (isTruthy(reader.field('explain'))) explained(reader);
  else reader.finish(result);
  return 'cursor';
};

/** A collection, or `1` for stages that begin with nothing. */
function source(reader: CommandReader, context: PipelineContext): Documents {
  const value = reader.field('aggregate');
  const name = stringOf(value);
  if (name !== null) return reader.open(name, context);
  if (value === undefined || numberOf(value) !== 1) reader.facts.notUnderstood('no collection');
  return NOTHING;
}

/** Plans may print values of the objects they are about. */
export function explained(reader: CommandReader): void {
  reader.facts.output = unknown('a plan may hold values');
}

export const count: Classify = (reader) => {
  reader.only('query', 'limit', 'skip', 'hint', 'collation', 'fields');
  const name = reader.named();
  if (name !== null) reader.filter(reader.field('query'), reader.open(name, reader.context()));
};

export const distinct: Classify = (reader) => {
  reader.only('key', 'query', 'hint', 'collation');
  const name = reader.named();
  const key = stringOf(reader.field('key'));
  if (name === null || key === null) {
    reader.facts.notUnderstood('no key');
    return 'values';
  }
  const documents = reader.open(name, reader.context());
  reader.filter(reader.field('query'), documents);
  const sources = documents.bases.flatMap((object) => pathsOf(key).map((field) => ({ object, field })));
  for (const { object, field } of sources) reader.facts.use('read', object, field, 'output');
  reader.facts.output = known([
    {
      name: 'values',
      kind: 'derived',
      sources: documents.computed.length > 0 ? unknown('values of a view that computes') : known(sources),
    },
  ]);
  return 'values';
};

const FIND_OPTIONS = [
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
];
const AGGREGATE_OPTIONS = [
  'pipeline',
  'explain',
  'allowDiskUse',
  'cursor',
  'bypassDocumentValidation',
  'hint',
  'collation',
  'let',
];
