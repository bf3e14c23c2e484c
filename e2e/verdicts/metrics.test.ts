import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { masksOnlyPolicies } from '../stage/policies.ts';

let stage: Demo;
let client: pg.Client;

beforeAll(async () => {
  stage = await openStage({ need: ['postgres'], policies: masksOnlyPolicies(1), upstreamAs: 'owner' });
  client = new pg.Client({
    host: '127.0.0.1',
    port: stage.port('postgres'),
    user: 'ana',
    password: stage.token('ana'),
    database: 'shop',
  });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await stage?.close();
});

/** The value of one line of `/metrics`. */
async function metric(line: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${stage.running.adminPort}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain');
  const found = (await response.text()).split('\n').find((each) => each.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1));
}

it('tells Prometheus how well kept answers serve, and what became of guesses at masked columns', async () => {
  for (const id of [1, 2, 3, 3]) await client.query(`select full_name from customers where id = ${id}`);
  const guess = () => client.query("select id from customers where email = 'x'").catch(() => undefined);
  await guess();
  await guess();
  // The answers are looked up once a second.
  await expect
    .poll(() => metric('gatehouse_analyses{dialect="postgres",answer="text"}'), { timeout: 30_000 })
    .toBeGreaterThanOrEqual(1);
  expect(await metric('gatehouse_analyses{dialect="postgres",answer="shape"}')).toBeGreaterThanOrEqual(2);
  expect(await metric('gatehouse_analyses{dialect="postgres",answer="new"}')).toBeGreaterThanOrEqual(2);
  expect(await metric('gatehouse_analysis_cache_bytes{dialect="postgres",answer="text"}')).toBeGreaterThan(0);
  expect(await metric('gatehouse_masked_probes_total{result="counted"}')).toBe(1);
  expect(await metric('gatehouse_masked_probes_total{result="refused"}')).toBe(1);
});
