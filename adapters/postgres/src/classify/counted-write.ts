import { GatewayError, type Obligations } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import type { PendingMessage } from './pending-message.ts';
import type { RunStatement } from './prepared.ts';

/**
 * What a limit on affected rows can be kept for: writes whose rows the server counts, and which it can take back.
 *
 * The command tag counts the outermost statement only. Writes in WITH, and what EXPLAIN and COPY run, are measured by the
 * server's own counters instead. Routines, what runs inside FETCH, and objects that are made from rows are in neither, so
 * under such a limit they are refused, never passed.
 */

/** INSERT, UPDATE, DELETE, MERGE, and COPY from the client. */
export function isCountedWrite({ analyzed, portal }: RunStatement): boolean {
  const { facts, returns, writesInside } = analyzed;
  if (portal !== null || writesInside === true || !facts.accesses.known) return false;
  if (!COUNTED.has(facts.verb) && !(facts.verb === 'copy' && returns === 'copy-in')) return false;
  return facts.accesses.value.every(({ action }) => DATA.has(action));
}

/** A write whose command tag leaves rows out, and nothing besides that the server's counters do not see. */
function isMeasuredWrite({ analyzed, portal }: RunStatement): boolean {
  const { facts, writesInside } = analyzed;
  if (portal !== null || !facts.accesses.known) return false;
  if (!facts.accesses.value.every(({ action }) => DATA.has(action))) return false;
  return (
    (writesInside === true && MEASURED.has(facts.verb)) ||
    (facts.verb === 'explain analyze' && facts.accesses.value.some(({ action }) => WRITES.has(action)))
  );
}

/** Whether it changes no rows, whatever it is. */
export function changesNoRows({ analyzed: { facts } }: RunStatement): boolean {
  if (NOT_RUN.has(facts.verb)) return true;
  return facts.accesses.known && facts.accesses.value.every(({ action }) => HARMLESS.has(action));
}

/** Whether a message under these obligations has rows to count. */
export function isLimitedWrite({ run }: PendingMessage, { limits }: Obligations): boolean {
  return (
    limits.affectedRows !== undefined &&
    run.some((statement) => isCountedWrite(statement) || isMeasuredWrite(statement))
  );
}

/** Whether rows of a message under these obligations are not in its command tags. */
export function needsMeasure({ run }: PendingMessage, { limits }: Obligations): boolean {
  return limits.affectedRows !== undefined && run.some(isMeasuredWrite);
}

/** Why the limit cannot be kept for a message; null when it can, or when there is none. */
export function cannotLimit(
  { run }: PendingMessage,
  { limits }: Obligations,
  catalog: PostgresCatalog | null,
): GatewayError | null {
  if (limits.affectedRows === undefined || run.every(changesNoRows)) return null;
  for (const statement of run) {
    if (!isCounted(statement) && !changesNoRows(statement)) return refusalOf(statement);
    if (writesForeign(statement, catalog))
      return unsupported('a foreign table is written, and its server counts');
  }
  if (run.length > 1 && !run.every((statement) => isCounted(statement) || isLook(statement)))
    return unsupported('it stands in one text with others; send it alone');
  return null;
}

function isCounted(statement: RunStatement): boolean {
  return isCountedWrite(statement) || isMeasuredWrite(statement);
}

function refusalOf({ analyzed: { facts }, portal }: RunStatement): GatewayError {
  if (portal !== null) return unsupported('what a cursor runs is not counted; send the statement itself');
  if (facts.accesses.known && facts.accesses.value.some(({ action }) => action === 'call'))
    return unsupported('it calls a routine, and what that changes is not counted');
  return unsupported('the database does not count what it changes');
}

function unsupported(why: string): GatewayError {
  return new GatewayError(
    'unsupported',
    'affected-rows-uncounted',
    `you may change a limited number of rows at once, which cannot be kept here: ${why}`,
  );
}

/** Its own server may not take back what it did, and this one's counters leave it out. A partition or what a view writes through may be one. */
function writesForeign({ analyzed: { facts } }: RunStatement, catalog: PostgresCatalog | null): boolean {
  if (!facts.accesses.known) return true;
  return facts.accesses.value.some(({ action, object }) => {
    if (!WRITES.has(action)) return false;
    const [schema, name] = object.known ? object.value.path : [];
    if (schema === undefined || name === undefined) return true;
    const relation = catalog?.relation(schema, name);
    if (relation === undefined) return false;
    return relation.kind === 'f' || relation.behind.some((reach) => reach.relation.kind === 'f');
  });
}

function isLook({ analyzed: { facts }, effects }: RunStatement): boolean {
  return (
    effects.length === 0 &&
    facts.accesses.known &&
    facts.accesses.value.every(({ action }) => LOOKS.has(action))
  );
}

const COUNTED: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge']);
const MEASURED: ReadonlySet<string> = new Set(['select', 'values', 'copy', ...COUNTED]);
/** They say what would run, and run nothing. */
const NOT_RUN: ReadonlySet<string> = new Set(['prepare', 'explain']);
const LOOKS: ReadonlySet<string> = new Set(['read', 'introspect']);
const WRITES: ReadonlySet<string> = new Set(['insert', 'update', 'delete']);
const DATA: ReadonlySet<string> = new Set([...LOOKS, ...WRITES]);
const HARMLESS: ReadonlySet<string> = new Set([...LOOKS, 'transact', 'configure', 'connect', 'cancel']);
