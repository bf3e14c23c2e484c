/**
 * Makes one insert of batches that wait at the same time: a store takes a thousand events in one
 * statement at little more than the price of a hundred.
 *
 *   batch, batch, batch ──> wait while an insert runs ──> all of them in one ──> each its own answer
 *
 * When the whole fails, every batch learns it; who refuses what is found out one by one by them.
 */
import type { InsertResult } from '../store/audit-store.ts';

export interface CombineOptions {
  readonly insert: (lines: readonly string[]) => Promise<InsertResult>;
  /** Of one insert; a longer single batch goes alone. */
  readonly maxEvents: number;
  /** Inserts at one time: while the store works on one, the next is made ready. */
  readonly concurrency: number;
}

interface Waiting {
  readonly lines: readonly string[];
  readonly resolve: (result: InsertResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Gives a function that inserts a batch together with those that wait beside it. `inserted` and `duplicates` of a shared insert are told to its first batch, conflicts and broken links to each that holds them. */
export function combineBatches(options: CombineOptions): (lines: readonly string[]) => Promise<InsertResult> {
  const waiting: Waiting[] = [];
  let running = 0;

  const start = () => {
    while (running < options.concurrency && waiting.length > 0) void run(takeSome());
  };
  const takeSome = (): Waiting[] => {
    const some = [waiting.shift()!];
    let events = some[0]!.lines.length;
    while (waiting.length > 0 && events + waiting[0]!.lines.length <= options.maxEvents) {
      const next = waiting.shift()!;
      events += next.lines.length;
      some.push(next);
    }
    return some;
  };
  const run = async (some: readonly Waiting[]) => {
    running += 1;
    try {
      const result = await options.insert(some.flatMap(({ lines }) => lines));
      for (const [index, { lines, resolve }] of some.entries()) resolve(partOf(result, lines, index === 0));
    } catch (error) {
      for (const { reject } of some) reject(error);
    } finally {
      running -= 1;
      start();
    }
  };
  return (lines) =>
    new Promise((resolve, reject) => {
      waiting.push({ lines, resolve, reject });
      // Batches of one turn go together.
      queueMicrotask(start);
    });
}

function partOf(result: InsertResult, lines: readonly string[], first: boolean): InsertResult {
  const { conflicts, broken } = result;
  const counts = first ? result : { inserted: 0, duplicates: 0 };
  if (conflicts.length === 0 && broken.length === 0) return { ...result, ...pick(counts) };
  const own = new Set(lines.map(nameOf));
  const held = (names: readonly string[]) => names.filter((name) => own.has(name));
  return { ...pick(counts), conflicts: held(conflicts), broken: held(broken) };
}

function pick({ inserted, duplicates }: Pick<InsertResult, 'inserted' | 'duplicates'>) {
  return { inserted, duplicates };
}

/** `node/seq` of a line. */
function nameOf(line: string): string {
  const { node, seq } = JSON.parse(line) as { node: string; seq: number };
  return `${node}/${seq}`;
}
