import { type FieldUse, known, type ObjectRef, type OutputColumn, unknown } from '@gatehouse/model';
import {
  type BsonFields,
  type BsonValue,
  fieldsOf,
  isTruthy,
  itemsOf,
  numberOf,
  stringOf,
} from '../bson/value.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import { collectionRef, type FactsBuilder, objectRef } from './facts.ts';
import { walkFilter } from './filter.ts';

/**
 * Follows an aggregation pipeline stage by stage: which collections it reads and writes, which
 * fields it uses and how, and what its documents are made of.
 *
 * The documents of the moment are described by a `Shape`: as long as they are documents of the
 * collections themselves (perhaps with fields left out), masks can be carried out by field path; a
 * field that is computed is noted with everything that it can reveal. A stage or operator that is not
 * known makes the whole statement unknown.
 */
export interface Shape {
  /** Collections whose own documents, at their own paths, come out. */
  readonly bases: readonly ObjectRef[];
  /** Fields at these paths are computed; each reveals something of its sources. */
  readonly computed: readonly Computed[];
  /** Only these paths of the bases are left; null for all. */
  readonly kept: readonly string[] | null;
}

interface Computed {
  readonly name: string;
  readonly sources: readonly Source[] | null;
}

interface Source {
  readonly object: ObjectRef;
  readonly field: string;
}

export interface PipelineContext {
  readonly database: string;
  readonly facts: FactsBuilder;
  readonly depth: number;
  /** Set by the first stage that narrows what is read. */
  narrowed: boolean;
  /** Reads a collection or view by name: adds its own accesses and tells what its documents are. */
  open(database: string, name: string, context: PipelineContext): Shape;
}

/** Runs the stages over `shape`. */
export function walkPipeline(stages: readonly BsonValue[], shape: Shape, context: PipelineContext): Shape {
  if (context.depth > MAX_DEPTH || stages.length > MAX_STAGES) {
    context.facts.notUnderstood('pipeline nested or long beyond what is read');
    return NOTHING;
  }
  let current = shape;
  for (const stage of stages) {
    const fields = fieldsOf(stage);
    const name = fields?.size === 1 ? fields.keys().next().value : undefined;
    const walk = name === undefined ? undefined : STAGES.get(name);
    if (fields === null || name === undefined || walk === undefined) {
      context.facts.notUnderstood(`stage \`${(name ?? '?').slice(0, 64)}\``);
      return NOTHING;
    }
    current = walk(fields.get(name)!, current, context);
  }
  return current;
}

/** The output columns that a shape stands for. */
export function outputOf({ bases, computed, kept }: Shape): readonly OutputColumn[] {
  const own = (kept ?? ['*']).flatMap((field) =>
    bases.length === 0
      ? []
      : [{ name: field, kind: 'value' as const, sources: known(bases.map((object) => ({ object, field }))) }],
  );
  const added = computed.map(({ name, sources }): OutputColumn => {
    if (sources === null)
      return { name, kind: 'derived', sources: unknown('computed from what is not known') };
    return { name, kind: sources.length === 0 ? 'none' : 'derived', sources: known(sources) };
  });
  return [...own, ...added];
}

type Stage = (value: BsonValue, shape: Shape, context: PipelineContext) => Shape;

/** Notes that an expression's fields are used, and gives what they reveal. */
function read(
  value: BsonValue,
  use: FieldUse,
  shape: Shape,
  { facts }: PipelineContext,
): readonly Source[] | null {
  const sources: Source[] = [];
  let isKnown = true;
  const note: ExpressionUse = {
    field: (path) => {
      const found = resolve(path, shape);
      if (found === null) isKnown = false;
      for (const source of found ?? []) {
        sources.push(source);
        facts.use('read', source.object, source.field, use);
      }
    },
    call: (name) => {
      facts.call(name);
      isKnown = false;
    },
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
  walkExpression(value, note);
  return isKnown ? sources : null;
}

/** The base fields that a path of the current documents can carry; null when that is not known. */
function resolve(path: string, { bases, computed }: Shape): readonly Source[] | null {
  const sources: Source[] = [];
  for (const field of computed) {
    if (path !== '*' && !overlaps(path, field.name)) continue;
    if (field.sources === null) return null;
    sources.push(...field.sources);
  }
  // A computed field hides the base's own one only for documents that have it; both count.
  for (const object of bases) sources.push({ object, field: path });
  return sources;
}

/** Whether one path is the other or lies inside it. */
function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}.`) || b.startsWith(`${a}.`);
}

const filterStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  if (fields === null) {
    context.facts.notUnderstood('$match without a document');
    return shape;
  }
  const narrows = walkFilter(fields, filterUse(shape, context));
  context.narrowed ||= narrows;
  return shape;
};

function filterUse(shape: Shape, { facts }: PipelineContext): ExpressionUse {
  return {
    field: (path) => {
      const found = resolve(path, shape);
      if (found === null) facts.notUnderstood('filter on a computed field');
      for (const { object, field } of found ?? []) facts.use('read', object, field, 'filter');
    },
    call: (name) => facts.call(name),
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
}

const sortStage: Stage = (value, shape, context) => {
  for (const path of fieldsOf(value)?.keys() ?? [])
    read({ kind: 'string', value: `$${path}` }, 'sort', shape, context);
  return shape;
};

const same: Stage = (_value, shape) => shape;

const limitStage: Stage = (value, shape, context) => {
  const limit = numberOf(value);
  context.facts.limit = limit === null ? unknown('limit is not a number') : known(limit);
  return shape;
};

const projectStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  if (fields === null) {
    context.facts.notUnderstood('$project without a document');
    return NOTHING;
  }
  return project(fields, shape, context);
};

/** Inclusion and exclusion keep paths; everything else computes a field. Shared with the projection of `find`. */
export function project(fields: BsonFields, shape: Shape, context: PipelineContext): Shape {
  const kept: string[] = [];
  const computed: Computed[] = [];
  let includes = false;
  for (const [name, value] of flatten(fields, '', context)) {
    if (isFlag(value)) {
      if (isTruthy(value)) {
        kept.push(name);
        if (name !== '_id') includes = true;
      }
    } else {
      includes = true;
      computed.push({ name, sources: read(value, 'output', shape, context) });
    }
  }
  if (!includes) return shape;
  const keepsId = !fields.has('_id') || isTruthy(fields.get('_id'));
  const stillComputed = shape.computed.filter(({ name }) => kept.some((path) => overlaps(path, name)));
  return {
    bases: shape.bases,
    computed: [...stillComputed, ...computed],
    kept: keepsId && !kept.includes('_id') ? ['_id', ...kept] : kept,
  };
}

/** Nested documents in a projection are paths, unless they are an expression. */
function* flatten(
  fields: BsonFields,
  prefix: string,
  context: PipelineContext,
): Generator<[string, BsonValue]> {
  for (const [key, value] of fields) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const inner = fieldsOf(value);
    const first = inner?.keys().next().value;
    if (inner !== null && first === undefined) context.facts.notUnderstood('empty projection');
    else if (inner !== null && first !== undefined && !first.startsWith('$'))
      yield* flatten(inner, path, context);
    else yield [path, value];
  }
}

function isFlag(value: BsonValue): boolean {
  return value.kind === 'boolean' || value.kind === 'number' || value.kind === 'long';
}

const setStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  if (fields === null) {
    context.facts.notUnderstood('$set without a document');
    return NOTHING;
  }
  const computed = [...fields].map(([name, expression]) => ({
    name,
    sources: read(expression, 'output', shape, context),
  }));
  return { ...shape, computed: [...shape.computed, ...computed] };
};

const groupStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  if (fields === null) {
    context.facts.notUnderstood('$group without a document');
    return NOTHING;
  }
  const computed = [...fields].map(([name, expression]) => ({
    name,
    sources: read(expression, name === '_id' ? 'group' : 'output', shape, context),
  }));
  return { bases: [], computed, kept: null };
};

const sortByCountStage: Stage = (value, shape, context) => ({
  bases: [],
  computed: [
    { name: '_id', sources: read(value, 'group', shape, context) },
    { name: 'count', sources: [] },
  ],
  kept: null,
});

const bucketStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value) ?? new Map<string, BsonValue>();
  const groupBy = fields.get('groupBy');
  const id = groupBy === undefined ? null : read(groupBy, 'group', shape, context);
  const output = fieldsOf(fields.get('output'));
  const computed = [...(output ?? [])].map(([name, expression]) => ({
    name,
    sources: read(expression, 'output', shape, context),
  }));
  return {
    bases: [],
    computed: [{ name: '_id', sources: id }, { name: 'count', sources: [] }, ...computed],
    kept: null,
  };
};

const replaceStage: Stage = (value, shape, context) => {
  const root = fieldsOf(value)?.get('newRoot') ?? value;
  return { bases: [], computed: [{ name: '*', sources: read(root, 'output', shape, context) }], kept: null };
};

const countStage: Stage = (value) => ({
  bases: [],
  computed: [{ name: stringOf(value) ?? 'count', sources: [] }],
  kept: null,
});

const unwindStage: Stage = (value, shape, context) => {
  const path = stringOf(value) ?? stringOf(fieldsOf(value)?.get('path'));
  const index = stringOf(fieldsOf(value)?.get('includeArrayIndex'));
  if (path === null || !path.startsWith('$')) context.facts.notUnderstood('$unwind without a path');
  return index === null ? shape : { ...shape, computed: [...shape.computed, { name: index, sources: [] }] };
};

/** Everything that the documents of a shape reveal. */
function allOf(shape: Shape): readonly Source[] | null {
  const sources: Source[] = [];
  for (const column of outputOf(shape)) {
    if (!column.sources.known) return null;
    sources.push(...column.sources.value);
  }
  return sources;
}

/** Everything of it counts as output, because it leaves at another path than its own. */
function outputAll(shape: Shape, { facts }: PipelineContext): readonly Source[] | null {
  const sources = allOf(shape);
  for (const { object, field } of sources ?? []) facts.use('read', object, field, 'output');
  return sources;
}

const lookupStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  const as = stringOf(fields?.get('as'));
  if (fields === null || as === null) {
    context.facts.notUnderstood('$lookup without `as`');
    return NOTHING;
  }
  const foreign = openForeign(fields.get('from'), context);
  for (const [local, name] of [
    [shape, 'localField'],
    [foreign, 'foreignField'],
  ] as const) {
    const path = stringOf(fields.get(name));
    if (path !== null) read({ kind: 'string', value: `$${path}` }, 'join', local, context);
  }
  for (const expression of fieldsOf(fields.get('let'))?.values() ?? [])
    read(expression, 'join', shape, context);
  const stages = itemsOf(fields.get('pipeline'));
  const joined = stages === null ? foreign : walkPipeline(stages, foreign, deeper(context));
  return { ...shape, computed: [...shape.computed, { name: as, sources: outputAll(joined, context) }] };
};

const graphLookupStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  const as = stringOf(fields?.get('as'));
  const start = fields?.get('startWith');
  if (fields === null || as === null || start === undefined) {
    context.facts.notUnderstood('$graphLookup without its parts');
    return NOTHING;
  }
  const foreign = openForeign(fields.get('from'), context);
  read(start, 'join', shape, context);
  for (const name of ['connectFromField', 'connectToField']) {
    const path = stringOf(fields.get(name));
    if (path !== null) read({ kind: 'string', value: `$${path}` }, 'join', foreign, context);
  }
  const restrict = fieldsOf(fields.get('restrictSearchWithMatch'));
  if (restrict !== null) walkFilter(restrict, filterUse(foreign, context));
  return { ...shape, computed: [...shape.computed, { name: as, sources: outputAll(foreign, context) }] };
};

/** The collection behind `from`: a name, `{db, coll}`, or none for a pipeline that begins with `$documents`. */
function openForeign(from: BsonValue | undefined, context: PipelineContext): Shape {
  if (from === undefined) return NOTHING;
  const name = stringOf(from);
  if (name !== null) return context.open(context.database, name, deeper(context));
  const database = stringOf(fieldsOf(from)?.get('db'));
  const collection = stringOf(fieldsOf(from)?.get('coll'));
  if (database !== null && collection !== null) return context.open(database, collection, deeper(context));
  context.facts.notUnderstood('collection that is not a name');
  return NOTHING;
}

const unionStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  const from: BsonValue | undefined = fields === null ? value : fields.get('coll');
  const stages = itemsOf(fields?.get('pipeline')) ?? [];
  const other = walkPipeline(stages, openForeign(from, context), deeper(context));
  context.narrowed = false;
  const kept =
    shape.kept === null || other.kept === null ? null : [...new Set([...shape.kept, ...other.kept])];
  return { bases: [...shape.bases, ...other.bases], computed: [...shape.computed, ...other.computed], kept };
};

const facetStage: Stage = (value, shape, context) => {
  const computed: Computed[] = [];
  for (const [name, pipeline] of fieldsOf(value) ?? []) {
    const inner = walkPipeline(itemsOf(pipeline) ?? [], shape, deeper(context));
    computed.push({ name, sources: outputAll(inner, context) });
  }
  return { bases: [], computed, kept: null };
};

const windowStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  const partition = fields?.get('partitionBy');
  if (partition !== undefined) read(partition, 'group', shape, context);
  for (const path of fieldsOf(fields?.get('sortBy'))?.keys() ?? [])
    read({ kind: 'string', value: `$${path}` }, 'sort', shape, context);
  const computed = [...(fieldsOf(fields?.get('output')) ?? [])].map(([name, expression]) => ({
    name,
    sources: read(withoutWindow(expression), 'output', shape, context),
  }));
  return { ...shape, computed: [...shape.computed, ...computed] };
};

/** `window` stands beside the operator and holds bounds only. */
function withoutWindow(expression: BsonValue): BsonValue {
  const fields = fieldsOf(expression);
  if (fields === null || !fields.has('window')) return expression;
  return { kind: 'document', fields: new Map([...fields].filter(([name]) => name !== 'window')) };
}

const redactStage: Stage = (value, shape, context) => {
  read(value, 'filter', shape, context);
  return shape;
};

const unsetStage: Stage = (value, shape, context) => {
  if (stringOf(value) === null && itemsOf(value) === null)
    context.facts.notUnderstood('$unset without names');
  return shape;
};

/** The documents go into another collection: every field of them is an output that is stored there. */
const writeStage =
  (action: 'insert' | 'update'): Stage =>
  (value, shape, context) => {
    const target = writeTarget(
      action === 'update' ? (fieldsOf(value)?.get('into') ?? value) : value,
      context,
    );
    outputAll(shape, context);
    if (target === null) context.facts.notUnderstood('target that is not a name');
    else {
      // $out replaces what is there, $merge may insert, replace or update.
      if (action === 'insert') context.facts.add('define', target);
      context.facts.use('insert', target, '*', 'write');
      context.facts.use('update', target, '*', 'write');
    }
    const then = fieldsOf(value)?.get('whenMatched');
    if (then?.kind === 'array')
      walkPipeline(
        then.items,
        { bases: target === null ? [] : [target], computed: [], kept: null },
        deeper(context),
      );
    return NOTHING;
  };

function writeTarget(value: BsonValue, context: PipelineContext): ObjectRef | null {
  const name = stringOf(value);
  if (name !== null) return collectionRef(context.database, name);
  const fields = fieldsOf(value);
  const collection = stringOf(fields?.get('coll'));
  return collection === null
    ? null
    : collectionRef(stringOf(fields?.get('db')) ?? context.database, collection);
}

const changeStreamStage: Stage = (_value, shape, context) => ({
  bases: [],
  computed: [{ name: '*', sources: outputAll(shape, context) }],
  kept: null,
});

/** Describes the collection and holds none of its values. */
const statisticsStage: Stage = (_value, { bases }, { facts }) => {
  for (const object of bases) facts.use('introspect', object);
  return NOTHING;
};

/** What other sessions run, with their statements: a read of the server itself. */
const serverStage =
  (name: string): Stage =>
  (_value, _shape, { facts }) => {
    facts.add('read', objectRef('server', name));
    return { bases: [], computed: [{ name: '*', sources: null }], kept: null };
  };

const documentsStage: Stage = (value, _shape, context) => {
  read(value, 'output', NOTHING, context);
  return NOTHING;
};

const geoNearStage: Stage = (value, shape, context) => {
  const fields = fieldsOf(value);
  const query = fieldsOf(fields?.get('query'));
  if (query !== null) walkFilter(query, filterUse(shape, context));
  read({ kind: 'string', value: '$*' }, 'filter', shape, context);
  const distance = stringOf(fields?.get('distanceField'));
  const all = allOf(shape);
  return distance === null
    ? shape
    : { ...shape, computed: [...shape.computed, { name: distance, sources: all }] };
};

function deeper(context: PipelineContext): PipelineContext {
  return { ...context, depth: context.depth + 1 };
}

/** Documents that are made of nothing (constants, or none at all). */
export const NOTHING: Shape = { bases: [], computed: [], kept: null };

/** Every stage that is understood; all others are unknown. */
const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>([
  ['$match', filterStage],
  ['$sort', sortStage],
  ['$limit', limitStage],
  ['$skip', same],
  ['$sample', same],
  ['$project', projectStage],
  ['$unset', unsetStage],
  ['$set', setStage],
  ['$addFields', setStage],
  ['$group', groupStage],
  ['$sortByCount', sortByCountStage],
  ['$bucket', bucketStage],
  ['$bucketAuto', bucketStage],
  ['$replaceRoot', replaceStage],
  ['$replaceWith', replaceStage],
  ['$count', countStage],
  ['$unwind', unwindStage],
  ['$lookup', lookupStage],
  ['$graphLookup', graphLookupStage],
  ['$unionWith', unionStage],
  ['$facet', facetStage],
  ['$setWindowFields', windowStage],
  ['$redact', redactStage],
  ['$out', writeStage('insert')],
  ['$merge', writeStage('update')],
  ['$changeStream', changeStreamStage],
  ['$collStats', statisticsStage],
  ['$indexStats', statisticsStage],
  ['$currentOp', serverStage('currentOp')],
  ['$listSessions', serverStage('sessions')],
  ['$listLocalSessions', serverStage('sessions')],
  ['$documents', documentsStage],
  ['$geoNear', geoNearStage],
]);

const MAX_DEPTH = 20;
const MAX_STAGES = 1_000;
