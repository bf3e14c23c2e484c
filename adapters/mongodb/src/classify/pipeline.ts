import { type BsonFields, type BsonValue, fieldsOf, itemsOf, numberOf, stringOf } from '../bson/value.ts';
import { allOf, type Computed, type Documents, NOTHING, type Source } from './documents.ts';
import { objectRef } from './facts.ts';
import { walkFilter } from './filter.ts';
import { facetStage, graphLookupStage, lookupStage, unionStage } from './join-stages.ts';
import {
  filterUse,
  join,
  outputAll,
  type PipelineContext,
  read,
  readPath,
  type Stage,
} from './pipeline-context.ts';
import { project } from './project.ts';
import { changeStreamStage, serverStage, statisticsStage } from './source-stages.ts';
import { mergeStage, outStage } from './write-stages.ts';

/**
 * Follows an aggregation pipeline stage by stage: which collections it reads and writes, which
 * fields it uses and how, and what its documents are made of. A stage or operator that is not
 * known makes the whole statement unknown.
 */
export function walkPipeline(
  stages: readonly BsonValue[],
  documents: Documents,
  context: PipelineContext,
): Documents {
  if (context.depth > MAX_DEPTH || stages.length > MAX_STAGES) {
    context.facts.notUnderstood('pipeline nested or long beyond what is read');
    return NOTHING;
  }
  let current = documents;
  for (const stage of stages) {
    const fields = fieldsOf(stage);
    const name = fields?.size === 1 ? fields.keys().next().value : undefined;
    const walk = name === undefined ? undefined : STAGES.get(name);
    if (fields === null || name === undefined || walk === undefined) {
      context.facts.notUnderstood(`stage \`${(name ?? '?').slice(0, 64)}\``);
      return NOTHING;
    }
    current = walk(fields.get(name)!, current, context);
    // Sources pile up when each field is computed from all before it.
    if (current.computed.length > MAX_COMPUTED || sourceCount(current) > MAX_SOURCES) {
      context.facts.notUnderstood('pipeline that computes more fields than are followed');
      return NOTHING;
    }
  }
  return current;
}

function sourceCount({ computed }: Documents): number {
  return computed.reduce((sum, { sources }) => sum + (sources?.length ?? 0), 0);
}

/** A stage whose value must be a document. */
function onFields(
  walk: (fields: BsonFields, documents: Documents, context: PipelineContext) => Documents,
): Stage {
  return (value, documents, context) => {
    const fields = fieldsOf(value);
    if (fields !== null) return walk(fields, documents, context);
    context.facts.notUnderstood('stage without a document');
    return NOTHING;
  };
}

const same: Stage = (_value, documents) => documents;

const matchStage = onFields((fields, documents, context) => {
  const narrows = walkFilter(fields, filterUse(documents, context.facts));
  // Behind a `$group` everything was read already.
  if (narrows && documents.bases.length > 0) context.narrowed = true;
  return documents;
});

const sortStage = onFields((fields, documents, context) => {
  for (const [path, value] of fields) {
    if (fieldsOf(value) === null) readPath(path, 'sort', documents, context);
    else read(value, 'sort', documents, context);
  }
  return documents;
});

const limitStage: Stage = (value, documents, context) => {
  const limit = numberOf(value);
  if (limit === null) context.facts.notUnderstood('$limit without a number');
  else context.limit = Math.min(limit, context.limit ?? limit);
  return documents;
};

const setStage = onFields((fields, documents, context) => ({
  ...documents,
  computed: [...documents.computed, ...computedFields(fields, documents, context)],
}));

function computedFields(
  fields: BsonFields,
  documents: Documents,
  context: PipelineContext,
): readonly Computed[] {
  return [...fields].map(([name, expression]) => ({
    name,
    sources: read(expression, 'output', documents, context),
  }));
}

const groupStage = onFields((fields, documents, context) => ({
  bases: [],
  computed: [...fields].map(([name, expression]) => ({
    name,
    sources: read(expression, name === '_id' ? 'group' : 'output', documents, context),
  })),
  kept: null,
}));

const sortByCountStage: Stage = (value, documents, context) => ({
  bases: [],
  computed: [{ name: '_id', sources: read(value, 'group', documents, context) }, COUNT],
  kept: null,
});

const bucketStage = onFields((fields, documents, context) => {
  const groupBy = fields.get('groupBy');
  const id = groupBy === undefined ? null : read(groupBy, 'group', documents, context);
  const output = computedFields(fieldsOf(fields.get('output')) ?? new Map(), documents, context);
  return { bases: [], computed: [{ name: '_id', sources: id }, COUNT, ...output], kept: null };
});

const replaceRootStage = onFields((fields, documents, context) => {
  const root = fields.get('newRoot');
  if (root !== undefined && fields.size === 1) return replaceWith(root, documents, context);
  context.facts.notUnderstood('$replaceRoot without `newRoot`');
  return NOTHING;
});

const replaceWith: Stage = (root, documents, context) => ({
  bases: [],
  computed: [{ name: '*', sources: read(root, 'output', documents, context) }],
  kept: null,
});

const countStage: Stage = (value) => ({
  bases: [],
  computed: [{ name: stringOf(value) ?? 'count', sources: [] }],
  kept: null,
});

const unwindStage: Stage = (value, documents, context) => {
  const path = stringOf(value) ?? stringOf(fieldsOf(value)?.get('path'));
  const index = stringOf(fieldsOf(value)?.get('includeArrayIndex'));
  if (path === null || !path.startsWith('$')) context.facts.notUnderstood('$unwind without a path');
  context.limit = null;
  context.multiplied = true;
  if (index === null) return documents;
  return { ...documents, computed: [...documents.computed, { name: index, sources: [] }] };
};

const windowStage = onFields((fields, documents, context) => {
  const partition = fields.get('partitionBy');
  if (partition !== undefined) read(partition, 'group', documents, context);
  // An operator like `$rank` tells the order and has no operand that would say so.
  let order: readonly Source[] | null = [];
  for (const path of fieldsOf(fields.get('sortBy'))?.keys() ?? [])
    order = join(order, readPath(path, 'sort', documents, context));
  const computed = [...(fieldsOf(fields.get('output')) ?? [])].map(([name, expression]) => ({
    name,
    sources: join(order, read(withoutWindow(expression), 'output', documents, context)),
  }));
  return { ...documents, computed: [...documents.computed, ...computed] };
});

/** `window` stands beside the operator and holds bounds only. */
function withoutWindow(expression: BsonValue): BsonValue {
  const fields = fieldsOf(expression);
  if (fields === null || !fields.has('window')) return expression;
  return { kind: 'document', fields: new Map([...fields].filter(([name]) => name !== 'window')) };
}

/** SECURITY: `$$DESCEND` evaluates the expression again in every document inside, where `$email` is another field. */
const redactStage: Stage = (value, documents, context) => {
  read(value, 'filter', documents, context);
  readPath('*', 'filter', documents, context);
  return documents;
};

const unsetStage: Stage = (value, documents, context) => {
  if (stringOf(value) === null && itemsOf(value) === null)
    context.facts.notUnderstood('$unset without names');
  return documents;
};

const documentsStage: Stage = (value, _documents, context) => {
  read(value, 'output', NOTHING, context);
  return NOTHING;
};

const geoNearStage = onFields((fields, documents, context) => {
  const query = fieldsOf(fields.get('query'));
  if (query !== null) walkFilter(query, filterUse(documents, context.facts));
  readPath('*', 'filter', documents, context);
  // The distance tells where it is, and `includeLocs` copies it.
  const names = ['distanceField', 'includeLocs'].map((key) => stringOf(fields.get(key)));
  const sources = names.some((name) => name !== null) ? outputAll(documents, context) : allOf(documents);
  const computed = names.flatMap((name) => (name === null ? [] : [{ name, sources }]));
  return { ...documents, computed: [...documents.computed, ...computed] };
});

const COUNT: Computed = { name: 'count', sources: [] };

/** Every stage that is understood; all others are unknown. */
const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ['$match', matchStage],
  ['$sort', sortStage],
  ['$limit', limitStage],
  ['$skip', same],
  ['$sample', same],
  ['$project', onFields(project)],
  ['$unset', unsetStage],
  ['$set', setStage],
  ['$addFields', setStage],
  ['$group', groupStage],
  ['$sortByCount', sortByCountStage],
  ['$bucket', bucketStage],
  ['$bucketAuto', bucketStage],
  ['$replaceRoot', replaceRootStage],
  ['$replaceWith', replaceWith],
  ['$count', countStage],
  ['$unwind', unwindStage],
  ['$lookup', lookupStage],
  ['$graphLookup', graphLookupStage],
  ['$unionWith', unionStage],
  ['$facet', facetStage],
  ['$setWindowFields', windowStage],
  ['$redact', redactStage],
  ['$out', outStage],
  ['$merge', mergeStage],
  ['$changeStream', changeStreamStage],
  ['$collStats', statisticsStage],
  ['$indexStats', statisticsStage],
  ['$currentOp', serverStage(objectRef('server', 'currentOp'))],
  ['$listSessions', serverStage(objectRef('server', 'sessions'))],
  ['$listLocalSessions', serverStage(objectRef('server', 'sessions'))],
  ['$documents', documentsStage],
  ['$geoNear', geoNearStage],
]);

const MAX_DEPTH = 20;
const MAX_STAGES = 1_000;
const MAX_COMPUTED = 5_000;
const MAX_SOURCES = 20_000;
