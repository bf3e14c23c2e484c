/**
 * An answer that an analyzer has kept, by text or by shape, is the answer that it would give anew: for every statement
 * of the tables of leaks and bypasses and of the analyzer's own corpus, with other literals and broken a little.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type Analysis,
  createMysqlAnalyzer,
  createPostgresAnalyzer,
  loadPostgresParser,
} from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import { mutated, seeded, withOtherLiterals } from './changed-literals.ts';
import {
  MYSQL_CONTEXT,
  MYSQL_TEXTS,
  ORDINARY_TEXTS,
  POSTGRES_CONTEXT,
  POSTGRES_TEXTS,
} from './statement-corpus.ts';

/** Changed texts for each statement. */
const ROUNDS = 6;
const NOTHING_KEPT = { cacheBytes: 0, shapeCacheBytes: 0 };
const parser = await loadPostgresParser();
const DIALECTS = [
  { dialect: 'postgres', texts: POSTGRES_TEXTS, ...postgresPair() },
  { dialect: 'mysql', texts: MYSQL_TEXTS, ...mysqlPair() },
] as const;

interface Pair {
  readonly kept: (text: string) => Analysis | Promise<Analysis>;
  readonly fresh: (text: string) => Analysis | Promise<Analysis>;
  readonly shapeHits: () => number;
}

function postgresPair(): Pair {
  const [kept, fresh] = [
    createPostgresAnalyzer({ parser }),
    createPostgresAnalyzer({ parser, ...NOTHING_KEPT }),
  ];
  return {
    kept: (text) => kept.analyze(text, POSTGRES_CONTEXT),
    fresh: (text) => fresh.analyze(text, POSTGRES_CONTEXT),
    shapeHits: () => kept.counters.shapeHits,
  };
}

function mysqlPair(): Pair {
  const [kept, fresh] = [createMysqlAnalyzer(), createMysqlAnalyzer(NOTHING_KEPT)];
  return {
    kept: (text) => kept.analyze(text, MYSQL_CONTEXT),
    fresh: (text) => fresh.analyze(text, MYSQL_CONTEXT),
    shapeHits: () => kept.counters.shapeHits,
  };
}

describe.each(DIALECTS)('what is kept for $dialect', ({ texts, kept, fresh, shapeHits }) => {
  const expectEqual = async (text: string): Promise<void> => {
    const [found, anew] = [await kept(text), await fresh(text)];
    // Quicker than the comparison of the test, which is only needed to show a difference.
    if (!isDeepStrictEqual(found, anew)) expect(found, text).toEqual(anew);
  };

  it('equals a fresh answer when literals are changed', async () => {
    const random = seeded(20_261_123);
    const before = shapeHits();
    for (const text of texts) {
      await expectEqual(text);
      for (let i = 0; i < ROUNDS; i += 1) await expectEqual(withOtherLiterals(text, random));
    }
    for (const text of ORDINARY_TEXTS)
      for (let i = 0; i < 10 * ROUNDS; i += 1) await expectEqual(withOtherLiterals(text, random));
    // The test is about answers by shape: there must be many.
    expect(shapeHits() - before).toBeGreaterThan(ORDINARY_TEXTS.length * ROUNDS);
  });

  it('equals a fresh answer when texts are broken', async () => {
    const random = seeded(7);
    const before = shapeHits();
    for (const text of texts) {
      for (let i = 0; i < ROUNDS; i += 1) {
        const broken = mutated(text, random);
        await expectEqual(broken);
        for (let n = 0; n < 3; n += 1) await expectEqual(withOtherLiterals(broken, random));
      }
    }
    expect(shapeHits() - before).toBeGreaterThan(ROUNDS);
  });
});
