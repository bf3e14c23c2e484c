import type { BsonFields, BsonValue } from '../bson/value.ts';

/** The structure of a command without its values: equal for commands that differ in literals only. Bounded in length. */
export function shapeOf(fields: BsonFields): string {
  return documentShape(fields, 0).slice(0, MAX_SHAPE);
}

function documentShape(fields: BsonFields, depth: number): string {
  if (depth > MAX_DEPTH) return '{…}';
  const parts: string[] = [];
  for (const [key, value] of fields)
    if (!VOLATILE.has(key)) parts.push(`${key}:${valueShape(value, depth + 1)}`);
  return `{${parts.join(',')}}`;
}

function valueShape(value: BsonValue, depth: number): string {
  if (value.kind === 'document') return documentShape(value.fields, depth);
  if (value.kind === 'array')
    return `[${[...new Set(value.items.slice(0, MAX_ITEMS).map((item) => valueShape(item, depth + 1)))].join('|')}]`;
  // A field path is structure, any other string is a literal.
  if (value.kind === 'string' && value.value.startsWith('$')) return value.value;
  return '?';
}

const VOLATILE = new Set([
  'lsid',
  '$clusterTime',
  'txnNumber',
  '$db',
  '$readPreference',
  'comment',
  'cursor',
]);
const MAX_SHAPE = 16_384;
const MAX_DEPTH = 40;
const MAX_ITEMS = 200;
