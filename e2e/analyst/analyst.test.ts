import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOnPath, runProgram } from '../clients/run-program.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { type AnalystRow, CATALOG_QUERIES, PSQL_COMMANDS, REPORTS } from './analyst-rows.ts';

/**
 * A day of somebody for whom personal data is masked, under the shipped policies: nothing of it is refused, what is not
 * personal comes as from a plain database, and what is comes masked.
 */
const CHANNELS = ['simple', 'extended'] as const;

interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

describe("an analyst's day through masks", () => {
  let stage: Demo;
  let direct: pg.Client;
  let client: pg.Client;
  let masked: Login;

  beforeAll(async () => {
    stage = await openStage({ need: ['postgres'], policies: SHIPPED_POLICIES, upstreamAs: 'owner' });
    masked = {
      ...{ host: '127.0.0.1', port: stage.port('postgres') },
      ...{ user: 'ana', password: stage.token('ana') },
    };
    const { host, port, user, password } = stage.fleet.postgres!;
    direct = new pg.Client({ host, port, user, password, database: 'shop' });
    client = new pg.Client({ ...masked, database: 'shop' });
    await direct.connect();
    await client.connect();
    await direct.query('analyze');
  });

  afterAll(async () => {
    await client?.end();
    await direct?.end();
    await stage?.close();
  });

  it('is long enough', () => {
    expect(PSQL_COMMANDS.length + CATALOG_QUERIES.length + REPORTS.length).toBeGreaterThanOrEqual(120);
  });

  async function compare({ statement, masked: names }: AnalystRow, channel: (typeof CHANNELS)[number]) {
    const query = {
      text: statement,
      ...(channel === 'extended' && { queryMode: 'extended' }),
    } as pg.QueryConfig;
    const plain = await direct.query(query);
    const seen = await client.query(query);
    expect(seen.fields.map(({ name }) => name)).toEqual(plain.fields.map(({ name }) => name));
    expect(seen.rows.length).toBe(plain.rows.length);
    const visible = (row: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
    expect(seen.rows.map(visible)).toEqual(plain.rows.map(visible));
    for (const name of names) {
      for (const [at, row] of plain.rows.entries())
        if (row[name] !== null && !isFirstOfYear(row[name]))
          expect(seen.rows[at][name]).not.toEqual(row[name]);
    }
  }

  describe.each(CHANNELS)('%s', (channel) => {
    it.each(CATALOG_QUERIES)('looks around: $statement', (row) => compare(row, channel));
    it.each(REPORTS)('reports: $statement', (row) => compare(row, channel));
  });

  it.skipIf(!isOnPath('psql')).each(PSQL_COMMANDS)(
    'shows %s in psql (needs psql on the PATH)',
    async (command) => {
      const run = ({ host, port, user, password }: Login) =>
        runProgram('psql', ['-X', '-d', 'shop'], {
          env: {
            PATH: process.env['PATH'],
            PGHOST: host,
            PGPORT: String(port),
            PGUSER: user,
            PGPASSWORD: password,
          },
          input: `${command}\n`,
        });
      const through = await run(masked);
      const plain = await run(stage.fleet.postgres!);
      // An old psql asks a new server for columns that are gone.
      if (plain.stderr.includes('ERROR')) return expect(through.stderr).toContain('ERROR');
      expect(through).toMatchObject({ code: plain.code, stderr: plain.stderr });
      // Who is connected to what differs; what the commands look up does not.
      if (!/^\\(conninfo|set)/.test(command)) expect(through.stdout).toBe(plain.stdout);
    },
  );
});

/** A birthday on the first of January is its own mask. */
function isFirstOfYear(value: unknown): boolean {
  return value instanceof Date && value.getUTCMonth() === 0 && value.getUTCDate() === 1;
}
