import type { ObjectRef } from '@gatehouse/model';
import { type BsonFields, type BsonValue, fieldsOf, isTruthy, itemsOf, stringOf } from '../bson/value.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import type { FactsBuilder } from './facts.ts';
import { walkFilter } from './filter.ts';

export interface UpdateParts {
  readonly q: BsonValue | undefined;
  readonly u: BsonValue | undefined;
  readonly upsert: BsonValue | undefined;
}

/** Reads one update: filter, and operators, replacement or pipeline. Returns whether its filter narrows. */
export function walkUpdate(
  parts: UpdateParts,
  target: { readonly object: ObjectRef; readonly facts: FactsBuilder },
): boolean {
  const { object, facts } = target;
  facts.use('update', object);
  if (isTruthy(parts.upsert)) facts.use('insert', object, '*', 'write');
  walkModification(parts.u, object, facts);
  const filter = fieldsOf(parts.q);
  if (filter === null) {
    facts.notUnderstood('update without a filter document');
    return false;
  }
  return walkFilter(filter, readOf(facts, object, 'filter'));
}

function readOf(facts: FactsBuilder, object: ObjectRef, use: 'filter' | 'output'): ExpressionUse {
  return {
    field: (path) => facts.use('read', object, path, use),
    call: (name) => facts.call(name),
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
}

function walkModification(value: BsonValue | undefined, object: ObjectRef, facts: FactsBuilder): void {
  const stages = itemsOf(value);
  const fields = fieldsOf(value);
  if (stages !== null) for (const stage of stages) walkStage(fieldsOf(stage), object, facts);
  else if (fields === null) facts.notUnderstood('update without a modification');
  else if (![...fields.keys()].some((key) => key.startsWith('$'))) facts.use('update', object, '*', 'write');
  else for (const [operator, operand] of fields) walkOperator(operator, operand, object, facts);
}

/** A pipeline computes fields from others: what it reads is stored at another place. */
function walkStage(stage: BsonFields | null, object: ObjectRef, facts: FactsBuilder): void {
  const [name] = stage?.keys() ?? [];
  if (stage === null || stage.size !== 1 || name === undefined || !PIPELINE_STAGES.has(name)) {
    facts.notUnderstood('stage of an update');
    return;
  }
  const operand = stage.get(name)!;
  walkExpression(operand, readOf(facts, object, 'output'));
  const written = name === '$set' || name === '$addFields' ? [...(fieldsOf(operand)?.keys() ?? [])] : ['*'];
  for (const field of written) facts.use('update', object, field, 'write');
}

function walkOperator(operator: string, operand: BsonValue, object: ObjectRef, facts: FactsBuilder): void {
  const fields = fieldsOf(operand);
  if (!UPDATE_OPERATORS.has(operator) || fields === null) {
    facts.notUnderstood(`update operator \`${operator.slice(0, 64)}\``);
    return;
  }
  for (const [field, value] of fields) {
    facts.use('update', object, field, 'write');
    if (operator !== '$rename') continue;
    // The value moves to another name, out of the reach of a mask.
    facts.use('read', object, field, 'output');
    facts.use('update', object, stringOf(value) ?? '*', 'write');
  }
}

const PIPELINE_STAGES = new Set(['$set', '$addFields', '$unset', '$project', '$replaceRoot', '$replaceWith']);

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
