import { known, unknown } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import type { AnalyzedStatement, AnalyzedText } from '../analysis.ts';
import { AnalysisCache } from './analysis-cache.ts';

function answer(
  text: string,
  change: Partial<AnalyzedStatement> = {},
  rest: Partial<AnalyzedText> = {},
): AnalyzedText {
  const statement: AnalyzedStatement = {
    facts: {
      verb: 'select',
      accesses: known([]),
      bounded: known(true),
      limit: known(null),
      functions: known([]),
      output: known([]),
      irreversible: false,
      fingerprint: '0',
    },
    start: 0,
    end: text.length,
    effects: [],
    parameters: 0,
    returns: 'rows',
    ...change,
  };
  return { kind: 'analyzed', statements: [statement], missing: [], cacheable: true, ...rest };
}

function createCache(bytes: Partial<{ textBytes: number; shapeBytes: number }> = {}): AnalysisCache {
  return new AnalysisCache({ dialect: 'postgres', textBytes: 1 << 20, shapeBytes: 1 << 20, ...bytes });
}

const FIVE = 'select a from t where b = 5';

describe('AnalysisCache', () => {
  it('gives the very answer for the same text, and the facts for one of the same shape where it stands', () => {
    const cache = createCache();
    const kept = answer(FIVE);
    expect(cache.find('c', FIVE)).toBeUndefined();
    cache.keep('c', FIVE, kept);
    expect(cache.find('c', FIVE)).toBe(kept);
    const other = cache.find('c', ' select a from t where b = 12345') as AnalyzedText | undefined;
    expect(other).toBeUndefined();
    const longer = cache.find('c', `${FIVE}678`) as AnalyzedText;
    expect(longer.statements[0]).toEqual({ ...kept.statements[0], end: FIVE.length + 3 });
    expect(longer.statements[0]!.facts).toBe(kept.statements[0]!.facts);
    expect(Object.isFrozen(longer.statements[0])).toBe(true);
    expect(cache.counters).toMatchObject({ textHits: 1, shapeHits: 1, misses: 2 });
  });

  it('keeps everything that is said of a statement where a text of its shape is longer', () => {
    const cache = createCache();
    cache.keep('c', FIVE, answer(FIVE, { parameters: 2, writesInside: true, comparesParameters: true }));
    expect((cache.find('c', `${FIVE}678`) as AnalyzedText).statements[0]).toMatchObject({
      end: FIVE.length + 3,
      parameters: 2,
      writesInside: true,
      comparesParameters: true,
    });
  });

  it('gives nothing under another context', () => {
    const cache = createCache();
    cache.keep('c', FIVE, answer(FIVE));
    expect(cache.find('d', FIVE)).toBeUndefined();
    expect(cache.find('d', 'select a from t where b = 6')).toBeUndefined();
  });

  it.each([
    ['has an effect', answer(FIVE, { effects: [{ kind: 'reset', name: null }] })],
    ['copies rows', answer(FIVE, { copy: { kind: 'binary' } as never })],
    [
      'is of another kind',
      answer(FIVE, { facts: { ...answer(FIVE).statements[0]!.facts, verb: 'explain' } }),
    ],
    [
      'was not understood',
      answer(FIVE, { facts: { ...answer(FIVE).statements[0]!.facts, accesses: unknown('why') } }),
    ],
    ['stands elsewhere than its shape says', answer(FIVE, { end: 3 })],
    ['has two statements', answer(FIVE, {}, { statements: [1, 2].map(() => answer(FIVE).statements[0]!) })],
    ['has none', answer(FIVE, {}, { statements: [] })],
    ['misses a name', answer(FIVE, {}, { missing: ['t'] })],
    ['must not be kept', answer(FIVE, {}, { cacheable: false })],
  ])('shares no answer that %s', (_, kept) => {
    const cache = createCache();
    cache.keep('c', FIVE, kept);
    expect(cache.find('c', FIVE)).toBe(kept);
    expect(cache.find('c', 'select a from t where b = 6')).toBeUndefined();
  });

  it('shares no refusal', () => {
    const cache = createCache();
    cache.keep('c', FIVE, { kind: 'refused', code: 'syntax-error', message: 'the text is not valid' });
    expect(cache.find('c', 'select a from t where b = 6')).toBeUndefined();
  });

  it('takes the shape of the text that is kept, not of the one that was looked for last', () => {
    const cache = createCache();
    const other = 'select z from secrets where b = 5';
    cache.find('c', other);
    cache.keep('c', FIVE, answer(FIVE));
    expect(cache.find('c', 'select z from secrets where b = 6')).toBeUndefined();
    expect(cache.find('c', 'select a from t where b = 6')).toBeDefined();
  });

  it('stays below both of its bounds', () => {
    const cache = createCache({ textBytes: 20_000, shapeBytes: 10_000 });
    for (let i = 0; i < 1_000; i += 1) {
      const text = `select a${i} from t where b = 5`;
      cache.keep('c', text, answer(text));
    }
    const { textBytes, shapeBytes } = cache.counters;
    expect(textBytes).toBeLessThanOrEqual(20_000);
    expect(shapeBytes).toBeLessThanOrEqual(10_000);
    expect(Math.min(textBytes, shapeBytes)).toBeGreaterThan(5_000);
  });

  it('keeps nothing by shape where that is switched off', () => {
    const cache = createCache({ shapeBytes: 0 });
    cache.keep('c', FIVE, answer(FIVE));
    expect(cache.find('c', FIVE)).toBeDefined();
    expect(cache.find('c', 'select a from t where b = 6')).toBeUndefined();
    expect(cache.counters.shapeBytes).toBe(0);
  });
});
