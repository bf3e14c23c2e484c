/**
 * A database in which names mean something else than they seem to: every kind of relation that Postgres has, the same
 * names again and again, and columns that are not where they look.
 *
 * Nothing has an index and nothing a sequence: the same rows put in in the same order are read in the same order.
 */
export const NASTY_SEARCH_PATH = '"Odd One", two, public';

export const NASTY_SCHEMA = `
  create schema "Odd One"; create schema two;
  create type two.pair as (a int, b text);
  create domain two.word as text;

  -- One name in three schemas, and a table that only the last one has.
  create table "Odd One".t (a int, b text, c text);
  create table two.t (a int, b text, c text, d int);
  create table public.t (a int, b text);
  create table public.hidden (a int, b text, hidden text);
  create table public.excluded (a int, old text, "new" text);

  -- Keywords, capital letters, blanks, quotes, and names of functions and system columns.
  create table two."select" ("from" int, "where" text, "order" text, a int);
  create table "Odd One"."MiXeD ""q"".x" ("A" int, a int, "b " text, "B" text);
  create table public.like_system (oid int, "CTID" text, "user" text, "row" text, count int, lower text);

  -- Attribute numbers that are not positions.
  create table public.gaps (gone int, a int, gone2 text, b text, c text);
  alter table public.gaps drop column gone, drop column gone2;

  create table public.parts (k int, a int, b text, c text) partition by range (k);
  create table public.parts_1 partition of public.parts for values from (0) to (100);
  create table public.parts_2 (junk int, c text, b text, a int, k int) ;
  alter table public.parts_2 drop column junk;
  alter table public.parts attach partition public.parts_2 for values from (100) to (200);

  create table two.parent (a int, b text);
  create table two.child (extra text) inherits (two.parent);
  create table two.grandchild (b text, more int) inherits (two.child);

  create table two.made (a int, b text, g text generated always as (b || '!') stored,
    v int generated always as (a + 1) virtual);
  create table two.rich (a int, p two.pair, ps two.pair[], n int[], tags text[], doc jsonb, w two.word, flag bool);

  create view two.swapped as select a as d, b as c, c as b, d as a from two.t;
  create view public.over_view (x, y, z) as select s.b, t.b, s.d from two.swapped s join "Odd One".t t on t.a = s.d;
  create view public.starred as select * from two.child;
  alter view public.starred rename column b to renamed;
  create view public.summed as select c, count(*) as n, max(b) as top from two.t group by c;
  create view public.either as select a, b from two.parent union select a, c from public.parts;
  create view public.shadowing as with t as (select a as b, "where" as a from two."select") select * from t;
  create view public.ranked as select a, b, rank() over (order by c) as place from public.gaps where a > 0;
  create view public.rows_of as select t as whole, (select h.b from public.hidden h where h.a = t.a limit 1) as b from two.t t;
  create view public.of_rich as select a, (p).b as b, n[1] as first, doc ->> 'k' as k, w from two.rich;
  create view public.of_made as select a as b, g as a, v from two.made;
  create materialized view two.kept as select a, upper(b) as b, c from two.t;
  create view public.of_kept as select b as a, c as b from two.kept;
  -- The stored definitions follow; the texts of others do not.
  alter table public.gaps rename column c to sea;
`;

/** The rows of every table; the key of `parts` decides the partition. */
export const NASTY_ROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  '"Odd One".t(a, b, c)': [
    ['1', `'alpha'`, `'x'`],
    ['2', `'beta'`, `'y'`],
    ['3', `'gamma'`, 'null'],
  ],
  'two.t(a, b, c, d)': [
    ['1', `'delta'`, `'x'`, '1'],
    ['2', `'eps'`, `'y'`, '2'],
    ['4', `'zeta'`, `'x'`, '3'],
  ],
  'public.t(a, b)': [
    ['1', `'eta'`],
    ['2', `'theta'`],
  ],
  'public.hidden(a, b, hidden)': [
    ['1', `'iota'`, `'s1'`],
    ['2', `'kappa'`, `'s2'`],
    ['3', `'x'`, `'s3'`],
  ],
  'public.excluded(a, old, "new")': [
    ['1', `'o1'`, `'n1'`],
    ['2', `'o2'`, `'n2'`],
  ],
  'two."select"("from", "where", "order", a)': [
    ['1', `'w1'`, `'x'`, '1'],
    ['2', `'w2'`, `'y'`, '3'],
  ],
  '"Odd One"."MiXeD ""q"".x"("A", a, "b ", "B")': [
    ['1', '2', `'m1'`, `'M1'`],
    ['2', '1', `'m2'`, `'M2'`],
  ],
  'public.like_system(oid, "CTID", "user", "row", count, lower)': [
    ['1', `'c1'`, `'u1'`, `'r1'`, '1', `'l1'`],
    ['2', `'c2'`, `'u2'`, `'r2'`, '2', `'l2'`],
  ],
  'public.gaps(a, b, sea)': [
    ['1', `'g1'`, `'x'`],
    ['2', `'g2'`, `'z'`],
    ['3', `'g3'`, `'y'`],
  ],
  'public.parts(k, a, b, c)': [
    ['10', '1', `'p1'`, `'x'`],
    ['20', '2', `'p2'`, `'y'`],
    ['110', '3', `'p3'`, `'x'`],
  ],
  'two.parent(a, b)': [
    ['1', `'par'`],
    ['2', `'x'`],
  ],
  'two.child(a, b, extra)': [
    ['1', `'chi'`, `'e1'`],
    ['3', `'y'`, `'e2'`],
  ],
  'two.grandchild(a, b, extra, more)': [['2', `'gra'`, `'e3'`, '7']],
  'two.made(a, b)': [
    ['1', `'k1'`],
    ['2', `'k2'`],
  ],
  'two.rich(a, p, ps, n, tags, doc, w, flag)': [
    [
      '1',
      `row(1, 'x')`,
      `array[row(1, 'q')]::two.pair[]`,
      'array[1, 2]',
      `array['x', 'v']`,
      `'{"k": "x", "o": {"a": [1, 2]}, "a": 1}'`,
      `'wa'`,
      'true',
    ],
    [
      '2',
      `row(2, 'y')`,
      `array[row(2, 'r'), row(3, 's')]::two.pair[]`,
      'array[3]',
      `array['y']`,
      `'{"k": "y", "o": {"a": [3]}, "a": 2}'`,
      `'wb'`,
      'false',
    ],
  ],
};

export const NASTY_MATERIALIZED = 'two.kept';
