import type { PostgresServer } from '@gatehouse/fleet';
import type { Bench } from './bench.ts';
import { DATABASE, startGateway } from './gateway.ts';
import { profileFile, SAMPLER_OPTIONS, sampleHeap } from './heap-profile.ts';
import { askPostgres, createDatabase } from './postgres-database.ts';
import { readPostgres } from './postgres-read.ts';
import { processorSeconds } from './processor-time.ts';
import type { MaskRow } from './rows.ts';
import type { Target } from './target.ts';

/** What is measured: a masker over one column of a row of five. */
const CASES = [
  { name: 'null', column: 'email', mask: "'null'" },
  { name: 'partial, text', column: 'email', mask: '{ kind: partial, keepFirst: 2, keepLast: 4 }' },
  { name: 'hash, text', column: 'email', mask: 'hash' },
  { name: 'hash, text of 50 values', column: 'city', mask: 'hash' },
  { name: 'token, text of 50 values', column: 'city', mask: 'token' },
  { name: 'hash, integer', column: 'amount', mask: 'hash' },
  { name: 'round, integer', column: 'amount', mask: '{ kind: round, step: 100 }' },
] as const;

/** Of these what is allocated is sampled too. */
const HEAP_CASES = [0, 1, 2, 6];

const SQL = 'SELECT id, email, city, amount, filler FROM people';

/**
 * The same long read through one gateway by somebody without masks and by somebody with one, in turn, so that
 * both have the same machine: a million rows of about 125 bytes, one masked column.
 */
export async function measureMasks(bench: Bench, server: PostgresServer): Promise<void> {
  const { options, results, report, processes } = bench;
  report('masks: filling people');
  await fill(server, options.rows);
  const gateway = await startGateway(processes, {
    dialect: 'postgres',
    direct: { name: 'direct', port: server.port, ...server.app, database: DATABASE },
    own: server,
    redisUrl: bench.redisUrl,
    nodeOptions: [...bench.nodeOptions, ...SAMPLER_OPTIONS],
    heapProfile: profileFile(processes.folder),
    more: { policies: POLICIES, principals: CASES.map((_, index) => principalOf(index)) },
  });
  const login = (index: number) => gateway.login(CASES[index]!.name, principalOf(index));
  for (const format of ['text', 'binary'] as const) {
    for (const [index, { name }] of CASES.entries()) {
      const masked = await login(index);
      const pair = { unmasked: emptyTotal(), masked: emptyTotal() };
      await readPostgres(masked, `${SQL} WHERE id <= 50000`, format);
      for (let round = 0; round < options.rounds + 1; round++) {
        const order = round % 2 === 0 ? (['unmasked', 'masked'] as const) : (['masked', 'unmasked'] as const);
        for (const side of order)
          await addRead(pair[side], side === 'masked' ? masked : gateway.plain, format, options.rows);
      }
      const row = { masker: name, format, rows: options.rows, ...rowOf(pair.unmasked, pair.masked) };
      results.masks.push(row);
      report(`masks, ${format}, ${name}: ${row.ofUnmasked.toFixed(2)} of the unmasked rate`);
    }
  }
  await measureHeap(bench, [gateway.plain, ...(await Promise.all(HEAP_CASES.map(login)))]);
}

/** What the gateway allocates for a row, on the JavaScript heap. */
async function measureHeap(
  { options, results, report, processes }: Bench,
  targets: readonly Target[],
): Promise<void> {
  const lines: string[] = [];
  for (const target of targets) {
    const file = profileFile(processes.folder);
    const { allocatedBytes, sites } = await sampleHeap(target.pid!, file, () =>
      readPostgres(target, SQL, 'text'),
    );
    const perRow = (bytes: number) => (bytes / options.rows).toFixed(2);
    const most = sites.map(({ name, bytes }) => `${name} ${perRow(bytes)}`).join(', ');
    lines.push(`${target.name}: ${perRow(allocatedBytes)} bytes of heap for a row (${most})`);
    report(lines.at(-1)!);
  }
  results.notes.push(...lines);
}

interface Total {
  rows: number;
  megabytes: number;
  seconds: number;
  cpuSeconds: number;
}

function emptyTotal(): Total {
  return { rows: 0, megabytes: 0, seconds: 0, cpuSeconds: 0 };
}

async function addRead(total: Total, target: Target, format: 'text' | 'binary', rows: number): Promise<void> {
  const before = processorOf(target);
  const result = await readPostgres(target, SQL, format);
  if (result.rows !== rows)
    throw new Error(`expected ${rows} rows through ${target.name}, got ${result.rows}`);
  total.cpuSeconds += processorOf(target) - before;
  total.rows += result.rows;
  total.megabytes += result.megabytes;
  total.seconds += result.seconds;
}

function rowOf(unmasked: Total, masked: Total): Omit<MaskRow, 'masker' | 'format' | 'rows'> {
  const rate = ({ rows, seconds }: Total) => rows / seconds;
  const cpu = ({ rows, cpuSeconds }: Total) => (cpuSeconds * 1e6) / rows;
  return {
    unmaskedMegabytesPerSecond: unmasked.megabytes / unmasked.seconds,
    megabytesPerSecond: masked.megabytes / masked.seconds,
    rowsPerSecond: rate(masked),
    ofUnmasked: rate(masked) / rate(unmasked),
    unmaskedCpuMicros: cpu(unmasked),
    cpuMicros: cpu(masked),
  };
}

function processorOf({ pid }: Target): number {
  return (pid === undefined ? null : processorSeconds(pid)) ?? Number.NaN;
}

async function fill(server: PostgresServer, rows: number): Promise<void> {
  await createDatabase(server, DATABASE);
  await askPostgres(
    server,
    DATABASE,
    `create table people as
     select n as id, 'user' || n || '@mail' || n % 97 || '.example.com' as email, 'city of ' || n * 31 % 50 as city,
            (n * 7919::bigint % 1000003)::integer as amount, repeat('x', 70) as filler
       from generate_series(1, ${rows}) n;
     alter table people alter column id type integer, add primary key (id);
     analyze people;
     grant select on people to ${server.app.user};
     checkpoint`,
  );
}

function principalOf(index: number): string {
  return `masked-${index}`;
}

/** A rule for each case, which holds for one principal. */
const POLICIES = `---
kind: policy
name: masks
rules:
${CASES.map(
  ({ column, mask }, index) => `  - name: case-${index}
    effect: mask
    match:
      principals: [{ names: [${principalOf(index)}] }]
      objects: [public.people]
      columns: [${column}]
    mask: { otherwise: ${mask} }
`,
).join('')}`;
