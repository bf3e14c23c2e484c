/**
 * Soundness of masks: what a masked subject may not do with protected columns, because a mask on the way
 * out would not hold it.
 *
 * - `masked-use`: a protected column filters, sorts, groups or joins, and the mask does not allow it; or its value
 *   decides whether the statement fails (`Statement.probes`), which tells as much as a filter does.
 * - `masked-copy`: the statement reads a protected column and writes an object, so the value could be
 *   read again where nothing protects it; or it changes what has protected columns, whose labels may hold no longer.
 * - `masked-origin-unknown`: an output may come from a protected column and nobody can say: its sources, its
 *   columns, its object or the routine behind it are not known.
 *
 * A column that goes out unchanged is not forbidden, its mask is an obligation; neither is an output that is
 * computed from known columns, which leaves as NULL (`computesFromMasked`).
 */
import {
  type Access,
  type FieldSource,
  type FieldUse,
  formatObject,
  type ObjectRef,
  type OutputColumn,
  type Statement,
} from '@gatehouse/model';
import { overlaps } from './field-path.ts';
import { type Finding, finding } from './finding.ts';
import { isContainer, isWellFormed } from './object-pattern.ts';
import type { Protection, Protections } from './protection.ts';

/** Every reason that masks give against the statement; empty when masks can hold it. */
export function checkMaskedStatement(
  statement: Statement,
  accesses: readonly Access[],
  protections: Protections,
): readonly Finding[] {
  if (!protections.within(undefined)) return [];
  const uses = accesses.flatMap((access) => checkUses(access, protections));
  return [
    ...checkCopy(statement, accesses, protections),
    ...checkDefinitions(statement, accesses, protections),
    ...uses,
    ...checkProbes(statement, accesses, protections),
    ...checkOutput(statement, accesses, protections),
  ];
}

const READING_USES = ['filter', 'sort', 'group', 'join'] as const;
type ReadingUse = (typeof READING_USES)[number];

function checkUses(access: Access, protections: Protections): readonly Finding[] {
  const object = wellFormedObject(access);
  if (object === undefined) return [];
  const guarded = protections.of(object);
  if (guarded.length === 0) return [];
  if (access.fields.known) {
    return access.fields.value.flatMap((each) =>
      isReading(each.use) ? refuseUse(object, guarded, { ...each, use: each.use }) : [],
    );
  }
  const open = READING_USES.find((use) => guarded.some((protection) => !protection.allowUses.includes(use)));
  return open === undefined ? [] : refuseUse(object, guarded, { field: '*', use: open });
}

function isReading(use: FieldUse): use is ReadingUse {
  return READING_USES.some((reading) => reading === use);
}

interface Reading {
  readonly field: string;
  readonly use: ReadingUse;
  readonly equality?: true;
}

function refuseUse(
  object: ObjectRef,
  guarded: readonly Protection[],
  { field, use, equality }: Reading,
): readonly Finding[] {
  const by = guarded.find(
    ({ pattern, allowUses }) =>
      overlaps(pattern, field) &&
      !allowUses.includes(use) &&
      !(equality === true && allowUses.includes('equality')),
  );
  if (by === undefined) return [];
  const column = `\`${formatObject(object)}.${by.pattern.source}\``;
  const how = field === '*' ? `may be used to ${use}` : `is used to ${use}`;
  const allowed = ['output', ...by.allowUses].join(', ');
  return [
    finding('masked-use', `masked column ${column} ${how}`, by.rule, `allowed uses of ${column}: ${allowed}`),
  ];
}

function checkProbes(
  { probes }: Statement,
  accesses: readonly Access[],
  protections: Protections,
): readonly Finding[] {
  if (probes === undefined) return [];
  if (!probes.known) {
    const guarded = accesses.find((access) => isGuarded(access, protections));
    if (guarded === undefined) return [];
    const text = 'what the values of masked columns decide is not known';
    return [finding('masked-use', text, firstRule(guarded, protections))];
  }
  return probes.value.flatMap(({ object, field }) => {
    if (!isWellFormed(object)) return [origin('an object that may have masked columns is not known')];
    const by = protections
      .of(object)
      .find(({ pattern, allowUses }) => overlaps(pattern, field) && !allowUses.includes('filter'));
    if (by === undefined) return [];
    const column = `\`${formatObject(object)}.${by.pattern.source}\``;
    const text = `masked column ${column} is used in a computation that may fail by its value`;
    const hint = 'select the column itself, or compute with text functions, `||`, comparisons and aggregates';
    return [finding('masked-use', text, by.rule, hint)];
  });
}

const COPYING_ACTIONS: ReadonlySet<string> = new Set(['insert', 'update', 'define', 'unknown']);

function checkCopy(
  { stored }: Statement,
  accesses: readonly Access[],
  protections: Protections,
): readonly Finding[] {
  if (!accesses.some(({ action }) => COPYING_ACTIONS.has(action))) return [];
  if (stored?.known === true) {
    const taken = stored.value.find((source) => isGuardedSource(source, protections));
    return taken === undefined
      ? []
      : [copied(taken.object, taken.field, protections.of(taken.object)[0]?.rule)];
  }
  return accesses.flatMap((access) => {
    const object = wellFormedObject(access);
    const taken = object && protections.of(object).find((protection) => isTaken(access, protection));
    if (object === undefined || taken === undefined) return [];
    return [copied(object, taken.pattern.source, taken.rule)];
  });
}

/** What is gone tells nothing. */
const REMOVES = /^(drop|truncate)/;

function checkDefinitions(
  { verb, probes }: Statement,
  accesses: readonly Access[],
  protections: Protections,
): readonly Finding[] {
  if (REMOVES.test(verb)) return [];
  return accesses.flatMap((access) => {
    const object = access.action === 'define' ? wellFormedObject(access) : undefined;
    if (object === undefined) return [];
    const [by] = protections.of(object);
    // Where somebody looked which definitions can tell values, `checkProbes` has the answer.
    const changes = isContainer(object)
      ? verb.startsWith('alter') && protections.within(object)
      : by !== undefined && probes?.known !== true;
    if (!changes) return [];
    const text = `\`${formatObject(object)}\` has masked columns, and what it is would change`;
    return [finding('masked-copy', text, by?.rule, 'ask somebody for whom nothing of it is masked')];
  });
}

function copied(object: ObjectRef, field: string, rule: Finding['rule']): Finding {
  const column = `\`${formatObject(object)}.${field}\``;
  const text = `masked column ${column} would be stored in another place`;
  return finding('masked-copy', text, rule, `write the statement without ${column}`);
}

function isTaken({ fields }: Access, { pattern }: Protection): boolean {
  return !fields.known || fields.value.some(({ field, use }) => use === 'output' && overlaps(pattern, field));
}

/** Actions whose rows can come back. */
const ROW_ACTIONS: ReadonlySet<string> = new Set(['read', 'insert', 'update', 'delete']);

function checkOutput(
  { output }: Statement,
  accesses: readonly Access[],
  protections: Protections,
): readonly Finding[] {
  const opaque = accesses.flatMap((access) => opaqueAccess(access, protections));
  const calls = accesses.some(({ action }) => action === 'call');
  const guarded = accesses.find((access) => ROW_ACTIONS.has(access.action) && isGuarded(access, protections));
  if (!output.known) {
    if (guarded === undefined && !calls) return opaque;
    return [
      ...opaque,
      origin(
        `what the statement gives back is not known (${output.reason})`,
        firstRule(guarded, protections),
      ),
    ];
  }
  return [...opaque, ...output.value.flatMap((column) => checkColumn(column, protections, guarded, calls))];
}

/** Something is read that nobody can say is unprotected. */
function opaqueAccess(access: Access, protections: Protections): readonly Finding[] {
  const { action, object } = access;
  if (action === 'unknown') return [origin('the statement may read masked columns')];
  if (!object.known || !isWellFormed(object.value)) {
    return touchesFields(access) ? [origin('an object that may have masked columns is not known')] : [];
  }
  if (action !== 'read' || !isContainer(object.value) || !protections.within(object.value)) return [];
  return [origin(`\`${formatObject(object.value)}\` holds masked columns and is read as a whole`)];
}

/** Describing, locking or creating something touches no value of it. */
function touchesFields({ action, fields }: Access): boolean {
  return ROW_ACTIONS.has(action) || !fields.known || fields.value.length > 0;
}

function checkColumn(
  column: OutputColumn,
  protections: Protections,
  guarded: Access | undefined,
  calls: boolean,
): readonly Finding[] {
  if (column.kind === 'none' && column.sources.known && column.sources.value.length === 0) return [];
  if (!column.sources.known) {
    return guarded === undefined && !calls
      ? []
      : [origin('the origin of an output column is not known', firstRule(guarded, protections))];
  }
  const sources = column.sources.value;
  if (column.kind === 'value' && sources.length === 1) return [];
  if (column.kind === 'none' && sources.some((source) => isGuardedSource(source, protections)))
    return [origin('an output column contradicts itself: it reveals nothing, and has sources')];
  if (calls) return [origin('an output column may come from a routine that cannot be seen through')];
  const nameless = sources.find(({ object }) => !isWellFormed(object));
  return nameless === undefined ? [] : [origin('an output column comes from an object without a full name')];
}

/** True when an output is not one column, unchanged, and a protected column is behind it. */
export function computesFromMasked({ output }: Statement, protections: Protections): boolean {
  if (!output.known || !protections.within(undefined)) return false;
  return output.value.some(
    ({ kind, sources }) =>
      sources.known &&
      !(kind === 'value' && sources.value.length === 1) &&
      sources.value.some((source) => isGuardedSource(source, protections)),
  );
}

function isGuardedSource({ object, field }: FieldSource, protections: Protections): boolean {
  if (!isWellFormed(object)) return true;
  return protections.of(object).some(({ pattern }) => overlaps(pattern, field));
}

function isGuarded(access: Access, protections: Protections): boolean {
  const object = wellFormedObject(access);
  return object === undefined || protections.of(object).length > 0;
}

function wellFormedObject({ object }: Access): ObjectRef | undefined {
  return object.known && isWellFormed(object.value) ? object.value : undefined;
}

function firstRule(access: Access | undefined, protections: Protections) {
  const object = access && wellFormedObject(access);
  return object && protections.of(object)[0]?.rule;
}

function origin(text: string, rule?: Finding['rule']): Finding {
  return finding('masked-origin-unknown', text, rule, 'select the columns by name, unchanged');
}
