import { expect, test } from 'vitest';
import { createCard, createIban, createPerson } from './people.ts';
import { createRandom } from './random.ts';

test('gives the same sequence for the same seed, and another for another', () => {
  const sequence = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => random.between(0, 1_000_000));
  };
  expect(sequence(1)).toEqual(sequence(1));
  expect(sequence(1)).not.toEqual(sequence(2));
  expect(sequence(1).slice(0, 3)).toMatchInlineSnapshot(`
    [
      146276,
      49493,
      437465,
    ]
  `);
});

test('spreads evenly over the whole range, both ends included', () => {
  const random = createRandom(7);
  const seen = new Map<number, number>();
  for (let round = 0; round < 6_000; round++) {
    const value = random.between(1, 6);
    seen.set(value, (seen.get(value) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('makes card numbers that pass the Luhn check', () => {
  const random = createRandom(3);
  for (let round = 0; round < 200; round++) {
    const digits = [...createCard(random).number].map(Number).reverse();
    const sum = digits.reduce((total, digit, index) => {
      const value = index % 2 === 1 ? digit * 2 : digit;
      return total + (value > 9 ? value - 9 : value);
    }, 0);
    expect(sum % 10).toBe(0);
  }
});

test('makes IBANs whose check digits are right', () => {
  const random = createRandom(4);
  for (let round = 0; round < 200; round++) {
    const iban = createIban(random);
    expect(iban).toMatch(/^DE\d{20}$/);
    const moved = `${iban.slice(4)}1314${iban.slice(2, 4)}`;
    expect(BigInt(moved) % 97n).toBe(1n);
  }
});

test('makes mail addresses of plain letters that differ from person to person', () => {
  const random = createRandom(5);
  const mails = Array.from({ length: 2_000 }, (_, index) => createPerson(random, index).email);
  expect(new Set(mails).size).toBe(2_000);
  for (const mail of mails) expect(mail).toMatch(/^[a-z]+\.[a-z]+\d+@(\w+\.)?example\.(com|org|net)$/);
});
