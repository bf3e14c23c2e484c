import type { MaskerSpec } from '@gatehouse/model';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stricterMasker } from './masker-strength.ts';

it('prefers what reveals nothing to what reveals equality or a part', () => {
  expect(stricterMasker({ kind: 'partial', keepFirst: 1, keepLast: 1 }, { kind: 'hash' })).toEqual({
    kind: 'hash',
  });
  expect(stricterMasker({ kind: 'null' }, { kind: 'redact' })).toEqual({ kind: 'null' });
  expect(stricterMasker({ kind: 'round', step: 10 }, { kind: 'round', step: 100 })).toEqual({
    kind: 'round',
    step: 100,
  });
});

it('keeps of two parts only what both keep', () => {
  const first: MaskerSpec = { kind: 'partial', keepFirst: 4, keepLast: 0 };
  expect(stricterMasker(first, { kind: 'partial', keepFirst: 0, keepLast: 4 })).toEqual({
    kind: 'partial',
    keepFirst: 0,
    keepLast: 0,
  });
});

const masker = fc.oneof(
  fc.constantFrom<MaskerSpec>(
    { kind: 'null' },
    { kind: 'redact' },
    { kind: 'hash' },
    { kind: 'token' },
    { kind: 'year' },
    { kind: 'zero' },
  ),
  fc.record({ kind: fc.constant('partial' as const), keepFirst: fc.nat(5), keepLast: fc.nat(5) }),
  fc.record({ kind: fc.constant('round' as const), step: fc.integer({ min: 1, max: 9 }) }),
);

it('does not depend on the order in which rules are read', () => {
  fc.assert(
    fc.property(masker, masker, (a, b) => {
      expect(stricterMasker(a, b)).toEqual(stricterMasker(b, a));
    }),
  );
});
