import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAnalysis } from './corpus/format-analysis.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
  type PostgresAnalyzer,
} from './create-postgres-analyzer.ts';
import { createPostgresContext } from './postgres-context.ts';

// One statement or text a block: `> text`, then what must be understood of it; corpus/format-analysis.ts says how to read it.
const CORPUS = readFileSync(fileURLToPath(new URL('./corpus/statements.txt', import.meta.url)), 'utf8')
  .trimEnd()
  .split('\n\n')
  .map((block) => {
    const [text = '', ...expected] = block.split('\n');
    return [text.replace(/^> /, ''), expected.join('\n')] as const;
  });

let analyzer: PostgresAnalyzer;
const context = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });

beforeAll(async () => {
  analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
});
afterAll(() => analyzer.close());

describe('what a Postgres statement does', () => {
  it('has a corpus', () => {
    expect(CORPUS.length).toBeGreaterThan(340);
  });

  it.each(CORPUS)('understands %s', async (text, expected) => {
    expect(formatAnalysis(await analyzer.analyze(text, context))).toBe(expected);
  });
});
