import { createMasker } from '@gatehouse/masking';
import { type FieldMask, known, type OutputColumn } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { unknownFacts } from '../classify/pending-message.ts';
import { createMaskPlan } from './mask-plan.ts';

const JSONB = 3802;
const OBJECT = { kind: 'relation', path: ['public', 'people'] } as const;

function maskOf(field: string): FieldMask {
  return { object: OBJECT, field, masker: { kind: 'redact' }, rule: { policy: 'p', rule: 'r' } };
}

/** What is planned for an output that carries the field. */
function planned(kind: OutputColumn['kind'], field: string, masks: readonly FieldMask[]): string {
  const sources = known([{ object: OBJECT, field }]);
  const plan = createMaskPlan({
    columns: [{ name: 'c', tableOid: 0, attnum: 0, typeOid: JSONB, typeModifier: -1, format: 0 }],
    masks,
    statement: { ...unknownFacts('select', 'test'), output: known([{ name: 'c', kind, sources }]) },
    catalog: null,
    maskerOf: (spec) => createMasker(spec, { key: Buffer.alloc(32) }),
  });
  const [masking] = plan!;
  return masking === null || masking === undefined
    ? 'as is'
    : masking.kind === 'computed'
      ? 'computed'
      : String(masking.bytes);
}

describe('the plan for a column into which a masked path leads', () => {
  it.each([
    ['value', 'profile', ['profile.email']],
    ['value', 'Profile', ['profile.email']],
    ['value', 'profile', ['PROFILE.address.city']],
    ['value', 'profile', ['profile', 'profile.email']],
    ['derived', 'profile', ['profile.email']],
  ] as const)('lets nothing of it leave: %s of %s under %s', (kind, field, masks) => {
    expect(planned(kind, field, masks.map(maskOf))).toBe('null');
  });

  it('masks names whatever their case', () => {
    expect(planned('value', 'email', [maskOf('Email')])).toBe('"***"');
  });

  it('leaves columns with a longer name alone', () => {
    expect(planned('value', 'profile', [maskOf('profile_2.email'), maskOf('prof.ile')])).toBe('as is');
  });
});
