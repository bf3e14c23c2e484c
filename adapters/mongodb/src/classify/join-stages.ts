import { type BsonFields, type BsonValue, fieldsOf, itemsOf, stringOf } from '../bson/value.ts';
import { type Computed, type Documents, NOTHING, type Source } from './documents.ts';
import { walkFilter } from './filter.ts';
import {
  deeper,
  filterUse,
  join,
  outputAll,
  type PipelineContext,
  read,
  readPath,
  type Stage,
} from './pipeline-context.ts';

/** Stages that bring other collections in. What they add stands at a path of its own, so it is computed. */

export const lookupStage: Stage = (value, documents, context) => {
  const fields = fieldsOf(value);
  const as = stringOf(fields?.get('as'));
  if (fields === null || as === null || !hasOnly(fields, LOOKUP_FIELDS)) {
    context.facts.notUnderstood('$lookup without `as`, or with more than is known');
    return NOTHING;
  }
  const foreign = openForeign(fields.get('from'), context);
  const local = stringOf(fields.get('localField'));
  const other = stringOf(fields.get('foreignField'));
  if (local !== null) readPath(local, 'join', documents, context);
  if (other !== null) readPath(other, 'join', foreign, context);
  let bound: readonly Source[] | null = [];
  for (const expression of fieldsOf(fields.get('let'))?.values() ?? []) {
    // SECURITY: the inner pipeline can put a variable out under any name, so it counts as output too.
    read(expression, 'output', documents, context);
    bound = join(bound, read(expression, 'join', documents, context));
  }
  const stages = itemsOf(fields.get('pipeline'));
  const joined = stages === null ? foreign : context.run(stages, foreign, deeper(context));
  const sources = join(bound, outputAll(joined, context));
  return { ...documents, computed: [...documents.computed, { name: as, sources }] };
};

export const graphLookupStage: Stage = (value, documents, context) => {
  const fields = fieldsOf(value);
  const as = stringOf(fields?.get('as'));
  const start = fields?.get('startWith');
  if (fields === null || as === null || start === undefined || !hasOnly(fields, GRAPH_FIELDS)) {
    context.facts.notUnderstood('$graphLookup without its parts, or with more than is known');
    return NOTHING;
  }
  const foreign = openForeign(fields.get('from'), context);
  read(start, 'join', documents, context);
  for (const name of ['connectFromField', 'connectToField']) {
    const path = stringOf(fields.get(name));
    if (path !== null) readPath(path, 'join', foreign, context);
  }
  const restrict = fieldsOf(fields.get('restrictSearchWithMatch'));
  if (restrict !== null) walkFilter(restrict, filterUse(foreign, context.facts));
  const sources = outputAll(foreign, context);
  return { ...documents, computed: [...documents.computed, { name: as, sources }] };
};

export const unionStage: Stage = (value, documents, context) => {
  const fields = fieldsOf(value);
  if (fields !== null && !hasOnly(fields, UNION_FIELDS)) {
    context.facts.notUnderstood('$unionWith with more than is known');
    return NOTHING;
  }
  const from: BsonValue | undefined = fields === null ? value : fields.get('coll');
  const stages = itemsOf(fields?.get('pipeline')) ?? [];
  const other = context.run(stages, openForeign(from, context), deeper(context));
  context.narrowed = false;
  context.limit = null;
  return {
    bases: [...documents.bases, ...other.bases],
    computed: [...documents.computed, ...other.computed],
    kept: keptOfBoth(documents, other),
  };
};

/** The paths that documents of either side may have; a side without bases has none to add. */
function keptOfBoth(first: Documents, second: Documents): readonly string[] | null {
  if (first.bases.length === 0) return second.kept;
  if (second.bases.length === 0) return first.kept;
  if (first.kept === null || second.kept === null) return null;
  return [...new Set([...first.kept, ...second.kept])];
}

export const facetStage: Stage = (value, documents, context) => {
  const facets = fieldsOf(value);
  if (facets === null) context.facts.notUnderstood('$facet without a document');
  const computed: Computed[] = [];
  for (const [name, pipeline] of facets ?? []) {
    const stages = itemsOf(pipeline);
    if (stages === null) context.facts.notUnderstood('$facet without a pipeline');
    const inner = context.run(stages ?? [], documents, deeper(context));
    computed.push({ name, sources: outputAll(inner, context) });
  }
  return { bases: [], computed, kept: null };
};

/** The collection behind `from`: a name, `{db, coll}`, or none for a pipeline that begins with `$documents`. */
function openForeign(from: BsonValue | undefined, context: PipelineContext): Documents {
  if (from === undefined) return NOTHING;
  const name = stringOf(from);
  if (name !== null) return context.open(context.database, name, deeper(context));
  const database = stringOf(fieldsOf(from)?.get('db'));
  const collection = stringOf(fieldsOf(from)?.get('coll'));
  if (database !== null && collection !== null) return context.open(database, collection, deeper(context));
  context.facts.notUnderstood('collection that is not a name');
  return NOTHING;
}

/** A field that is not known could change what the stage reads. */
function hasOnly(fields: BsonFields, names: ReadonlySet<string>): boolean {
  return [...fields.keys()].every((name) => names.has(name));
}

const LOOKUP_FIELDS = new Set(['from', 'as', 'localField', 'foreignField', 'let', 'pipeline']);
const GRAPH_FIELDS = new Set([
  'from',
  'as',
  'startWith',
  'connectFromField',
  'connectToField',
  'maxDepth',
  'depthField',
  'restrictSearchWithMatch',
]);
const UNION_FIELDS = new Set(['coll', 'pipeline']);
