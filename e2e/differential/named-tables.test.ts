import { readFileSync } from 'node:fs';
import { type Fleet, startFleet } from '@gatehouse/fleet';
import { type AnalyzedStatement, loadPostgresParser, type PostgresParser } from '@gatehouse/sql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDraw } from './draw.ts';
import { type Finding, readFuzzRun, shortest } from './fuzz-run.ts';
import { generateStatement } from './generate-statement.ts';
import { mutateText } from './mutate-text.ts';
import { NASTY_SCHEMA, NASTY_SEARCH_PATH } from './nasty-schema.ts';
import { type AnalyzedDatabase, openDatabase } from './open-database.ts';
import { type NamedTable, tablesInTree } from './tables-in-tree.ts';

const RUN = readFuzzRun(11);

/** Mutated statements that libpg-query parses. */
const PARSED = 5_000;
const MAX_BYTES = 3_000;
const MAX_FINDINGS = 50;

const CORPUS = new URL('../../packages/sql/src/postgres/corpus/', import.meta.url);

describe('of a mutated statement the analyzer names every table that stands in its tree', () => {
  let fleet: Fleet;
  let parser: PostgresParser;

  beforeAll(async () => {
    parser = await loadPostgresParser();
    fleet = await startFleet({ need: ['postgres'], report: () => undefined });
  });

  afterAll(() => fleet?.stop());

  async function openWith(name: string, path: string, schema: string): Promise<AnalyzedDatabase> {
    const { host, port, user, password, database } = fleet.postgres!;
    const owner = new pg.Client({ host, port, user, password, database });
    await owner.connect();
    await owner.query(`drop database if exists ${name} with (force)`);
    await owner.query(`create database ${name}`);
    await owner.query(`alter database ${name} set search_path = ${path}`);
    await owner.end();
    const client = new pg.Client({ host, port, user, password, database: name });
    await client.connect();
    await client.query(schema);
    const opened = await openDatabase(client);
    await client.end();
    return opened;
  }

  async function check(database: AnalyzedDatabase, texts: readonly string[]): Promise<void> {
    const counts = { made: 0, parsed: 0, tables: 0, refused: 0, unknown: 0 };
    const findings: Finding[] = [];
    const end = Date.now() + RUN.seconds * 500;
    while ((counts.parsed < PARSED || Date.now() < end) && findings.length < MAX_FINDINGS) {
      const at = RUN.first + counts.made;
      const text = mutateText(createDraw(RUN.seed + at), texts);
      counts.made += 1;
      if (Buffer.byteLength(text) > MAX_BYTES) continue;
      const parsed = parser.parse(text);
      // A text has broken the parser; the analyzer has parsers of its own.
      if (parsed === null) parser = await loadPostgresParser();
      if (parsed?.kind !== 'parsed' || parsed.statements.length === 0) continue;
      counts.parsed += 1;
      const statements = await database.analyzeAll(text);
      if (statements === null) {
        counts.refused += 1;
        continue;
      }
      for (const [index, { tree }] of parsed.statements.entries()) {
        const tables = tablesInTree(tree);
        counts.tables += tables.length;
        const named = namesOf(statements[index]!);
        if (named === null) {
          counts.unknown += 1;
          continue;
        }
        const missing = tables.filter((table) => !isNamed(table, named));
        if (missing.length > 0) findings.push({ at, text, wrong: [JSON.stringify(missing)] });
      }
    }
    console.log(`named tables: ${JSON.stringify(counts)}`);
    expect(shortest(RUN, findings)).toEqual([]);
    expect(counts.tables).toBeGreaterThan(counts.parsed / 2);
    expect(counts.refused / counts.parsed).toBeLessThan(0.05);
    expect(counts.unknown / counts.parsed).toBeLessThan(0.4);
  }

  it(
    'for statements of the corpus of the unit tests',
    async () => {
      const schema = readFileSync(new URL('shop-schema.sql', CORPUS), 'utf8');
      const database = await openWith('corpus', 'public', schema);
      const texts = readFileSync(new URL('statements.txt', CORPUS), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('> '))
        .map((line) => line.slice(2));
      expect(texts.length).toBeGreaterThan(300);
      await check(database, texts);
      await database.close();
    },
    RUN.seconds * 1000 + 300_000,
  );

  it(
    'for generated statements',
    async () => {
      const database = await openWith('mutated', NASTY_SEARCH_PATH, NASTY_SCHEMA);
      const texts = Array.from({ length: 3_000 }, (_, index) =>
        generateStatement(database.source, RUN.seed + index),
      );
      await check(
        database,
        texts.filter(({ length }) => length < 1_500),
      );
      await database.close();
    },
    RUN.seconds * 1000 + 300_000,
  );
});

/** Relations that the facts name; null where any may be meant. */
function namesOf(statement: AnalyzedStatement): readonly NamedTable[] | null {
  const { accesses } = statement.facts;
  if (!accesses.known || accesses.value.some(({ object }) => !object.known)) return null;
  const own = accesses.value.flatMap(({ object }) => {
    if (!object.known) return [];
    const { path } = object.value;
    return [{ schema: path.at(-2) ?? null, name: path.at(-1) ?? '' }];
  });
  // What is prepared or declared says what it reads itself.
  for (const effect of statement.effects) {
    if (effect.kind !== 'prepare' && effect.kind !== 'declare-cursor') continue;
    const inner = namesOf(effect.statement);
    if (inner === null) return null;
    own.push(...inner);
  }
  return own;
}

function isNamed({ schema, name }: NamedTable, named: readonly NamedTable[]): boolean {
  return named.some((each) => each.name === name && (schema === null || each.schema === schema));
}
