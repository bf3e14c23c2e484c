import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShapeReader, type ShapeDialect } from './statement-shape.ts';

/**
 * What never uses the shape cache.
 *
 * A literal is taken out only where all of this holds; otherwise it stays in the key as written:
 * 1. it is a string in plain quotes, or digits with at most a point and digits, of 15 digits at most;
 * 2. it stands in conditions or assignments (WHERE, SET, ON, HAVING) directly behind `name =`, `<>`, `!=`, `<`, `>`,
 *    `<=` or `>=`, behind `name BETWEEN` and its AND, or behind `= name +` or `= name -`; or it is an item of
 *    `IN (…)` or of a row of VALUES; perhaps with one minus before it;
 * 3. what follows is a comma, a closing parenthesis, the end, AND, OR, or the next clause: no operator, no cast, no
 *    COLLATE, no second string;
 * 4. it is not inside the parentheses of a call, however deep.
 * So positions (ORDER BY 1), limits, counts, patterns (LIKE '%'), comparisons of constants (1 = 1), arguments
 * (nextval('x')), casts ('x'::regclass), typed literals (date '…', interval '…') and outputs stay, and what they decide
 * is decided by what is written. Whether a string is empty, and which of the server's types a number gets by its size, is
 * part of the key; so are NULL, TRUE, the number of items, white space and the case of words.
 *
 * A text has no shape at all if anything in it may be cut into tokens differently by a server, a version or a setting:
 * comments of any kind, backslashes, dollar quotes, prefixed strings (E'', B'', X'', N'', U&'', _utf8''), variables,
 * double quotes in MySQL, backticks in Postgres, control characters, half surrogate pairs, letters beyond ASCII outside
 * of strings, numbers in other forms (1e10, 0x10, 1_000, .5, 1., 1a), a semicolon before the end; and if it does not begin with SELECT,
 * INSERT, UPDATE or DELETE, which leaves out every statement of another kind.
 */
function keyOf(text: string, dialect: ShapeDialect = 'postgres'): string | null {
  return createShapeReader(dialect)(text)?.key.replaceAll('\0', '¿') ?? null;
}

describe('what is taken out', () => {
  it.each([
    ['select a from t where id = 5', 'select a from t where id = ¿i'],
    ["select a from t where name = 'x'", 'select a from t where name = ¿s'],
    ["select a from t where name = ''", 'select a from t where name = ¿e'],
    ["select a from t where name = 'it''s -- /* $$ \u{1f600} é'", 'select a from t where name = ¿s'],
    ["select a from t where name = ''''", 'select a from t where name = ¿s'],
    ['select a from t where id = 2147483647', 'select a from t where id = ¿i'],
    ['select a from t where id = 2147483648', 'select a from t where id = ¿l'],
    ['select a from t where id = 123456789012345', 'select a from t where id = ¿l'],
    ['select a from t where x = 1.50', 'select a from t where x = ¿d'],
    ['select a from t where x = -5 and y <> - 6', 'select a from t where x = -¿i and y <> - ¿i'],
    [
      'SELECT a FROM t WHERE t.x>=5 OR "x y"<6 ORDER BY 1 LIMIT 2',
      'SELECT a FROM t WHERE t.x>=¿i OR "x y"<¿i ORDER BY 1 LIMIT 2',
    ],
    ['select a from t where (x = 1 or (y != 2))', 'select a from t where (x = ¿i or (y != ¿i))'],
    [
      'select a from t where x between 1 and 2 and y = 3',
      'select a from t where x between ¿i and ¿i and y = ¿i',
    ],
    [
      "select a from t where x not in (1, -2, 'a', null)",
      'select a from t where x not in (¿i, -¿i, ¿s, null)',
    ],
    ['select a from t join u on t.x = 5 where u.y = 6', 'select a from t join u on t.x = ¿i where u.y = ¿i'],
    ['select count(*) from t group by a having a > 5', 'select count(*) from t group by a having a > ¿i'],
    ["insert into t (a, b) values (1, 'x'), (2, now())", 'insert into t (a, b) values (¿i, ¿s), (¿i, now())'],
    [
      "update t set a = 1, b = 'x' where c = 2 returning 3",
      'update t set a = ¿i, b = ¿s where c = ¿i returning 3',
    ],
    ['update t set a = a + 7 where c = 2', 'update t set a = a + ¿i where c = ¿i'],
    ['update t set a = a + -7 where c = 2', 'update t set a = a + -¿i where c = ¿i'],
    ['delete from t where a = 1;', 'delete from t where a = ¿i;'],
    ['select a from t where x = $1 and y = 2', 'select a from t where x = $1 and y = ¿i'],
    [
      'select a from t where exists (select 1 from u where b = 2 limit 3)',
      'select a from t where exists (select 1 from u where b = ¿i limit 3)',
    ],
  ])('reads `%s`', (text, key) => {
    expect(keyOf(text)).toBe(key);
  });

  it('reads names and parameters of MySQL', () => {
    expect(keyOf('select `a` from `t` where `id` = 5 and b = ?', 'mysql')).toBe(
      'select `a` from `t` where `id` = ¿i and b = ?',
    );
  });

  it('says where the statement stands', () => {
    expect(createShapeReader('postgres')('\n  select a from t where id = 5 ; \n')).toMatchObject({
      start: 3,
      end: 31,
    });
    expect(createShapeReader('postgres')('select a from t where id = 5')).toMatchObject({
      start: 0,
      end: 28,
    });
  });

  it('keeps nothing from one text to the next', () => {
    const read = createShapeReader('postgres');
    read('select a from t where x = (((((');
    read("select a from t where x in (1, 'open");
    expect(read('select 5')).toBeNull();
    expect(read('select a from t where x = 5')?.key).toBe('select a from t where x = \0i');
  });
});

describe('what stays', () => {
  it.each([
    ['a position to sort by', 'order by 1'],
    ['a negative position', 'order by -1'],
    ['a position to group by', 'group by 1, 2'],
    ['a limit', 'limit 10'],
    ['an offset', 'offset 10'],
    ['a signed limit', 'limit + 10'],
    ['a count of rows', 'fetch first 10 rows only'],
    ['a comparison of constants', 'and 1 = 1'],
    ['a comparison of texts', "and 'a' = 'a'"],
    ['a comparison with a keyword', 'and true = 1'],
    ['a pattern', "and b like '%'"],
    ['a pattern of an operator', "and b ~ '.'"],
    ['a contained document', "and b @> '{}'"],
    ['a negated comparison', 'and not 1'],
    ['the right of a computed side', 'and a + 1 = 2'],
    ['what a literal is cast to', "and b = 'x'::regclass"],
    ['a typed literal', "and b = date '2020-01-01'"],
    ['an interval', "and b > interval '1 day'"],
    ['a literal that goes on', 'and b = 5 + 6'],
    ['a joined text', "and b = 'x' || c"],
    ['a collated text', `and b = 'x' collate "C"`],
    ['a text that goes on in the next line', "and b = 'x'\n'y'"],
    ['an argument', "and b = f('x')"],
    ['a comparison in an argument', "and b = f(c = 'x')"],
    ['a query in an argument', "and b = f((select d from u where c = 'x'))"],
    ['a list in an argument', 'and f(b in (1, 2))'],
    ['the name of an object', "and b = nextval('x')"],
    ['a limit in a list', 'and b in (select c from u limit 5)'],
    ['positions in a list', 'and b in (select c from u order by 1, 2)'],
    ['positions behind rows in a list', 'and b in (values (c), (d) order by 1, 2)'],
    ['a table in a list', 'and b in (table u limit 1)'],
    ['an output in a list', 'and b in (select 5, 6)'],
    ['a nested row of a list', 'and (b, c) in ((1, 2))'],
    ['an output of another arm', 'union select 5'],
    ['a condition that is an output', 'union select b = 5 from t'],
    ['an index', 'and c[1] is null'],
    ['an argument with a name', "and f(a => 5, b := 'x')"],
    ['a number with too many digits', 'and b = 1234567890123456'],
    ['a number that begins with zeros', 'and b = 007'],
  ])('keeps %s', (_, rest) => {
    expect(keyOf(`select a from t where c = 7 ${rest}`)).toBe(`select a from t where c = ¿i ${rest}`);
  });

  it.each([
    'select 5',
    "select nextval('x')",
    'select a from t order by 1',
    'select a from t where 1 = 1',
    'select a from t',
  ])('gives `%s` no shape, because nothing is taken out', (text) => {
    expect(keyOf(text)).toBeNull();
  });
});

describe('what has no shape', () => {
  const withLiteral = (rest: string) => `select a from t where b = 5 and ${rest}`;

  it.each([
    ['an escape string', "c = E'x'"],
    ['a bit string', "c = B'01'"],
    ['a hexadecimal string', "c = x'41'"],
    ['a national string', "c = N'x'"],
    ['a Unicode string', "c = U&'x'"],
    ['a Unicode name', 'U&"c" = 1'],
    ['a string with a character set', "c = _utf8'x'"],
    ['a dollar quote', 'c = $$x$$'],
    ['a dollar quote with a tag', 'c = $a$x$a$'],
    ['a backslash in a string', "c = 'x\\'"],
    ['a backslash elsewhere', 'c \\ d'],
    ['a comment', 'c = 1 -- x'],
    ['a comment in the middle', 'c /* x */ = 1'],
    ['an executable comment', 'c = 1 /*! or 1 */'],
    ['an exponent', 'c = 1e10'],
    ['a hexadecimal number', 'c = 0x10'],
    ['digits with underscores', 'c = 1_000'],
    ['a number close to a name', 'c = 1a'],
    ['a number that begins with its point', 'c = .5'],
    ['a number that ends with its point', 'c = 1.'],
    ['two points', 'c = 1..2'],
    ['a string close to a word', "c = 'x'or d = 1"],
    ['a name with a dollar', 'c$d = 1'],
    ['a parameter close to a name', 'c = $1a'],
    ['letters beyond ASCII', 'é = 1'],
    ['a space that is none', 'c\u00a0= 1'],
    ['a vertical tab', 'c\v= 1'],
    ['a control character in a string', "c = 'x\u0001'"],
    ['a NUL in a string', "c = 'x\0'"],
    ['half a surrogate pair', "c = 'x\ud800'"],
    ['the other half', "c = '\udc00x'"],
    ['an open string', "c = 'x"],
    ['an open name', 'c = "x'],
    ['an open parenthesis', '(c = 1'],
    ['a parenthesis too many', 'c = 1)'],
    ['a second statement', 'c = 1; select 1'],
    ['an empty statement behind it', 'c = 1;;'],
    ['a brace', 'c = {d 1}'],
  ])('has none with %s', (_, rest) => {
    expect(keyOf(withLiteral(rest))).toBeNull();
    expect(keyOf(withLiteral(rest), 'mysql')).toBeNull();
  });

  it('has none with what begins a string, a comment or a variable in the dialect', () => {
    expect(keyOf(withLiteral('`c` = 1'))).toBeNull();
    for (const rest of ['c = "x"', 'c = @x', 'c = @@sql_mode', 'c = 1 # x', 'c = $1'])
      expect(keyOf(withLiteral(rest), 'mysql')).toBeNull();
  });

  it.each([
    "set a = 'x'",
    "show x where a = 'x'",
    'explain select a from t where b = 5',
    "execute p ('x')",
    "copy (select a from t where b = 5) to 'x'",
    "call f('x')",
    'values (1), (2)',
    'table t',
    'with x as (select 1) select a from t where b = 5',
    "alter role x set a = 'x'",
    'declare c cursor for select a from t where b = 5',
    '(select a from t where b = 5)',
    '; select a from t where b = 5',
  ])('has none in `%s`', (text) => {
    expect(keyOf(text)).toBeNull();
  });

  it('has none where parentheses go deep', () => {
    const nested = (depth: number) => `select a from t where ${'('.repeat(depth)}b = 5${')'.repeat(depth)}`;
    expect(keyOf(nested(32))).not.toBeNull();
    expect(keyOf(nested(33))).toBeNull();
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...`select insert update delete where set on values in and or between from order by limit a b = <> < + - ( ) , ; ' '' " $ . 5 0 1.5 'x' 'it''s' E'x' -- /* */ \\ \0 é [ ] :: $1`.split(
      ' ',
    ),
    ' ',
    '\n',
  );

  it('gives texts with one shape only when they are the same outside of literals', () => {
    const read = createShapeReader('postgres');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const text = `select a from t where b = 5 ${parts.join(' ')}`;
        const shape = read(text);
        if (shape === null) return;
        // Put back, any literal of the same kind gives the same shape again.
        let turn = 0;
        const values: Record<string, readonly string[]> = {
          s: ["'x'", "'--'", "'/*'", "''''", "'\u{1f600}'", "' or 1 = 1; drop table t'", "'%'"],
          e: ["''"],
          i: ['0', '1', '2147483647', '42'],
          l: ['2147483648', '99999999999'],
          d: ['0.0', '1.5', '12345.67890'],
        };
        const other = shape.key.replace(/\0([a-z])/g, (_, kind: string) => {
          const choices = values[kind]!;
          turn += 1;
          return choices[turn % choices.length]!;
        });
        expect(read(other)?.key).toBe(shape.key);
      }),
      { numRuns: 3_000 },
    );
  });
});
