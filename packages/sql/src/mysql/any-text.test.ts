import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMysqlCatalog } from './build-mysql-catalog.ts';
import { createMysqlAnalyzer } from './create-mysql-analyzer.ts';

const catalog = buildMysqlCatalog({
  settings: [{ lower_case: 0 }],
  relations: ['accounts', 'invoices', 'secret'].map((name) => ({ db: 'billing', name, type: 'BASE TABLE' })),
  columns: ['id', 'iban', 'total'].flatMap((col) =>
    ['accounts', 'invoices', 'secret'].map((name) => ({ db: 'billing', name, col })),
  ),
  views: [],
  triggers: [],
});
const context = { catalog, catalogRevision: 1, database: 'billing' };

/** Pieces from which statements are made, and those with which readers are fooled. */
const PIECES = [
  ...'select insert update delete from where set into values join left on using group by having order limit union all'.split(
    ' ',
  ),
  ...'with as distinct case when then end exists in like between is null not and or explain replace call show use'.split(
    ' ',
  ),
  ...[
    'accounts',
    'invoices',
    'secret',
    '`secret`',
    'billing.secret',
    'a',
    'id',
    'iban',
    '*',
    'count(*)',
    'f(id)',
  ],
  ...[
    '(',
    ')',
    ',',
    ';',
    '.',
    '=',
    '<>',
    ':=',
    '@v',
    '@@sql_mode',
    '?',
    '1',
    "'x'",
    '"x"',
    "'it''s'",
    "'\\''",
  ],
  ...[
    '/*',
    '*/',
    '/*!',
    '/*!50001',
    '/*M!',
    '--',
    '-- x\n',
    '#',
    '\n',
    '\\',
    '`',
    "'",
    '"',
    '\0',
    '\u00e9',
    '\ud800',
  ],
];
const text = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })), { maxLength: 30 })
  .chain((pieces) => fc.constantFrom(pieces.join(' '), pieces.join('')));

describe('any text', () => {
  it('gets an answer and never an exception, the same again without the cache', () => {
    const kept = createMysqlAnalyzer();
    fc.assert(
      fc.property(text, (sql) => {
        const first = kept.analyze(sql, context);
        expect(createMysqlAnalyzer().analyze(sql, context)).toEqual(first);
      }),
      { numRuns: 1_500 },
    );
  });

  it('names a table that it reads, or says that it does not know', () => {
    const analyzer = createMysqlAnalyzer();
    const around = fc.array(fc.constantFrom(...PIECES.filter((piece) => piece !== 'explain')), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(around, around, (before, behind) => {
        const sql = `${before.join(' ')} select iban from secret ${behind.join(' ')}`;
        const analysis = analyzer.analyze(sql, context);
        if (analysis.kind === 'refused') return;
        const isNamed = analysis.statements.some(
          ({ facts: { accesses } }) =>
            !accesses.known ||
            accesses.value.some(({ object }) => !object.known || object.value.path.includes('secret')),
        );
        // Unless it stands in a text or a comment, where the server does not read it either.
        const isQuoted = /['"`#]|--|\/\*/.test(before.join(' '));
        expect([sql, isNamed || isQuoted]).toEqual([sql, true]);
      }),
      { numRuns: 1_500 },
    );
  });
});
