import { type Access, formatObject, type Known, type OutputColumn, type Statement } from '@gatehouse/model';
import type { Analysis, AnalyzedStatement, SessionEffect } from '../../analysis.ts';

/**
 * Facts as short lines, for the corpus: what people compare by eye.
 *
 * ```text
 * select bounded rows limit 10
 *   read relation public.customers (filter id, output email)
 *   out email = value public.customers.email
 *   call lower
 *   probes public.customers.email
 *   effect set search_path = "shop"
 * ```
 */
export function formatAnalysis(analysis: Analysis): string {
  if (analysis.kind === 'refused') return `refused ${analysis.code}`;
  const lines = analysis.statements.flatMap(formatStatement);
  if (analysis.missing.length > 0) lines.push(`missing ${analysis.missing.join(' ')}`);
  return lines.join('\n');
}

function formatStatement({ facts, effects, returns, parameters }: AnalyzedStatement): readonly string[] {
  const limit = show(facts.limit, (value) => (value === null ? '' : String(value)));
  const head = [
    facts.verb,
    show(facts.bounded, (bounded) => (bounded ? 'bounded' : 'unbounded')),
    returns,
    limit === '' ? '' : `limit ${limit}`,
    parameters === 0 ? '' : `parameters ${parameters}`,
    facts.irreversible ? 'irreversible' : '',
  ];
  return [
    head.filter((word) => word !== '').join(' '),
    ...list(facts.accesses, formatAccess, 'accesses'),
    ...list(facts.output, formatColumn, 'out'),
    ...list(facts.functions, (name) => `calls ${name}`, 'functions'),
    ...formatProbes(facts),
    ...formatStored(facts),
    ...effects.flatMap(formatEffect),
  ];
}

function list<T>(known: Known<readonly T[]>, format: (value: T) => string, what: string): readonly string[] {
  if (!known.known) return [`  ${what} ? ${known.reason}`];
  return known.value.map((value) => `  ${format(value)}`);
}

function show<T>(known: Known<T>, format: (value: T) => string): string {
  return known.known ? format(known.value) : `? ${known.reason}`;
}

function formatAccess({ action, object, fields }: Access): string {
  const uses = show(fields, (each) => each.map(({ field, use }) => `${use} ${field}`).join(', '));
  return `${action} ${show(object, (each) => `${each.kind} ${formatObject(each)}`)}${uses === '' ? '' : ` (${uses})`}`;
}

function formatColumn({ name, kind, sources }: OutputColumn): string {
  const from = show(sources, (each) => each.map(({ object, field }) => `${formatObject(object)}.${field}`).join(', '));
  return `out ${name} = ${kind}${from === '' ? '' : ` ${from}`}`;
}

function formatStored({ stored }: Statement): readonly string[] {
  if (stored === undefined || (stored.known && stored.value.length === 0)) return [];
  return [`  stores ${show(stored, (each) => each.map(({ object, field }) => `${formatObject(object)}.${field}`).join(', '))}`];
}

/** An unknown statement has unknown probes too, which need not be said twice. */
function formatProbes({ accesses, probes }: Statement): readonly string[] {
  if (probes === undefined) return ['  probes were not looked at'];
  if (!probes.known) return accesses.known ? [`  probes ? ${probes.reason}`] : [];
  const fields = probes.value.map(({ object, field }) => `${formatObject(object)}.${field}`);
  return fields.length === 0 ? [] : [`  probes ${fields.join(', ')}`];
}

function formatEffect(effect: SessionEffect): readonly string[] {
  switch (effect.kind) {
    case 'set':
      return [`  effect set${effect.local ? ' local' : ''} ${effect.name} = ${show(effect.value, String)}`];
    case 'prepare':
      return [`  effect prepare ${effect.name}`, ...formatStatement(effect.statement).map((line) => `    ${line}`)];
    case 'declare-cursor':
      return [
        `  effect declare-cursor ${effect.name}${effect.hold ? ' hold' : ''}`,
        ...formatStatement(effect.statement).map((line) => `    ${line}`),
      ];
    case 'transaction':
      return [`  effect transaction ${effect.operation}`];
    case 'schema-change':
      return [`  effect schema-change${effect.temporary ? ' temporary' : ''}`];
    case 'use':
      return [`  effect use ${effect.database}`];
    case 'discard-all':
      return ['  effect discard-all'];
    default:
      return [`  effect ${effect.kind} ${effect.name ?? '*'}`];
  }
}
