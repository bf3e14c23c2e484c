/** The common filters of `audit search` over many stored events, each with the plan that answered it. */
import { createSqlStore, type SearchFilter, type SqlConnection } from '@gatehouse/audit';
import pg from 'pg';

const FILTERS: readonly (readonly [string, SearchFilter])[] = [
  ['the newest', {}],
  ['--who, common', { who: 'person3' }],
  ['--who, rare', { who: 'rare-person' }],
  ['--who, nobody', { who: 'nobody' }],
  ['--object, common', { object: 'public.table7' }],
  ['--object, rare', { object: 'public.rare_table' }],
  ['--object public.*', { object: 'public.*' }],
  ['--action delete', { action: 'delete' }],
  ['--decision deny', { effect: 'deny' }],
  ['--who, --decision deny', { who: 'person3', effect: 'deny' }],
  ['--who rare, --action read', { who: 'rare-person', action: 'read' }],
  ['two that never meet', { who: 'person3', object: 'public.rare_table' }],
  ['--rule', { rule: 'no-bare-delete' }],
  ['--result error', { result: 'error' }],
  ['--text, common', { text: 'from table7' }],
  ['--text, rare word', { text: 'rare_ta' }],
  ['--text, a literal', { text: '= 4711002' }],
  ['--text, not there', { text: 'drop database' }],
  ['--since', { from: '2026-01-31T00:00:00Z' }],
  ['--since, --who rare', { from: '2026-01-20T00:00:00Z', who: 'rare-person' }],
  ['a page further back', { who: 'person3', before: 1_000_000 }],
];
const RUNS = 5;

interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
}

export async function measureSearch(
  url: string,
  events: number,
  report: (line: string) => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const asked: Asked[] = [];
  const store = createSqlStore(recorded(client, asked));
  await store.migrate();
  const begun = performance.now();
  await fill(client, events);
  const { rows } = await client.query(
    `select count(*) as days, pg_size_pretty(sum(pg_table_size(inhrelid))) as heap, pg_size_pretty(sum(pg_indexes_size(inhrelid))) as indexes
      from pg_inherits where inhparent = 'gatehouse_audit_events'::regclass`,
  );
  const { days, heap, indexes } = rows[0];
  report(
    `${events} events in ${days} partitions, made in ${Math.round((performance.now() - begun) / 1_000)} s; tables ${heap}, indexes ${indexes}`,
  );
  for (const [name, filter] of FILTERS) {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < RUNS; run += 1) {
      asked.length = 0;
      const from = performance.now();
      found = (await store.search(filter)).length;
      times.push(performance.now() - from);
    }
    const [fastest, , median, , slowest] = times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(1));
    report(
      `${name.padEnd(28)} ${String(found).padStart(4)} found  median ${median} ms  (${fastest} to ${slowest})  ${await plan(client, [...asked])}`,
    );
  }
  await store.close();
}

function recorded(client: pg.Client, asked: Asked[]): SqlConnection {
  return {
    async query({ text, values }) {
      asked.push({ text, values });
      return (await client.query<Record<string, unknown>>(text, [...values])).rows;
    },
    close: () => client.end(),
  };
}

/** The scans of the queries that gave the answer, as EXPLAIN names them. */
async function plan(client: pg.Client, asked: readonly Asked[]): Promise<string> {
  const scans: string[] = [];
  for (const { text, values } of asked) {
    if (!text.includes('e.line')) continue;
    const { rows } = await client.query(`explain (analyze, costs off, timing off, summary off) ${text}`, [
      ...values,
    ]);
    const names = rows.flatMap((row) => {
      const line = String(row['QUERY PLAN']);
      const scan = /(Index Scan|Index Only Scan|Bitmap Index Scan|Seq Scan)[^(]*/.exec(line)?.[0].trim();
      return scan === undefined || line.includes('never executed') ? [] : [scan];
    });
    const kinds = names.map((scan) =>
      scan
        .replace(/gatehouse_audit_events_\d{8}_?/g, '')
        .replace(/ on( [ei])?$/, '')
        .replace(/ using /g, ' '),
    );
    const counted = [...new Set(kinds)].map(
      (kind) => `${kinds.filter((one) => one === kind).length} × ${kind}`,
    );
    scans.push(counted.join(' + '));
  }
  return scans.join(' then ');
}

/** Statements of a hundred people over thirty tables in a month, an intent and an outcome each; one person and one table are rare. */
async function fill(client: pg.Client, events: number): Promise<void> {
  await client.query(`set maintenance_work_mem = '1GB'`);
  await client.query(
    `select gatehouse_audit_ready_1(day::date) from generate_series(timestamp '2026-01-01', '2026-01-31', '1 day') day`,
  );
  // Filled first and indexed then, which is several times as fast.
  const { rows: indexes } = await client.query(
    `select indexname as name, indexdef as text from pg_indexes where indexname like 'gatehouse\\_audit\\_events\\_202601%\\_facts'`,
  );
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  const statements = Math.floor(events / 2);
  const step = 250_000;
  for (let from = 1; from <= statements; from += step) {
    await client.query(FILL, [from, Math.min(statements, from + step - 1), statements]);
  }
  for (const { text } of indexes) await client.query(text);
  await client.query(CATALOG);
  await client.query('vacuum analyze gatehouse_audit_events');
}

const CATALOG = `insert into gatehouse_audit_days
  select day, node, min(seq), max(seq), count(*), min(id), max(id), min(at), max(at) from gatehouse_audit_events group by day, node`;

const FILL = `
  insert into gatehouse_audit_events (id, day, node, seq, at, kind, request, session, who, database, objects, action,
    effect, rule, result, code, verb, text, line, facts)
  select nextval('gatehouse_audit_ids'), (time at time zone 'UTC')::date, 'gw-1', 2 * n - 1 + half, time,
    case half when 0 then 'intent' else 'outcome' end, 's' || n % 5000 || '-' || n, 's' || n % 5000, who, 'shop',
    array[object], action, effect, rule, case half when 1 then result end,
    case half when 0 then 'permitted-by-rule' end, action, text,
    '{"v":1,"node":"gw-1","seq":' || 2 * n - 1 + half || ',"at":"2026-01-01T00:00:00.000Z","prev":"' || repeat('0', 64)
      || '","body":{"kind":"' || case half when 0 then 'intent' else 'outcome' end || '","request":"s' || n || '","text":"'
      || text || '","filler":"' || repeat('x', case half when 0 then 500 else 100 end) || '"}}',
    array_to_tsvector(array(select distinct f from unnest(
      array['kind:' || case half when 0 then 'intent' else 'outcome' end, 'node:gw-1', 'who:' || who, 'database:shop',
        'object:' || object, 'object:public.*', 'action:' || action, 'effect:' || effect, 'rule:' || rule,
        'rule:' || split_part(rule, '/', 1), 'rule:' || split_part(rule, '/', 2), 'verb:' || action]
      || case half when 1 then array['result:' || result] else array(select 'word:' || word[1]
          from regexp_matches(text, '[a-z0-9]+', 'g') word) end) f where f is not null))
  from generate_series($1::bigint, $2::bigint) n
  cross join lateral (select
    case when n % 100003 = 0 then 'rare-person' else 'person' || n % 101 end as who,
    case when n % 99991 = 0 then 'rare_table' else 'table' || n % 30 end as name,
    case n % 10 when 0 then 'update' when 1 then 'insert' when 2 then case n % 100 when 2 then 'delete' else 'read' end else 'read' end as action,
    case n % 50 when 2 then 'deny' else 'permit' end as effect) a
  cross join lateral (select 'public.' || name as object,
    case when effect = 'deny' then 'guardrails/no-bare-delete' else 'shop/analysts-read' end as rule,
    case when effect = 'deny' then 'denied' when n % 500 = 7 then 'error' else 'ok' end as result,
    'select id, total, status from ' || name || ' where id = ' || n * 3 as text) b
  cross join (values (0), (1)) halves (half)
  cross join lateral (select timestamptz '2026-01-01 00:00:00+00' + ((n - 1)::float8 / $3) * interval '31 days' as time) c`;
