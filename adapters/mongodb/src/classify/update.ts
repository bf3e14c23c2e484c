import type { FieldUse, ObjectRef } from '@gatehouse/model';
import { type BsonFields, type BsonValue, fieldsOf, isTruthy, itemsOf, stringOf } from '../bson/value.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import type { FactsBuilder } from './facts.ts';
import { walkFilter } from './filter.ts';

export interface UpdateParts {
  readonly q: BsonValue | undefined;
  readonly u: BsonValue | undefined;
  readonly upsert: BsonValue | undefined;
  readonly arrayFilters: BsonValue | undefined;
}

interface Target {
  readonly object: ObjectRef;
  readonly facts: FactsBuilder;
}

/** Reads one update: filter, and operators, replacement or pipeline. Returns whether its filter narrows. */
export function walkUpdate(parts: UpdateParts, target: Target): boolean {
  const { object, facts } = target;
  facts.use('update', object);
  if (isTruthy(parts.upsert)) facts.use('insert', object, '*', 'write');
  walkModification(parts.u, target);
  walkArrayFilters(parts, target);
  const filter = fieldsOf(parts.q);
  if (filter === null) {
    facts.notUnderstood('update without a filter document');
    return false;
  }
  return walkFilter(filter, readOf(target, 'filter'));
}

function readOf({ object, facts }: Target, use: FieldUse): ExpressionUse {
  return {
    field: (path) => facts.use('read', object, path, use),
    ...(use === 'filter' && { equal: (path) => facts.use('read', object, path, use, true) }),
    call: (name) => facts.call(name),
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
}

function walkModification(value: BsonValue | undefined, target: Target): void {
  const { object, facts } = target;
  const stages = itemsOf(value);
  const fields = fieldsOf(value);
  if (stages !== null) for (const stage of stages) walkStage(fieldsOf(stage), target);
  else if (fields === null) facts.notUnderstood('update without a modification');
  else if (![...fields.keys()].some((key) => key.startsWith('$'))) facts.use('update', object, '*', 'write');
  else for (const [operator, operand] of fields) walkOperator(operator, operand, target);
}

/** A pipeline computes fields from others: what it reads is stored at another place. */
function walkStage(stage: BsonFields | null, target: Target): void {
  const { object, facts } = target;
  const [name] = stage?.keys() ?? [];
  if (stage === null || stage.size !== 1 || name === undefined || !PIPELINE_STAGES.has(name)) {
    facts.notUnderstood('stage of an update');
    return;
  }
  const operand = stage.get(name)!;
  walkExpression(operand, readOf(target, 'output'));
  const written = name === '$set' || name === '$addFields' ? [...(fieldsOf(operand)?.keys() ?? [])] : ['*'];
  for (const field of written) facts.use('update', object, field, 'write');
}

function walkOperator(operator: string, operand: BsonValue, target: Target): void {
  const { object, facts } = target;
  const fields = fieldsOf(operand);
  if (!UPDATE_OPERATORS.has(operator) || fields === null) {
    facts.notUnderstood(`update operator \`${operator.slice(0, 64)}\``);
    return;
  }
  for (const [field, value] of fields) {
    facts.use('update', object, field, 'write');
    // SECURITY: how many documents were changed tells how the old value compares.
    if (COMPARING.has(operator)) facts.use('read', object, field, 'filter');
    const condition = operator === '$pull' ? fieldsOf(value) : null;
    if (condition !== null) walkCondition(field, condition, target);
    if (operator === '$push' && fieldsOf(value)?.has('$sort') === true)
      facts.use('read', object, field, 'sort');
    if (operator !== '$rename') continue;
    // The value moves to another name, out of the reach of a mask.
    facts.use('read', object, field, 'output');
    facts.use('update', object, stringOf(value) ?? '*', 'write');
  }
}

/** `$pull` takes a condition on the items, or on their fields. */
function walkCondition(field: string, condition: BsonFields, target: Target): void {
  const [first] = condition.keys();
  if (first?.startsWith('$') !== true) walkFilter(condition, readOf(target, 'filter'), field);
  else walkFilter(new Map([[field, { kind: 'document', fields: condition }]]), readOf(target, 'filter'));
}

/** Conditions on the items that `$[name]` stands for, wherever the update names it. */
function walkArrayFilters({ arrayFilters, u }: UpdateParts, target: Target): void {
  if (arrayFilters === undefined) return;
  const paths = [...(fieldsOf(u)?.values() ?? [])].flatMap((operand) => [
    ...(fieldsOf(operand)?.keys() ?? []),
  ]);
  const { call, notUnderstood } = readOf(target, 'filter');
  const use: ExpressionUse = {
    call,
    notUnderstood,
    field: (path) => {
      const [name = '', ...rest] = path.split('.');
      const places = paths.flatMap((one) => {
        const at = one.split('.').indexOf(`$[${name}]`);
        return at < 0 ? [] : [[...one.split('.').slice(0, at), ...rest].join('.')];
      });
      for (const place of places.length === 0 ? ['*'] : places)
        target.facts.use('read', target.object, place, 'filter');
    },
  };
  for (const item of itemsOf(arrayFilters) ?? [null]) {
    const fields = item === null ? null : fieldsOf(item);
    if (fields === null) target.facts.notUnderstood('array filter that is not a document');
    else walkFilter(fields, use);
  }
}

const PIPELINE_STAGES = new Set(['$set', '$addFields', '$unset', '$project', '$replaceRoot', '$replaceWith']);

const COMPARING = new Set(['$min', '$max', '$addToSet', '$pull', '$pullAll']);

const UPDATE_OPERATORS = new Set([
  '$set',
  '$setOnInsert',
  '$unset',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$rename',
  '$currentDate',
  '$push',
  '$pull',
  '$pullAll',
  '$pop',
  '$addToSet',
  '$bit',
]);
