import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, decide, LABELS, policyOf } from '../testkit/policy-fixture.ts';

const mask = (rest: string, name = 'm') =>
  `{ name: ${name}, effect: mask, mask: { labels: { pii.*: hash } }${rest} }`;
const read = (fields: string) =>
  `{ access: [{ action: read, object: public.customers, fields: ${fields} }] }`;

/** What is decided, and the counted guesses as `field guesses/perHour`. */
function outcomeOf(
  rules: readonly string[],
  statement: string | readonly string[],
  principal = 'ana',
): string {
  const { reason, obligations } = decide(policyOf([ALLOW_ALL, ...rules], LABELS), statement, { principal });
  const probes = (obligations.probes ?? []).map(
    ({ field, guesses, perHour }) => `${field} ${guesses}/${perHour}`,
  );
  return [reason.code, ...probes].join(', ');
}

describe('a comparison of a masked column with a constant', () => {
  it('is allowed and counted unless the mask says something else', () => {
    expect(outcomeOf([mask('')], read('["email:equality"]'))).toBe('permitted, email 1/100');
    expect(outcomeOf([mask(', probesPerHour: 7')], read('["email:equality"]'))).toBe('permitted, email 1/7');
    expect(outcomeOf([mask(', allowUses: []')], read('["email:equality"]'))).toBe('masked-use');
    expect(outcomeOf([mask(', allowUses: [sort]')], read('["email:equality"]'))).toBe('masked-use');
  });
  it('is not counted where every filter is allowed, or nothing is masked', () => {
    expect(outcomeOf([mask(', allowUses: [filter]')], read('["email:equality"]'))).toBe('permitted');
    expect(outcomeOf([mask('')], read('["id:equality"]'))).toBe('permitted');
  });
  it('does not make other filters allowed', () => {
    expect(outcomeOf([mask('')], read('["email:filter"]'))).toBe('masked-use');
    expect(outcomeOf([mask('')], read('["email:equality", "phone:filter"]'))).toBe('masked-use');
  });
  it('must be allowed by every mask, and the smallest number holds', () => {
    const a = mask(', probesPerHour: 9', 'a');
    expect(outcomeOf([a, mask(', probesPerHour: 5', 'b')], read('["email:equality"]'))).toBe(
      'permitted, email 1/5',
    );
    expect(outcomeOf([a, mask(', allowUses: []', 'b')], read('["email:equality"]'))).toBe('masked-use');
    expect(outcomeOf([a, mask(', allowUses: [filter]', 'b')], read('["email:equality"]'))).toBe(
      'permitted, email 1/9',
    );
  });
  it('adds up over the accesses of a statement and over the statements of a request', () => {
    const both =
      '{ access: [{ action: read, object: public.customers, fields: ["email:equality"] }, { action: delete, object: public.customers, fields: ["email:equality", "phone:equality"] }], output: [] }';
    expect(outcomeOf([mask('')], both)).toBe('permitted, email 2/100, phone 1/100');
    expect(outcomeOf([mask('')], [read('["email:equality"]'), read('["email:equality"]')])).toBe(
      'permitted, email 1/100, email 1/100',
    );
  });
  it('is counted for an agent whose person is masked', () => {
    const rule = mask(', unless: { principals: { kinds: [agent] } }, probesPerHour: 4');
    expect(outcomeOf([rule], read('["email:equality"]'), 'bot')).toBe('permitted, email 1/4');
  });
  it('counts as a filter for every other rule', () => {
    const deny = '{ name: d, effect: deny, match: { objects: [public.customers], uses: [filter] } }';
    expect(outcomeOf([mask(''), deny], read('["email:equality"]'))).toBe('denied-by-rule');
  });
});
