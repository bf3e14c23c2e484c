import type { AnalyzedStatement } from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import { TYPE } from '../messages/column-type.ts';
import { areTexts, withoutGuesses } from './guesses.ts';
import { unknownStatement } from './own-facts.ts';
import type { PreparedStatement } from './statement-table.ts';
import type { TextFacts } from './text-facts.ts';

const prepared = (parameters: number, types: readonly number[] | null) =>
  ({
    parameters,
    types: types?.map((type) => ({ type, unsigned: false })) ?? null,
  }) as unknown as PreparedStatement;

describe('the parameters of an execution', () => {
  it.each<[string, number, readonly number[] | null, boolean]>([
    ['none at all', 0, null, true],
    ['texts', 2, [TYPE.varString, TYPE.string], true],
    ['a text and NULL', 2, [TYPE.varchar, TYPE.null], true],
    ['a number behind a text', 2, [TYPE.varString, TYPE.double], false],
    ['a date', 1, [TYPE.datetime], false],
    ['bytes', 1, [TYPE.blob], false],
    ['types that nobody told', 1, null, false],
    ['fewer types than parameters', 2, [TYPE.varString], false],
    ['a query attribute that is a number', 1, [TYPE.varString, TYPE.long], false],
  ])('are texts or not: %s', (_what, parameters, types, expected) => {
    expect(areTexts(prepared(parameters, types))).toBe(expected);
  });
});

describe('statements without guesses', () => {
  const statement = {
    ...unknownStatement('select', 'x'),
    accesses: {
      known: true as const,
      value: [
        {
          action: 'read' as const,
          object: { known: true as const, value: { kind: 'relation' as const, path: ['shop', 'accounts'] } },
          fields: {
            known: true as const,
            value: [{ field: 'iban', use: 'filter' as const, equality: true as const }],
          },
        },
      ],
    },
  };
  const factsOf = (comparesParameters: boolean) =>
    ({
      statements: [statement, unknownStatement('select', 'not understood')],
      analyzed: [(comparesParameters ? { comparesParameters } : {}) as AnalyzedStatement],
    }) as unknown as TextFacts;

  it('filter where they compared with a parameter, and what is unknown stays unknown', () => {
    const [first, second] = withoutGuesses(factsOf(true));
    expect(first?.accesses).toMatchObject({
      value: [{ fields: { value: [{ field: 'iban', use: 'filter' }] } }],
    });
    expect(JSON.stringify(first)).not.toContain('equality');
    expect(second?.accesses.known).toBe(false);
  });

  it('are the very same where only literals were compared', () => {
    const facts = factsOf(false);
    expect(withoutGuesses(facts)).toBe(facts.statements);
  });
});
