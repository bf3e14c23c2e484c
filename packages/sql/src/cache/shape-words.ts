/**
 * The words that decide where a literal may be taken out of a text; see statement-shape.ts.
 *
 * A word is recognised by a hash of its letters, whatever their case, and then compared, so that reading a text
 * makes no strings.
 */
export const WORD = {
  /** Any other word: the name of something. */
  name: 0,
  /** A keyword without a part here, which is no column. */
  other: 1,
  /** SELECT: what follows is a list of outputs. */
  select: 2,
  /** INSERT, UPDATE, DELETE. */
  write: 3,
  /** Conditions and assignments follow. */
  opens: 4,
  /** Something else than conditions follows: positions, limits, relations. */
  closes: 5,
  in: 6,
  values: 7,
  and: 8,
  between: 9,
  or: 10,
} as const;

export type WordKind = (typeof WORD)[keyof typeof WORD];

const KINDS: readonly (readonly [WordKind, string])[] = [
  [WORD.select, 'select'],
  [WORD.write, 'insert update delete'],
  [WORD.opens, 'where set on having'],
  [
    WORD.closes,
    `from group order by limit offset returning window fetch union intersect except for join left right inner cross
    full natural using`,
  ],
  [WORD.in, 'in'],
  [WORD.values, 'values'],
  [WORD.and, 'and'],
  [WORD.between, 'between'],
  [WORD.or, 'or'],
  [
    WORD.other,
    `all analyse analyze any array as asc asymmetric both case cast collate current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default desc distinct div do else end escape exists
    false ilike interval into is isnull lateral leading like localtime localtimestamp not notnull null only over
    overlaps placing regexp rlike row session_user similar some symmetric table then to trailing true unique user
    variadic when with xor`,
  ],
];

interface Entry {
  readonly word: string;
  readonly kind: WordKind;
}

/** Which word stands at `start`; `hash` is that of `hashLetter` over all its characters. */
export function wordKind(text: string, start: number, end: number, hash: number): WordKind {
  const entry = ENTRIES.get(hash);
  if (entry === undefined || entry.word.length !== end - start) return WORD.name;
  for (let i = 0; i < entry.word.length; i += 1) {
    if (lower(text.charCodeAt(start + i)) !== entry.word.charCodeAt(i)) return WORD.name;
  }
  return entry.kind;
}

export function hashLetter(hash: number, code: number): number {
  return (Math.imul(hash, 31) + lower(code)) | 0;
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

const ENTRIES: ReadonlyMap<number, Entry> = new Map(
  KINDS.flatMap(([kind, words]) =>
    words
      .trim()
      .split(/\s+/)
      .map((word) => [hashOf(word), { word, kind }] as const),
  ),
);

function hashOf(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i += 1) hash = hashLetter(hash, word.charCodeAt(i));
  return hash;
}
