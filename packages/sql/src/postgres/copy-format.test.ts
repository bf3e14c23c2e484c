import { beforeAll, describe, expect, it } from 'vitest';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
  type PostgresAnalyzer,
} from './create-postgres-analyzer.ts';
import { createPostgresContext } from './postgres-context.ts';

let analyzer: PostgresAnalyzer;
beforeAll(async () => {
  analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
});

async function formatOf(rest: string) {
  const context = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });
  const analysis = await analyzer.analyze(`copy customers to stdout ${rest}`, context);
  if (analysis.kind !== 'analyzed') throw new Error(analysis.message);
  const { returns, copy } = analysis.statements[0]!;
  return returns === 'copy-out' && copy !== undefined
    ? `${copy.format} ${String.fromCharCode(copy.delimiter, copy.quote, copy.escapedBy)} ${copy.nullText} ${copy.header}`
    : returns;
}

describe('how a COPY writes its rows', () => {
  it.each([
    ['', 'text \t"" \\N false'],
    ['(format csv)', 'csv ,""  false'],
    ['csv header', 'csv ,""  true'],
    [
      "with (format csv, delimiter ';', quote '''', escape '\\', null 'NIL', header true)",
      "csv ;'\\ NIL true",
    ],
    ["(format csv, quote '|')", 'csv ,||  false'],
    ['(format csv, header off, force_quote *)', 'csv ,""  false'],
    ['with binary', 'binary \t"" \\N false'],
    ["delimiter '|' null ''", 'text |""  false'],
  ])('%s', async (rest, expected) => {
    expect(await formatOf(rest)).toBe(expected);
  });

  it.each([
    ["(encoding 'latin1')"],
    ["(delimiter 'é')"],
    ['(format xml)'],
    ['(freeze true)'],
    ['(header match)'],
    ["(null 'a', null 'b')"],
  ])('is not known with %s', async (rest) => {
    expect(await formatOf(rest)).toBe('copy-out');
  });
});
