import { type BsonFields, type BsonValue, fieldsOf, itemsOf } from '../bson/value.ts';
import { BSON } from '../bson/walk.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';

/**
 * What a query filter reads, and whether it narrows anything (MongoDB manual, "Query and projection operators").
 *
 * Returns true when the filter surely leaves most documents out: at least one field is compared with
 * a value. Everything doubtful (`{}`, `null`, patterns, `$exists`, `$ne`, `$nin`, `$not`, `$nor`, `$expr`,
 * ranges from the lowest value, `$or` with one open branch or with ranges) counts as no bound.
 */
export function walkFilter(filter: BsonFields, use: ExpressionUse, prefix = ''): boolean {
  let narrows = false;
  for (const [key, value] of filter) {
    const one = key.startsWith('$')
      ? walkTop(key, value, use, prefix)
      : walkField(joinPath(prefix, key), value, use);
    narrows ||= one;
  }
  return narrows;
}

function joinPath(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}.${key}`;
}

function walkTop(key: string, value: BsonValue, use: ExpressionUse, prefix: string): boolean {
  switch (key) {
    case '$and':
      return branches(value, use, prefix).some((narrows) => narrows);
    case '$or': {
      const all = branches(value, use, prefix);
      return all.length > 0 && all.every((narrows) => narrows) && (itemsOf(value) ?? []).every(isByEquality);
    }
    case '$nor':
      branches(value, use, prefix);
      return false;
    case '$expr':
      walkExpression(value, use);
      return false;
    case '$where':
      use.call('where');
      use.field('*');
      return false;
    case '$jsonSchema':
      use.field('*');
      return false;
    case '$text':
      use.field('*');
      return true;
    case '$comment':
    case '$sampleRate':
    case '$alwaysTrue':
    case '$alwaysFalse':
      return false;
    default:
      use.notUnderstood(`query operator \`${key.slice(0, 64)}\``);
      return false;
  }
}

/** A branch that a value must be equal to pass: `{a: {$gt: 3}}` beside `{a: {$lte: 3}}` leaves nothing out. */
function isByEquality(branch: BsonValue): boolean {
  for (const [key, value] of fieldsOf(branch) ?? []) {
    const inner = key === '$and' ? itemsOf(value) : null;
    if (inner?.some(isByEquality) === true) return true;
    if (key.startsWith('$')) continue;
    const operators = fieldsOf(value);
    const [first] = operators?.keys() ?? [];
    if (operators === null || first?.startsWith('$') !== true) {
      if (!isOpenValue(value)) return true;
      continue;
    }
    for (const name of ['$eq', '$in']) {
      const operand = operators.get(name);
      if (operand !== undefined && !isOpenOperand(name, operand)) return true;
    }
  }
  return false;
}

function branches(value: BsonValue, use: ExpressionUse, prefix: string): boolean[] {
  const items = itemsOf(value);
  if (items === null) {
    use.notUnderstood('query operator without a list');
    return [];
  }
  return items.map((item) => {
    const fields = fieldsOf(item);
    if (fields !== null) return walkFilter(fields, use, prefix);
    use.notUnderstood('query branch that is not a document');
    return false;
  });
}

function walkField(path: string, value: BsonValue, use: ExpressionUse): boolean {
  if (use.equal !== undefined && isEquality(value)) use.equal(path);
  else use.field(path);
  const operators = fieldsOf(value);
  if (operators === null) return value.kind === 'code' ? callIn(use) : !isOpenValue(value);
  const [first] = operators.keys();
  // A document without operators is compared as a whole.
  if (first === undefined || (!first.startsWith('$') && first !== '$ref')) return true;
  let narrows = false;
  for (const [name, operand] of operators) {
    const one = walkOperator(path, name, operand, use);
    narrows ||= one;
  }
  return narrows;
}

/** One constant, alone or under `$eq`. Nothing that stands for several values, a missing field or a whole document. */
function isEquality(value: BsonValue): boolean {
  const operators = fieldsOf(value);
  const constant = operators?.size === 1 ? operators.get('$eq') : value;
  if (constant === undefined) return false;
  return CONSTANTS.has(constant.kind) || (constant.kind === 'other' && CONSTANT_TYPES.has(constant.type));
}

function callIn(use: ExpressionUse): boolean {
  use.call('code');
  return false;
}

function walkOperator(path: string, name: string, operand: BsonValue, use: ExpressionUse): boolean {
  if (NARROWING.has(name)) return !isOpenOperand(name, operand);
  if (HARMLESS.has(name)) return false;
  const inner = fieldsOf(operand);
  if (name === '$not') {
    if (inner !== null) walkField(path, operand, use);
    return false;
  }
  if (name === '$elemMatch' && inner !== null) {
    const [first] = inner.keys();
    return first?.startsWith('$') === true && !LOGICAL.has(first)
      ? walkField(path, operand, use)
      : walkFilter(inner, use, path);
  }
  use.notUnderstood(`query operator \`${name.slice(0, 64)}\``);
  return false;
}

/** A pattern may match everything, and every value lies between the lowest and the highest key. */
function isOpenOperand(name: string, operand: BsonValue): boolean {
  if (operand.kind === 'other' && (operand.type === BSON.minKey || operand.type === BSON.maxKey)) return true;
  if (name === '$in' || name === '$all') return itemsOf(operand)?.some(isOpenValue) ?? true;
  return isOpenValue(operand);
}

/** `null` is equal to every field that is not there, so a made-up name with it leaves nothing out. */
function isOpenValue(value: BsonValue): boolean {
  return value.kind === 'null' || (value.kind === 'other' && value.type === BSON.regex);
}

const NARROWING = new Set([
  '$eq',
  '$in',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$all',
  '$near',
  '$nearSphere',
  '$geoWithin',
  '$geoIntersects',
  '$size',
]);
const CONSTANTS: ReadonlySet<BsonValue['kind']> = new Set(['string', 'number', 'long', 'boolean', 'binary']);
const CONSTANT_TYPES: ReadonlySet<number> = new Set([BSON.objectId, BSON.date, BSON.decimal128]);
/** They may leave nothing out: `$mod: [1, 0]`, `$bitsAllSet: 0`, a pattern of everything. */
const HARMLESS = new Set([
  '$regex',
  '$mod',
  '$bitsAllSet',
  '$bitsAnySet',
  '$ne',
  '$nin',
  '$exists',
  '$type',
  '$options',
  '$maxDistance',
  '$minDistance',
  '$bitsAllClear',
  '$bitsAnyClear',
  '$comment',
  '$ref',
  '$id',
  '$db',
]);
const LOGICAL = new Set(['$and', '$or', '$nor', '$expr', '$where', '$jsonSchema']);
