import { type Fleet, fillDemo, startFleet } from '@gatehouse/fleet';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DescribedColumn, type Describer, openDescriber } from './describe-statements.ts';
import { type Finding, readFuzzRun, shortest } from './fuzz-run.ts';
import { generateStatement } from './generate-statement.ts';
import { NASTY_SCHEMA, NASTY_SEARCH_PATH } from './nasty-schema.ts';
import { type AnalyzedDatabase, openDatabase } from './open-database.ts';

const RUN = readFuzzRun(0);

/** Statements that the server accepts, for each database. */
const ACCEPTED = 10_200;
const BATCH = 100;

/** Of the outputs that the server traces to a column; where more are unknown, understanding was lost. */
const MAX_UNKNOWN_SHARE = 0.02;

describe('where the server says that an output comes from, the analyzer names that column', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await startFleet({ need: ['postgres'], report: () => undefined });
    await fillDemo(fleet);
    await withClient('postgres', async (client) => {
      await client.query('drop database if exists nasty with (force)');
      await client.query('create database nasty');
      await client.query(`alter database nasty set search_path = ${NASTY_SEARCH_PATH}`);
    });
    await withClient('nasty', (client) => client.query(NASTY_SCHEMA));
  });

  afterAll(() => fleet?.stop());

  async function withClient<T>(database: string, run: (client: pg.Client) => Promise<T>): Promise<T> {
    const { host, port, user, password } = fleet.postgres!;
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    try {
      return await run(client);
    } finally {
      await client.end();
    }
  }

  it.each(['shop', 'nasty'])(
    'over the database `%s`',
    async (name) => {
      const database = await withClient(name, openDatabase);
      const describer = await openDescriber(fleet.postgres!.port, { ...fleet.postgres!, database: name });
      try {
        const { counts, findings } = await compareAll(database, describer);
        console.log(`${name}: ${JSON.stringify(counts)}`);
        expect(shortest(RUN, findings)).toEqual([]);
        expect(counts.accepted).toBeGreaterThanOrEqual(ACCEPTED);
        expect(counts.traced).toBeGreaterThan(counts.accepted / 2);
        expect(counts.unknown / counts.traced).toBeLessThan(MAX_UNKNOWN_SHARE);
      } finally {
        describer.close();
        await database.close();
      }
    },
    RUN.seconds * 1000 + 600_000,
  );
});

interface Counts {
  sent: number;
  accepted: number;
  refused: number;
  /** Outputs for which the server names a column. */
  traced: number;
  /** Those of them of which the analyzer does not know where they come from. */
  unknown: number;
  /** Those that the analyzer says are a column's value, as it is. */
  values: number;
}

/** So many are enough to see the shortest of them. */
const MAX_FINDINGS = 50;

async function compareAll(database: AnalyzedDatabase, describer: Describer) {
  const findings: Finding[] = [];
  const counts: Counts = { sent: 0, accepted: 0, refused: 0, traced: 0, unknown: 0, values: 0 };
  const end = Date.now() + RUN.seconds * 500;
  while (counts.accepted < ACCEPTED || Date.now() < end) {
    const begin = RUN.first + counts.sent;
    const texts = Array.from({ length: BATCH }, (_, index) =>
      generateStatement(database.source, RUN.seed + begin + index),
    );
    const descriptions = await describer.describe(texts);
    counts.sent += BATCH;
    for (const [index, description] of descriptions.entries()) {
      if (description === null) continue;
      counts.accepted += 1;
      const wrong = await compare(database, texts[index]!, description, counts);
      if (wrong.length > 0) findings.push({ at: begin + index, text: texts[index]!, wrong });
    }
    if (findings.length >= MAX_FINDINGS) break;
  }
  return { counts, findings };
}

/** What the analyzer leaves out, one line each. */
async function compare(
  { catalog, analyze }: AnalyzedDatabase,
  text: string,
  columns: readonly DescribedColumn[],
  counts: Counts,
): Promise<readonly string[]> {
  const statement = await analyze(text);
  const output = statement?.facts.output ?? null;
  const traced = columns.filter(({ table, attribute }) => table !== 0 && attribute > 0);
  counts.traced += traced.length;
  if (output === null) counts.refused += 1;
  if (output === null || !output.known) {
    counts.unknown += traced.length;
    return [];
  }
  const isOpen = output.value.some(({ name }) => name === '*');
  if (!isOpen && output.value.length !== columns.length)
    return [`expected ${columns.length} outputs, got ${output.value.length}`];
  return columns.flatMap(({ name, table, attribute }, index): readonly string[] => {
    const found = isOpen ? output.value : [output.value[index]!];
    const wrong =
      isOpen || found[0]!.name === name
        ? []
        : [`output ${index} is named \`${name}\`, not \`${found[0]!.name}\``];
    if (table === 0 || attribute <= 0) return wrong;
    if (found.some(({ sources }) => !sources.known)) {
      counts.unknown += 1;
      return wrong;
    }
    if (!isOpen && found[0]!.kind === 'value') counts.values += 1;
    const origin = catalog.columnOrigin(table, attribute);
    if (origin === null) return [...wrong, `output ${index} comes from a relation that the catalog lacks`];
    const isNamed = found.some(
      ({ sources }) =>
        sources.known &&
        sources.value.some(
          ({ object, field }) =>
            object.path.join('\0') === origin.object.path.join('\0') &&
            (field === origin.field || field === '*'),
        ),
    );
    return isNamed
      ? wrong
      : [...wrong, `output ${index} does not name ${origin.object.path.join('.')}.${origin.field}`];
  });
}
