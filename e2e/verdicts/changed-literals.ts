/** Texts with other literals, and texts that are broken a little, for comparing kept answers with fresh ones. */

/** Literals that somebody would choose to be taken for something else. */
const STRINGS = [
  ...[
    "''",
    "' '",
    "'x'",
    "'it''s'",
    "''''",
    "''''''",
    "'--'",
    "'/*'",
    "'*/'",
    "'/*!50000 or 1 */'",
    "'#'",
    "'$$'",
    "'%'",
  ],
  ...[
    "'; drop table customers; --'",
    "' or 1 = 1 --'",
    "'é'",
    "'\u{1f600}'",
    "'\u202e'",
    "'\n'",
    "'`'",
    `'"'`,
    "'?'",
    "'$1'",
  ],
  ...[
    "'true'",
    "'null'",
    "'0'",
    "'1'",
    "'{}'",
    "'[]'",
    "'customers'",
    "'pg_authid'",
    "'2020-01-01'",
    `'${'x'.repeat(300)}'`,
  ],
  ...[
    "'\\'",
    "E'\\''",
    "'x' 'y'",
    "'x'\n'y'",
    "x'41'",
    "_utf8'x'",
    "N'x'",
    '"x"',
    "U&'x'",
    '$$x$$',
    "'\0'",
    "'\ud800'",
  ],
  ...["date '2020-01-01'", "'x'::regclass", "interval '1 day'"],
];
const NUMBERS = [
  ...[
    '0',
    '1',
    '2',
    '3',
    '5',
    '42',
    '007',
    '2147483647',
    '2147483648',
    '9223372036854775807',
    '9223372036854775808',
  ],
  ...[
    '123456789012345',
    '1234567890123456',
    '9'.repeat(40),
    '1.0',
    '0.5',
    '.5',
    '1.',
    '1e10',
    '1e400',
    '0x10',
    '1_000',
  ],
  ...[
    '-1',
    '- 1',
    '--1',
    '+1',
    '1a',
    '1--1',
    '(1)',
    '$1',
    '?',
    'null',
    'true',
    'false',
    'default',
    '1 + 1',
    '1e1from',
  ],
];

const LITERAL = /'(?:[^']|'')*'|(?<![\w.$])\d+(?:\.\d+)?(?![\w.])/g;

/** The text with each literal replaced, most of them by one of its kind. */
export function withOtherLiterals(text: string, random: () => number): string {
  const choose = (from: readonly string[]) => from[Math.floor(random() * from.length)]!;
  return text.replace(LITERAL, (literal) => {
    const isString = literal.startsWith("'") === random() < 0.9;
    return random() < 0.1 ? literal : choose(isString ? STRINGS : NUMBERS);
  });
}

/** The text with a piece taken out, doubled, or put elsewhere. */
export function mutated(text: string, random: () => number): string {
  const pieces = text.split(/(\s+|\b)/);
  const at = () => Math.floor(random() * pieces.length);
  for (let left = 1 + Math.floor(random() * 3); left > 0; left -= 1) {
    const choice = random();
    if (choice < 0.3) pieces.splice(at(), 1);
    else if (choice < 0.6) pieces.splice(at(), 0, pieces[at()] ?? '');
    else if (choice < 0.8) pieces[at()] = FRAGMENTS[Math.floor(random() * FRAGMENTS.length)]!;
    else pieces.splice(at(), 0, FRAGMENTS[Math.floor(random() * FRAGMENTS.length)]!);
  }
  return pieces.join('');
}

const FRAGMENTS =
  ` where and or not in between = <> < >= + - * ( ) , ; ' '' -- /* */ # order_by_1 group limit 5 'x' 1=1 values
  select from set null true like :: [ ] . $1 ? @x union returning on having case when then else end`
    .split(/\s+/)
    .map((fragment) => ` ${fragment.replaceAll('_', ' ')} `);

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
