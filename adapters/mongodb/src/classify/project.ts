import { type BsonFields, type BsonValue, fieldsOf, isTruthy, itemsOf } from '../bson/value.ts';
import { BSON } from '../bson/walk.ts';
import type { Computed, Documents } from './documents.ts';
import { overlaps } from './field-path.ts';
import { walkFilter } from './filter.ts';
import { filterUse, type PipelineContext, read } from './pipeline-context.ts';

/**
 * `$project` and the projection of `find`: inclusion and exclusion keep paths, everything else computes a field.
 *
 * Exclusion is read as "everything stays": wider than it is, never narrower.
 */
export function project(fields: BsonFields, documents: Documents, context: PipelineContext): Documents {
  const kept: string[] = [];
  const computed: Computed[] = [];
  let includes = false;
  for (const [name, value] of flatten(fields, '', context)) {
    if (!isFlag(value)) {
      includes = true;
      computed.push({ name, sources: read(value, 'output', documents, context) });
    } else if (isTruthy(value)) {
      kept.push(name);
      if (name !== '_id') includes = true;
    }
  }
  if (!includes) return documents;
  const keepsId = !fields.has('_id') || isTruthy(fields.get('_id'));
  if (keepsId && !kept.includes('_id')) kept.unshift('_id');
  const stillComputed = documents.computed.filter(({ name }) => kept.some((path) => overlaps(path, name)));
  return { bases: documents.bases, computed: [...stillComputed, ...computed], kept };
}

/** The projection of `find` has three forms of its own that keep paths: `a.$`, `$slice` and `$elemMatch`. */
export function projectFind(fields: BsonFields, documents: Documents, context: PipelineContext): Documents {
  if (fields.size === 0) return documents;
  const special = [...fields].filter(([key, value]) => key.endsWith('.$') || isFindOperator(value));
  if (special.length === 0) return project(fields, documents, context);
  for (const [key, value] of special) {
    const inner = fieldsOf(fieldsOf(value)?.get('$elemMatch'));
    if (inner !== null) walkFilter(inner, filterUse(documents, context.facts), key);
  }
  const rest = new Map([...fields].filter(([key, value]) => !key.endsWith('.$') && !isFindOperator(value)));
  // Sound and wider than needed: all paths may come out, besides what the rest computes.
  const { computed } = project(rest, documents, context);
  return { ...documents, computed: [...documents.computed, ...computed] };
}

function isFindOperator(value: BsonValue): boolean {
  const fields = fieldsOf(value);
  if (fields?.size !== 1) return false;
  if (fields.has('$elemMatch')) return true;
  const slice = fields.get('$slice');
  if (slice === undefined) return false;
  return isNumber(slice) || itemsOf(slice)?.every(isNumber) === true;
}

function isNumber({ kind }: BsonValue): boolean {
  return kind === 'number' || kind === 'long';
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
    else if (value.kind === 'other' && value.type === BSON.decimal128)
      context.facts.notUnderstood('decimal in a projection');
    else if (inner !== null && first !== undefined && !first.startsWith('$'))
      yield* flatten(inner, path, context);
    else yield [path, value];
  }
}

function isFlag(value: BsonValue): boolean {
  return value.kind === 'boolean' || value.kind === 'number' || value.kind === 'long';
}
