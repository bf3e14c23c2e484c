/**
 * What the analysis of a text costs: never seen (over the corpus), of a shape seen before, and seen before.
 *
 *     node --conditions=gatehouse-source --import tsx e2e/analysis-bench/main.ts
 */
import {
  type Analysis,
  type AnalysisCacheCounters,
  createMysqlAnalyzer,
  createPostgresAnalyzer,
  loadPostgresParser,
} from '@gatehouse/sql';
import {
  MYSQL_CONTEXT,
  MYSQL_TEXTS,
  POSTGRES_CONTEXT,
  POSTGRES_TEXTS,
} from '../verdicts/statement-corpus.ts';

const POINT = 'SELECT abalance FROM pgbench_accounts WHERE aid = ';
const STATEMENTS: readonly (readonly [string, (n: number) => string])[] = [
  ['point select', (n) => `${POINT}${n}`],
  ['update', (n) => `UPDATE pgbench_accounts SET abalance = abalance + ${n % 5_000} WHERE aid = ${n}`],
  [
    'insert',
    (n) =>
      `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${n % 10}, 1, ${n}, -${n}, 'x${n}')`,
  ],
];
const ROUNDS = 12;
const TIMES = 10_000;

interface Subject {
  readonly name: string;
  readonly texts: readonly string[];
  readonly analyze: (text: string) => Analysis | Promise<Analysis>;
  readonly analyzeFresh: (text: string) => Analysis | Promise<Analysis>;
  readonly counters: () => AnalysisCacheCounters;
}

const NOTHING_KEPT = { cacheBytes: 0, shapeCacheBytes: 0 };
const parser = await loadPostgresParser();
const postgres = createPostgresAnalyzer({ parser });
const freshPostgres = createPostgresAnalyzer({ parser, ...NOTHING_KEPT });
const mysql = createMysqlAnalyzer();
const freshMysql = createMysqlAnalyzer(NOTHING_KEPT);
measure({
  name: 'postgres',
  texts: POSTGRES_TEXTS,
  analyze: (text) => postgres.analyze(text, POSTGRES_CONTEXT),
  analyzeFresh: (text) => freshPostgres.analyze(text, POSTGRES_CONTEXT),
  counters: () => postgres.counters,
});
measure({
  name: 'mysql',
  texts: MYSQL_TEXTS,
  analyze: (text) => mysql.analyze(text, MYSQL_CONTEXT),
  analyzeFresh: (text) => freshMysql.analyze(text, MYSQL_CONTEXT),
  counters: () => mysql.counters,
});
await Promise.all([postgres.close(), freshPostgres.close()]);

function measure({ name, texts, analyze, analyzeFresh, counters }: Subject): void {
  const report = (what: string, micros: number): boolean =>
    process.stdout.write(`${`${name}: ${what}`.padEnd(56)} ${micros.toFixed(2).padStart(9)} us\n`);
  const corpus = timesOf(texts, analyzeFresh);
  report(`never seen, median of ${texts.length} texts`, corpus[Math.floor(corpus.length / 2)]!);
  report('never seen, p99', corpus[Math.floor(corpus.length * 0.99)]!);
  for (const [what, statement] of STATEMENTS) {
    report(
      `${what}, never seen`,
      each((n) => analyzeFresh(statement(n))),
    );
    report(
      `${what}, shape seen`,
      each((n) => analyze(statement(n))),
    );
  }
  const arrived = Buffer.from(POINT.replace(/\w+ = $/, 'lower(filler) = 12345'));
  report(
    'text seen, as it arrives',
    each(() => analyze(arrived.toString('utf8'))),
  );
  const { textHits, shapeHits, misses, textBytes, shapeBytes } = counters();
  process.stdout.write(
    `${name}: ${textHits} by text, ${shapeHits} by shape, ${misses} not found; ${textBytes} + ${shapeBytes} bytes\n`,
  );
}

/** The best of some rounds for each text, sorted, so that what else the machine does is not measured. */
function timesOf(texts: readonly string[], run: (text: string) => unknown): readonly number[] {
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const text of texts) {
      const started = process.hrtime.bigint();
      run(text);
      const micros = Number(process.hrtime.bigint() - started) / 1_000;
      best.set(text, Math.min(micros, best.get(text) ?? micros));
    }
  }
  return [...best.values()].sort((a, b) => a - b);
}

/** Processor microseconds of one call, after a tenth as many for warming up. */
function each(run: (index: number) => unknown): number {
  for (let index = 0; index < TIMES / 10; index += 1) run(index);
  const started = process.cpuUsage();
  for (let index = 0; index < TIMES; index += 1) run(TIMES + index);
  const { user, system } = process.cpuUsage(started);
  return (user + system) / TIMES;
}
