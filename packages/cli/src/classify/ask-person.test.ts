import { describe, expect, it } from 'vitest';
import { askPerson, formatProposals } from './ask-person.ts';
import type { Proposal } from './propose-labels.ts';

const proposal = (field: string, rest: Partial<Proposal> = {}): Proposal => ({
  namespace: 'public',
  table: 'customers',
  field,
  label: 'pii.email',
  confidence: 0.987,
  sampled: 2,
  hits: 2,
  evidence: '2 of 2: e-mail address',
  examples: ['a…@…com'],
  stands: false,
  ...rest,
});

/** A person who gives the answers one after the other, and then is gone. */
function person(...answers: string[]) {
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return answers.shift() ?? null;
  };
  return { ask, asked };
}

const taken = async (...answers: string[]) => {
  const proposals = [proposal('a'), proposal('b'), proposal('c')];
  return (await askPerson(proposals, person(...answers).ask))?.map(({ field, label }) => `${field} ${label}`);
};

describe('a person who is asked', () => {
  it('takes and leaves labels one by one', async () => {
    expect(await taken('y', 'n', ' YES ')).toEqual(['a pii.email', 'c pii.email']);
  });

  it('puts another label in its place', async () => {
    expect(await taken('e', 'No Label!', 'contact', 'n', 'n')).toEqual(['a contact']);
  });

  it('is asked again after an answer that means nothing', async () => {
    expect(await taken('', 'maybe', 'y', 'q')).toEqual(['a pii.email']);
  });

  it('accepts nothing further by leaving', async () => {
    expect(await taken('y', 'q', 'y')).toEqual(['a pii.email']);
  });

  it('accepts nothing at all by going away', async () => {
    expect(await taken('y')).toBeUndefined();
    expect(await taken('y', 'e')).toBeUndefined();
    expect(await taken()).toBeUndefined();
  });

  it('sees column, evidence and masked examples in the question', async () => {
    const { ask, asked } = person('n');
    await askPerson([proposal('a')], ask);
    for (const part of ['1/1', 'public.customers a', '98 %', 'e-mail address', 'a…@…com', '`pii.email`'])
      expect(asked[0]).toContain(part);
  });
});

it('prints no name that a terminal would obey', () => {
  const table = formatProposals([
    proposal('\u001b[2Ja', { evidence: 'in `\u0007`: x' }),
    proposal('b', { stands: true }),
  ]);
  expect(table).not.toMatch(/(?!\n)\p{Cc}/u);
  expect(table).toContain('pii.email (stands)');
});
