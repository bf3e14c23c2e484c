import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ColumnSample, judgeColumn, type ValueType } from './judge-column.ts';

/** The same numbers in every run (Park and Miller's generator). */
function createDigits(seed: number): (count: number) => string {
  let state = seed;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state % 10;
  };
  return (count) => Array.from({ length: count }, next).join('');
}

const column = (name: string, values: readonly string[], type: ValueType = 'text', container = 'things') =>
  judgeColumn({ container, path: name.split('.'), type, values } satisfies ColumnSample);
const many = (create: (digits: (count: number) => string, index: number) => string, count = 200) => {
  const digits = createDigits(7);
  return Array.from({ length: count }, (_, index) => create(digits, index));
};
const withLuhn = (body: string): string => {
  const sum = [...body]
    .reverse()
    .map((digit, index) => Number(digit) * (index % 2 === 0 ? 2 : 1))
    .reduce((total, value) => total + (value > 9 ? value - 9 : value), 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
};

describe('values alone', () => {
  test('make a column of cards out of numbers that all pass', () => {
    const [first, ...others] = column(
      'a',
      many((digits) => withLuhn(`400000${digits(9)}`)),
    );
    expect(first).toMatchObject({ label: 'pii.card', sampled: 200, hits: 200 });
    expect(first?.confidence).toBeGreaterThan(0.95);
    expect(first?.examples).toHaveLength(3);
    expect(others).toEqual([]);
  });

  test('are less sure of three values than of two hundred', () => {
    const few =
      column(
        'a',
        many((digits) => withLuhn(`400000${digits(9)}`), 3),
      )[0]?.confidence ?? 0;
    expect(few).toBeGreaterThan(0.4);
    expect(few).toBeLessThan(0.8);
  });

  test('are found in a mixed column', () => {
    const values = many((digits, index) =>
      index % 3 === 0 ? `ana${digits(4)}@example.com` : `agent ${digits(3)}`,
    );
    expect(column('from', values)).toMatchObject([{ label: 'pii.email', hits: 67 }]);
  });

  test('name a text in which personal data stands', () => {
    const values = many(
      (digits, index) => `order ${digits(6)}${index % 5 === 0 ? ' for ana@example.com' : ' is late'}`,
    );
    expect(column('notes', values)).toMatchObject([{ label: 'pii.free-text', hits: 40 }]);
  });

  test('name a column with a few keys in it', () => {
    const keys = many((digits, index) => (index % 20 === 0 ? `sk_live_${digits(24)}` : digits(6)));
    expect(column('value', keys)).toMatchObject([{ label: 'secret', hits: 10 }]);
  });
});

const EAN = (digits: (count: number) => string) => `40${digits(11)}`;
const HARMLESS: readonly (readonly [name: string, type: ValueType, values: readonly string[]])[] = [
  ['id', 'number', many((_, index) => String(index + 1))],
  ['id', 'number', many((digits) => `4${digits(15)}`)],
  ['order_number', 'text', many((digits) => `4${digits(15)}`)],
  ['tracking_number', 'text', many((digits) => digits(16))],
  ['external_id', 'number', many((digits) => `1${digits(10)}`)],
  ['serial', 'text', many((digits) => withLuhn(`35${digits(12)}`))],
  ['ean', 'text', many(EAN)],
  ['sku', 'text', many((digits) => `SKU-${digits(5)}`)],
  ['invoice', 'text', many((digits) => `INV-2025-${digits(6)}`)],
  ['code', 'text', many((digits) => `${digits(8)}${'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[Number(digits(2)) % 26]}`)],
  ['ticket', 'text', many((digits) => `AB${digits(6)}Z`)],
  ['container_number', 'text', many((digits) => `DE${digits(20)}`)],
  ['created', 'text', many((digits) => `2025-01-1${digits(1)} 10:${digits(1)}0:00`)],
  ['day', 'date', many((digits) => `2025-01-1${digits(1)}`)],
  ['version', 'text', many((digits) => `10.0.${digits(5)}.${digits(4)}`)],
  ['price', 'number', many((digits) => `${digits(3)}.${digits(2)}`)],
  ['offset', 'text', many((digits) => `+${digits(4)}`)],
  ['delta', 'text', many((digits) => `+${digits(9)}`)],
  ['digest', 'text', many((digits) => createHash('sha256').update(digits(9)).digest('hex'))],
  ['uuid', 'text', many((digits) => `0f4c1a2e-1b2c-4d3e-8f4a-${digits(12)}`)],
  ['mac', 'text', many((digits) => `00:1b:44:11:${digits(2)}:${digits(2)}`)],
  ['color', 'text', many((digits) => `#${digits(6)}`)],
  ['package', 'text', many((digits) => `@scope/name@1.${digits(2)}`)],
  ['email_verified', 'boolean', ['true', 'false']],
  ['email_count', 'number', many((digits) => digits(2))],
  ['card_brand', 'text', ['visa', 'mastercard', 'amex']],
  ['card_count', 'number', many((digits) => digits(2))],
  ['phone_type', 'text', ['home', 'mobile']],
  ['address_id', 'number', many((digits) => digits(5))],
  ['password_changed_at', 'date', many((digits) => `2025-01-1${digits(1)}`)],
  ['token_count', 'number', many((digits) => digits(4))],
  ['name', 'text', many((digits) => `oak chair ${digits(3)}`)],
  ['city', 'text', ['London', 'Berlin', 'Paris']],
  ['status', 'text', ['new', 'paid', 'shipped']],
  ['total', 'number', many((digits) => `${digits(2)}.50`)],
  ['notes', 'text', many((digits) => `parcel ${digits(16)} is at the door`)],
  ['empty', 'text', []],
];

describe('harmless columns', () => {
  test.each(HARMLESS)('proposes nothing for %s (%s)', (name, type, values) =>
    expect(column(name, values, type)).toEqual([]),
  );
});

describe('names', () => {
  test('are believed when values fit', () => {
    expect(
      column(
        'birth_date',
        many((digits) => `19${digits(1)}1-02-03`),
        'date',
      ),
    ).toMatchObject([{ label: 'pii.birth-date', confidence: 0.9 }]);
    expect(column('full_name', ['Ada Baker', 'Jörg Weiß'])).toMatchObject([
      { label: 'pii.name', confidence: 0.85 },
    ]);
  });

  test('are believed a little less when there is nothing to look at', () => {
    const [proposal] = column('email', []);
    expect(proposal).toMatchObject({ label: 'pii.email', sampled: 0, hits: 0, examples: [] });
    expect(proposal?.confidence).toBeCloseTo(0.72);
  });

  test('are not believed against the values', () => {
    expect(
      column(
        'email',
        many((digits) => digits(4)),
      ),
    ).toEqual([]);
    expect(column('password', ['true', 'false'], 'boolean')).toEqual([]);
    expect(
      column(
        'first_name',
        many((digits) => digits(4)),
      ),
    ).toEqual([]);
  });

  test('make a match of what could be anything', () => {
    const values = many((digits) => `020 7946 ${digits(2)}${digits(4)}`);
    expect(column('phone', values)).toMatchObject([{ label: 'pii.phone', hits: 200, sampled: 200 }]);
    expect(column('reference', values)).toEqual([]);
  });

  test('and values together are surer than either', () => {
    const values = many((digits) => `ana${digits(4)}@example.com`, 5);
    const named = column('email', values)[0]?.confidence ?? 0;
    expect(named).toBeGreaterThan(column('a', values)[0]?.confidence ?? 1);
    expect(named).toBeGreaterThan(0.9);
  });
});

test('shows no value in evidence or examples', () => {
  const values = many((digits) => `ana${digits(6)}@example.com`);
  const text = JSON.stringify(column('email', values));
  for (const value of values) expect(text).not.toContain(value.slice(0, 9));
});

test('cuts values without end', () => {
  expect(column('body', ['a'.repeat(5_000_000), `${'+1 '.repeat(1_000_000)}`])).toEqual([]);
});
