import { type Fleet, startFleet } from '@gatehouse/fleet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraw } from './draw.ts';
import { type Difference, differenceOf, unexplained } from './explain-difference.ts';
import { type Finding, readFuzzRun, shortest } from './fuzz-run.ts';
import { generateStatement } from './generate-statement.ts';
import { type AnalyzedDatabase, openDatabase } from './open-database.ts';
import { type Copy, openScratchDatabases, type ScratchDatabases } from './scratch-databases.ts';

const RUN = readFuzzRun(7);

/** Statements that the server runs to their end on the copy without a change. */
const STATEMENTS = 300;
const TIMED_OUT = '57014';
const MAX_FINDINGS = 30;

describe('one value is changed, and whatever changes with it', () => {
  let fleet: Fleet;
  let scratch: ScratchDatabases;
  let database: AnalyzedDatabase;

  beforeAll(async () => {
    fleet = await startFleet({ need: ['postgres'], report: () => undefined });
    scratch = await openScratchDatabases(fleet.postgres!, createDraw(RUN.seed));
    database = await openDatabase(scratch.client);
  }, 600_000);

  afterAll(async () => {
    await database?.close();
    await scratch?.close();
    await fleet?.stop();
  });

  it(
    'is named by what the analyzer says of the statement',
    async () => {
      const counts = { sent: 0, ran: 0, compared: 0, changed: 0, unknown: 0 };
      const findings: Finding[] = [];
      const end = Date.now() + RUN.seconds * 1000;
      while ((counts.ran < STATEMENTS || Date.now() < end) && findings.length < MAX_FINDINGS) {
        const at = RUN.first + counts.sent;
        const text = generateStatement(database.source, RUN.seed + at);
        counts.sent += 1;
        const base = await scratch.copies[0]!.run(text);
        const statement = await database.analyze(text);
        if (base.kind === 'error' || statement === null) continue;
        counts.ran += 1;
        const { output, accesses } = statement.facts;
        if (!accesses.known || !output.known || output.value.some(({ sources }) => !sources.known))
          counts.unknown += 1;
        const views = (await database.viewsBehind(statement)).map(({ facts }) => facts);
        const explanation = { facts: statement.facts, views };
        const others = scratch.copies.slice(1);
        const outcomes = await Promise.all(others.map((copy) => copy.run(text)));
        for (const [index, outcome] of outcomes.entries()) {
          if (outcome.kind === 'error' && outcome.code === TIMED_OUT) continue;
          counts.compared += 1;
          const difference = differenceOf(base, outcome);
          if (difference === null) continue;
          counts.changed += 1;
          const missingAt = (found: Difference | null) =>
            found === null ? [] : unexplained(explanation, others[index]!.change!, found, database.catalog);
          if (missingAt(difference).length === 0) continue;
          const missing = missingAt(await differenceAnew(scratch.copies[0]!, others[index]!, text));
          if (missing.length > 0) findings.push({ at, text, wrong: missing });
        }
      }
      console.log(`taint: ${JSON.stringify(counts)}`);
      expect(shortest(RUN, findings)).toEqual([]);
      // Otherwise nothing is proved: most statements show nothing of most values.
      expect(counts.changed).toBeGreaterThan(counts.ran);
      expect(counts.unknown / counts.ran).toBeLessThan(0.08);
    },
    RUN.seconds * 1000 + 300_000,
  );
});

/** The difference in copies whose files hold nothing but their rows. */
async function differenceAnew(base: Copy, other: Copy, text: string): Promise<Difference | null> {
  await base.refill();
  await other.refill();
  return differenceOf(await base.run(text), await other.run(text));
}
