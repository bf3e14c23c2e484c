import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis, AnalyzedText } from '../analysis.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
  type PostgresAnalyzer,
  type PostgresParser,
} from './create-postgres-analyzer.ts';
import { createPostgresContext, type PostgresContext } from './postgres-context.ts';

let parser: PostgresParser;
let analyzer: PostgresAnalyzer;
const catalog = createShopCatalog();
const context = createPostgresContext(catalog, { database: 'app', user: 'app' });

beforeAll(async () => {
  parser = await loadPostgresParser();
  analyzer = createPostgresAnalyzer({ parser });
});
afterAll(() => analyzer.close());

async function analyzed(text: string, within: PostgresContext = context): Promise<AnalyzedText> {
  const analysis = await analyzer.analyze(text, within);
  if (analysis.kind === 'refused') throw new Error(`refused: ${analysis.code}`);
  return analysis;
}

async function refusalOf(text: string, from: PostgresAnalyzer = analyzer): Promise<string> {
  const analysis = await from.analyze(text, context);
  return analysis.kind === 'refused' ? analysis.code : 'analyzed';
}

/** Paths of the relations that one statement reads. */
function readsOf(analysis: Analysis): readonly string[] {
  if (analysis.kind === 'refused') return [];
  return analysis.statements.flatMap(({ facts }) =>
    facts.accesses.known
      ? facts.accesses.value
          .filter(({ action }) => action === 'read')
          .map(({ object }) => (object.known ? object.value.path.join('.') : '?'))
      : ['?'],
  );
}

describe('texts that are refused', () => {
  it.each([
    ['a NUL, which would hide what follows', 'select 1\0; drop table customers', 'nul-in-text'],
    ['half a surrogate pair', 'select \ud800', 'invalid-encoding'],
    ['what the server would not parse', 'selec 1', 'syntax-error'],
    ['an unterminated string', "select 'x", 'syntax-error'],
    ['an unterminated comment', 'select /* 1', 'syntax-error'],
    [
      'a lexer error, which some functions of the parser return as a result',
      "select U&'\\zzzz'",
      'syntax-error',
    ],
    ['a thousand statements and one', ';select 1'.repeat(1_001), 'too-large'],
  ])('refuses %s', async (_name, text, code) => {
    expect(await refusalOf(text)).toBe(code);
  });

  it('refuses eight megabytes without parsing them', async () => {
    expect(await refusalOf(`select '${'x'.repeat(8 << 20)}'`)).toBe('too-large');
  });

  it('refuses a hundred thousand nested parentheses', async () => {
    const text = `select ${'('.repeat(100_000)}1${')'.repeat(100_000)}`;
    expect(['syntax-error', 'too-deep']).toContain(await refusalOf(text));
  });

  it('never repeats the text in a refusal', async () => {
    const analysis = await analyzer.analyze("select 'hunter2", context);
    expect(JSON.stringify(analysis)).not.toContain('hunter2');
  });

  it('accepts an empty text and one without statements', async () => {
    expect((await analyzed('')).statements).toEqual([]);
    expect((await analyzed(' ; /* x */ ; -- y')).statements).toEqual([]);
  });
});

describe('texts above 8 KB', () => {
  it('says the same as for a small text', async () => {
    const values = Array.from({ length: 5_000 }, (_, index) => index).join(', ');
    const large = await analyzed(`select email from customers where id in (${values})`);
    const small = await analyzed('select email from customers where id in (1, 2, 3)');
    expect(large.statements[0]!.facts.accesses).toEqual(small.statements[0]!.facts.accesses);
    expect(large.statements[0]!.facts.bounded).toEqual({ known: true, value: true });
  });

  it('finds a relation and a parameter behind thousands of constants', async () => {
    const rows = Array.from({ length: 3_000 }, (_, index) => `(${index}, 'note')`).join(', ');
    const text = `insert into orders (id, note) values ${rows}, ($7, (select email from customers limit 1))`;
    const { statements } = await analyzed(text);
    expect(readsOf({ kind: 'analyzed', statements, missing: [], cacheable: true })).toEqual([
      'public.customers',
    ]);
    expect(statements[0]!.parameters).toBe(7);
  });

  it('answers after a chain that overflows the parser, again and again', async () => {
    const overflow = `select 1${'+1'.repeat(490_000)}`;
    for (let round = 0; round < 3; round += 1) {
      expect(await refusalOf(overflow)).toBe('too-deep');
      expect(await refusalOf(`select '${'x'.repeat(9_000)}'`)).toBe('analyzed');
    }
  }, 60_000);

  it('refuses what takes longer than allowed and goes on', async () => {
    const hasty = createPostgresAnalyzer({ parser, timeoutMs: 1 });
    expect(await refusalOf(`select '${'x'.repeat(500_000)}'`, hasty)).toBe('too-deep');
    await hasty.close();
  });

  it('bounds what waits for the worker', async () => {
    const busy = createPostgresAnalyzer({ parser });
    const text = `select '${'x'.repeat(9_000)}'`;
    const codes = await Promise.all(Array.from({ length: 40 }, () => refusalOf(text, busy)));
    expect(codes.filter((code) => code === 'analyzed')).toHaveLength(32);
    expect(codes.filter((code) => code === 'too-large')).toHaveLength(8);
    await busy.close();
  });

  it('refuses when it was closed', async () => {
    const closed = createPostgresAnalyzer({ parser });
    await closed.close();
    expect(await refusalOf(`select '${'x'.repeat(9_000)}'`, closed)).toBe('too-large');
  });
});

describe('a parser that was damaged', () => {
  it('is replaced, and texts are answered by the worker until then', async () => {
    const fragile = await loadPostgresParser();
    const careful = createPostgresAnalyzer({ parser: fragile });
    // Larger than what the analyzer would hand to it; it overflows the WASM stack.
    expect(fragile.parse(`select 1${'+1'.repeat(60_000)}`)).toMatchObject({ code: 'too-deep' });
    expect(fragile.parse('select 1')).toBeNull();
    const late = careful.analyze('select email from customers', context);
    expect(late).toBeInstanceOf(Promise);
    expect(readsOf(await late)).toEqual(['public.customers']);
    for (let waited = 0; fragile.parse('select 1') === null && waited < 100; waited += 1) await sleep(20);
    expect(careful.analyze('select note from orders', context)).not.toBeInstanceOf(Promise);
    await careful.close();
  });
});

describe('places and fingerprints', () => {
  it('gives offsets in UTF-16 whatever the text holds', async () => {
    const parts = ["select 'é€😀'", '  delete from customers /* 😀 */', "select 'x'"];
    const text = parts.join(';');
    const { statements } = await analyzed(text);
    expect(statements.map(({ start, end }) => text.slice(start, end))).toEqual(
      parts.map((part) => part.trim()),
    );
  });

  it('has the same fingerprint for other literals and another one for other statements', async () => {
    const [a, b, c] = await Promise.all(
      [
        'select email from customers where id = 1',
        'SELECT  email FROM customers WHERE id = 99',
        'select id from customers',
      ].map(async (text) => (await analyzed(text)).statements[0]!.facts.fingerprint),
    );
    expect(a).toMatch(/^[0-9a-f]{16}$/);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });
});

describe('a fresh catalog', () => {
  const fresh: PostgresContext = { ...context, catalogIsFresh: true };
  const objectsOf = async (text: string) => {
    const { statements } = await analyzed(text, fresh);
    const accesses = statements.at(-1)!.facts.accesses;
    return accesses.known
      ? accesses.value.map(({ object }) => (object.known ? object.value.path.join('.') : '?'))
      : ['?'];
  };

  it('leaves what does not exist to the server', async () => {
    expect(await objectsOf('select * from nope')).toEqual(['public.nope']);
    expect(await objectsOf('select nope(1)')).toEqual(['public.nope']);
  });

  it.each([
    ['a view was created', 'create view nope as select email from customers'],
    ['a routine was called', 'select discount(1)'],
    ['a block was run', 'do $$ begin end $$'],
    ['something was renamed', 'alter view active_customers rename to nope'],
  ])('is not fresh any more after %s in the same text', async (_name, before) => {
    expect(await objectsOf(`${before}; select * from nope`)).toEqual(['?']);
  });
});

describe('the cache', () => {
  it('gives the same frozen object for the same text under an equal context', async () => {
    const text = 'select email from customers where length(email) = 12345';
    const first = await analyzer.analyze(text, context);
    expect(await analyzer.analyze(text, { ...context })).toBe(first);
    expect(Object.isFrozen((first as AnalyzedText).statements[0]!.facts)).toBe(true);
  });

  it('asks again when the context says that names mean something else', async () => {
    const text = 'select email from customers';
    expect(readsOf(await analyzer.analyze(text, context))).toEqual(['public.customers']);
    const moved: PostgresContext = { ...context, searchPath: { known: true, value: ['shop', 'public'] } };
    expect(readsOf(await analyzer.analyze(text, moved))).toEqual(['shop.customers']);
  });

  it('keeps nothing that a fresher catalog could answer better', async () => {
    const first = await analyzer.analyze('select * from nope', context);
    expect((first as AnalyzedText).cacheable).toBe(false);
    expect(await analyzer.analyze('select * from nope', context)).not.toBe(first);
  });
});

const SEEDS = [
  'with x as (delete from customers returning *) select * from x join orders o using (id)',
  'insert into orders (id, note) select c.id, lower(c.email) from customers c where c.id in (select id from shop.stock)',
  'explain analyze update customers set name = (select note from orders limit 1) where id = 1',
  'create table n as select * from (customers natural join orders) j, lateral (select 1 from payments p where p.id = j.id) q',
  'merge into customers t using (select * from orders) s on t.id = s.id when matched then delete',
  "copy (select email from customers union all select note from orders) to program 'x'",
  'with recursive a as (select id from customers union select id from a join orders using (id)) select * from a',
  'declare c cursor for select (c).email, row_to_json(c), array(select note from orders) from customers c',
  'alter table customers add foreign key (id) references orders (id)',
  'grant select on customers, orders to bob',
];

describe('any text', () => {
  it('gets an answer and never an exception, however it is mutilated', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SEEDS),
        fc.array(
          fc.tuple(
            fc.nat(200),
            fc.nat(20),
            fc.constantFrom('', "'", '"', '(', ')', ';', '--', '/*', '$$', ' from ', '\\', '*', ','),
          ),
        ),
        async (seed, cuts) => {
          let text = seed;
          for (const [at, length, put] of cuts) text = text.slice(0, at) + put + text.slice(at + length);
          const analysis = await analyzer.analyze(text, context);
          expect(['analyzed', 'refused']).toContain(analysis.kind);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('gets an answer for random tokens and random characters', async () => {
    const token = fc.constantFrom(
      ...SEEDS.flatMap((seed) => seed.split(' ')),
      '__proto__',
      'constructor',
      '$1',
      "E'\\'",
      'U&"x"',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc.array(token, { maxLength: 20 }).map((each) => each.join(' ')),
        ),
        async (text) => {
          const analysis = await analyzer.analyze(text, context);
          expect(['analyzed', 'refused']).toContain(analysis.kind);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('accounts for every relation that the parser sees, or says that it does not know', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...SEEDS),
        fc.constantFrom(...SEEDS),
        fc.constantFrom('customers', 'orders', 'payments', 'shop.stock'),
        fc.nat(3),
        async (first, second, relation, where) => {
          // A query for a table, put where an expression, a relation or another query may stand.
          const query = `(select id from ${relation})`;
          const text = [
            first.replace(' from customers', ` from customers, ${query} zz`),
            first.replace('id', `(${query})`),
            `${first}; ${second}`,
            second.replace('customers', relation),
          ][where]!;
          const parsed = parser.parse(text);
          if (parsed === null || parsed.kind === 'refused') return;
          const analysis = await analyzed(text);
          analysis.statements.forEach((statement, index) => {
            const tree = JSON.stringify(parsed.statements[index]!.tree);
            const named = new Set([...tree.matchAll(/"relname":"(\w+)","inh"/g)].map(([, name]) => name!));
            const inner = statement.effects.flatMap((effect) =>
              effect.kind === 'prepare' || effect.kind === 'declare-cursor' ? [effect.statement] : [],
            );
            const facts = [statement, ...inner].map((each) => each.facts.accesses);
            if (facts.some((accesses) => !accesses.known)) return;
            const seen = new Set(
              facts
                .flatMap((accesses) => (accesses.known ? accesses.value : []))
                .map(({ object }) => (object.known ? object.value.path.at(-1) : '?')),
            );
            for (const name of named) {
              const isCte = ['x', 'a', 'j'].includes(name);
              if (!isCte && !seen.has('?')) expect(seen).toContain(name);
            }
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
