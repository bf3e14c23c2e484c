import { type BsonFields, type BsonValue, fieldsOf, itemsOf } from '../bson/value.ts';

/**
 * What an aggregation expression reads (MongoDB manual, "Expression operators").
 *
 * Walks every operand; an operator that is not in the list makes the expression unknown. `$$ROOT`,
 * `$$CURRENT` and operators that turn a document into data (`$objectToArray`, `$getField`) read `*`.
 * Variables of `$let`, `$map` and the like add nothing: what they are bound to is walked too.
 */
export interface ExpressionUse {
  field(path: string): void;
  /** The field is compared with one constant, for being equal; `field` where nobody makes a difference. */
  equal?(path: string): void;
  call(name: string): void;
  notUnderstood(reason: string): void;
}

export function walkExpression(value: BsonValue, use: ExpressionUse): void {
  switch (value.kind) {
    case 'string':
      walkPath(value.value, use);
      return;
    case 'array':
      for (const item of value.items) walkExpression(item, use);
      return;
    case 'document':
      walkObject(value.fields, use);
      return;
    case 'code':
      use.call('code');
  }
}

function walkPath(text: string, use: ExpressionUse): void {
  if (!text.startsWith('$')) return;
  if (!text.startsWith('$$')) {
    use.field(text.slice(1));
    return;
  }
  const [variable = '', ...rest] = text.slice(2).split('.');
  if (variable === 'ROOT' || variable === 'CURRENT') use.field(rest.length === 0 ? '*' : rest.join('.'));
  else if (/^[A-Z]/.test(variable) && !CONSTANT_VARIABLES.has(variable))
    use.notUnderstood(`variable \`$$${variable.slice(0, 32)}\``);
}

function walkObject(fields: BsonFields, use: ExpressionUse): void {
  const [first] = fields.keys();
  if (first === undefined || !first.startsWith('$')) {
    for (const value of fields.values()) walkExpression(value, use);
    return;
  }
  if (fields.size !== 1) {
    use.notUnderstood('expression with more than one operator');
    return;
  }
  walkOperator(first, fields.get(first)!, use);
}

function walkOperator(name: string, operand: BsonValue, use: ExpressionUse): void {
  if (name === '$literal') return;
  if (JAVASCRIPT.has(name)) {
    use.call(name.slice(1));
    const args = fieldsOf(operand)?.get('args');
    if (args !== undefined) walkExpression(args, use);
    use.field('*');
    return;
  }
  if (name === '$meta') {
    // `indexKey`, `sortKey` and `searchHighlights` are values of fields that nobody named.
    if (operand.kind !== 'string' || !HARMLESS_META.has(operand.value)) use.field('*');
    return;
  }
  if (name === '$getField') {
    // The name of the field may be computed, and its input may be the whole document.
    use.field('*');
    walkExpression(operand, use);
    return;
  }
  if (!OPERATORS.has(name)) {
    use.notUnderstood(`operator \`${name.slice(0, 64)}\``);
    return;
  }
  const inner = fieldsOf(operand);
  // Arguments by name: their keys are not fields and may look like operators' names.
  if (inner !== null && NAMED_ARGUMENTS.has(name)) walkNamed(name, inner, use);
  else walkExpression(operand, use);
}

function walkNamed(name: string, inner: BsonFields, use: ExpressionUse): void {
  if (name === '$switch') {
    for (const branch of itemsOf(inner.get('branches')) ?? []) {
      for (const value of fieldsOf(branch)?.values() ?? []) walkExpression(value, use);
    }
    const otherwise = inner.get('default');
    if (otherwise !== undefined) walkExpression(otherwise, use);
    return;
  }
  if (name === '$let') {
    for (const value of fieldsOf(inner.get('vars'))?.values() ?? []) walkExpression(value, use);
    const body = inner.get('in');
    if (body !== undefined) walkExpression(body, use);
    return;
  }
  // The keys of `sortBy` are fields: `$top` tells which document comes first.
  for (const path of SORTING.has(name) ? (fieldsOf(inner.get('sortBy'))?.keys() ?? []) : []) use.field(path);
  for (const value of inner.values()) walkExpression(value, use);
}

const HARMLESS_META = new Set(['textScore', 'searchScore', 'vectorSearchScore', 'randVal', 'recordId']);
const SORTING = new Set(['$top', '$topN', '$bottom', '$bottomN']);

const JAVASCRIPT = new Set(['$function', '$accumulator', '$where']);

const CONSTANT_VARIABLES = new Set([
  'NOW',
  'CLUSTER_TIME',
  'REMOVE',
  'DESCEND',
  'PRUNE',
  'KEEP',
  'SEARCH_META',
  'USER_ROLES',
]);

const NAMED_ARGUMENTS = new Set([
  '$switch',
  '$let',
  '$map',
  '$filter',
  '$reduce',
  '$cond',
  '$convert',
  '$dateAdd',
  '$dateDiff',
  '$dateFromParts',
  '$dateFromString',
  '$dateSubtract',
  '$dateToParts',
  '$dateToString',
  '$dateTrunc',
  '$trim',
  '$ltrim',
  '$rtrim',
  '$regexFind',
  '$regexFindAll',
  '$regexMatch',
  '$replaceAll',
  '$replaceOne',
  '$setField',
  '$unsetField',
  '$sortArray',
  '$zip',
  '$firstN',
  '$lastN',
  '$maxN',
  '$minN',
  '$top',
  '$topN',
  '$bottom',
  '$bottomN',
  '$median',
  '$percentile',
  '$dayOfMonth',
  '$dayOfWeek',
  '$dayOfYear',
  '$hour',
  '$isoDayOfWeek',
  '$isoWeek',
  '$isoWeekYear',
  '$millisecond',
  '$minute',
  '$month',
  '$second',
  '$week',
  '$year',
  '$shift',
  '$integral',
  '$derivative',
  '$expMovingAvg',
]);

/** Operators whose value depends on their operands and on nothing else. */
const OPERATORS = new Set([
  ...NAMED_ARGUMENTS,
  '$abs',
  '$add',
  '$addToSet',
  '$allElementsTrue',
  '$and',
  '$anyElementTrue',
  '$arrayElemAt',
  '$arrayToObject',
  '$asin',
  '$asinh',
  '$acos',
  '$acosh',
  '$atan',
  '$atan2',
  '$atanh',
  '$avg',
  '$binarySize',
  '$bitAnd',
  '$bitNot',
  '$bitOr',
  '$bitXor',
  '$bsonSize',
  '$ceil',
  '$cmp',
  '$concat',
  '$concatArrays',
  '$cos',
  '$cosh',
  '$count',
  '$covariancePop',
  '$covarianceSamp',
  '$degreesToRadians',
  '$denseRank',
  '$divide',
  '$documentNumber',
  '$eq',
  '$exp',
  '$first',
  '$floor',
  '$gt',
  '$gte',
  '$ifNull',
  '$in',
  '$indexOfArray',
  '$indexOfBytes',
  '$indexOfCP',
  '$isArray',
  '$isNumber',
  '$last',
  '$linearFill',
  '$ln',
  '$locf',
  '$log',
  '$log10',
  '$lt',
  '$lte',
  '$max',
  '$mergeObjects',
  '$min',
  '$mod',
  '$multiply',
  '$ne',
  '$not',
  '$objectToArray',
  '$or',
  '$pow',
  '$push',
  '$radiansToDegrees',
  '$rand',
  '$range',
  '$rank',
  '$reverseArray',
  '$round',
  '$sampleRate',
  '$setDifference',
  '$setEquals',
  '$setIntersection',
  '$setIsSubset',
  '$setUnion',
  '$sin',
  '$sinh',
  '$size',
  '$slice',
  '$split',
  '$sqrt',
  '$stdDevPop',
  '$stdDevSamp',
  '$strLenBytes',
  '$strLenCP',
  '$strcasecmp',
  '$substr',
  '$substrBytes',
  '$substrCP',
  '$subtract',
  '$sum',
  '$tan',
  '$tanh',
  '$toBool',
  '$toDate',
  '$toDecimal',
  '$toDouble',
  '$toInt',
  '$toLong',
  '$toLower',
  '$toObjectId',
  '$toString',
  '$toUpper',
  '$toUUID',
  '$toHashedIndexKey',
  '$trunc',
  '$tsIncrement',
  '$tsSecond',
  '$type',
]);
