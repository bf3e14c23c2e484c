/** The common filters of `audit search` over many stored events, each with the plan that answered it. */
import { openStore, type SearchFilter, searchQueries } from '@gatehouse/audit';
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

export async function measureSearch(
  url: string,
  events: number,
  report: (line: string) => void,
): Promise<void> {
  const store = await openStore({ kind: 'server', url }, () => undefined);
  await store.migrate();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const begun = performance.now();
  await fill(client, events);
  const { rows } = await client.query(
    `select pg_size_pretty(pg_table_size('gatehouse_audit_events')) as heap, pg_size_pretty(pg_indexes_size('gatehouse_audit_events')) as indexes`,
  );
  report(
    `${events} events made in ${Math.round((performance.now() - begun) / 1_000)} s; table ${rows[0].heap}, indexes ${rows[0].indexes}`,
  );
  for (const [name, filter] of FILTERS) {
    const times: number[] = [];
    let found = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const from = performance.now();
      found = (await store.search(filter)).length;
      times.push(performance.now() - from);
    }
    const [fastest, , median, , slowest] = times.toSorted((a, b) => a - b).map((ms) => ms.toFixed(1));
    report(
      `${name.padEnd(28)} ${String(found).padStart(4)} found  median ${median} ms  (${fastest} to ${slowest})  ${await plan(client, filter)}`,
    );
  }
  await client.end();
  await store.close();
}

/** The scans of the query that gave the answer, as EXPLAIN names them. */
async function plan(client: pg.Client, filter: SearchFilter): Promise<string> {
  let scans = '';
  for (const { text, values } of searchQueries(filter)) {
    const { rows } = await client.query(`explain (analyze, costs off, timing off, summary off) ${text}`, [
      ...values,
    ]);
    const lines = rows.map((row) => String(row['QUERY PLAN']));
    const actual = Number(/rows=([\d.]+)/.exec(lines[0]!)?.[1] ?? 0);
    const names = lines.flatMap(
      (line) => /(Index Scan|Index Only Scan|Bitmap Index Scan|Seq Scan)[^(]*/.exec(line)?.[0].trim() ?? [],
    );
    scans += `${scans === '' ? '' : ' then '}${names.join(' + ')}`;
    if (actual >= 100) break;
  }
  return scans
    .replaceAll('gatehouse_audit_events_', '')
    .replaceAll(' on gatehouse_audit_events', '')
    .replace(/ using /g, ' ');
}

/** Statements of a hundred people over thirty tables in a month, an intent and an outcome each; one person and one table are rare. */
async function fill(client: pg.Client, events: number): Promise<void> {
  await client.query('drop index if exists gatehouse_audit_events_facts');
  const statements = Math.floor(events / 2);
  const step = 250_000;
  for (let from = 1; from <= statements; from += step) {
    await client.query(FILL, [from, Math.min(statements, from + step - 1), statements]);
  }
  await client.query(`set maintenance_work_mem = '1GB'`);
  await client.query('create index gatehouse_audit_events_facts on gatehouse_audit_events using gin (facts)');
  await client.query('vacuum analyze gatehouse_audit_events');
}

const FILL = `
  insert into gatehouse_audit_events (node, seq, at, kind, request, session, who, database, objects, action,
    effect, rule, result, code, verb, text, line, facts)
  select 'gw-1', 2 * n - 1 + half, timestamptz '2026-01-01' + (n::float8 / $3) * interval '31 days',
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
  on conflict do nothing`;
