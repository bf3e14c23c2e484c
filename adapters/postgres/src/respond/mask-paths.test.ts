import { createMasker } from '@gatehouse/masking';
import { type FieldMask, known, type OutputColumn } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { unknownFacts } from '../classify/pending-message.ts';
import { MaskOutput } from './mask-output.ts';
import { createMaskPlan } from './mask-plan.ts';
import { writeMasked } from './masked-value.ts';

const TEXT = 25;
const JSON_TYPE = 114;
const JSONB = 3802;
const OBJECT = { kind: 'relation', path: ['public', 'people'] } as const;
const VALUE = '{"email": "ana", "id": 7}';

function maskOf(field: string, kind: 'redact' | 'zero' = 'redact'): FieldMask {
  return { object: OBJECT, field, masker: { kind }, rule: { policy: 'p', rule: 'r' } };
}

/** What an output that carries the field leaves as. */
function masked(
  kind: OutputColumn['kind'],
  field: string,
  masks: readonly FieldMask[],
  typeOid = JSONB,
  format: 0 | 1 = 0,
): string | null {
  const sources = known([{ object: OBJECT, field }]);
  const plan = createMaskPlan({
    columns: [{ name: 'c', tableOid: 0, attnum: 0, typeOid, typeModifier: -1, format }],
    masks,
    statement: { ...unknownFacts('select', 'test'), output: known([{ name: 'c', kind, sources }]) },
    catalog: null,
    maskerOf: (spec) => createMasker(spec, { key: Buffer.alloc(32) }),
  });
  const [masking] = plan!;
  const source = Buffer.from(typeOid === JSONB && format === 1 ? `\x01${VALUE}` : VALUE);
  if (masking === null || masking === undefined) return source.toString();
  const out = new MaskOutput();
  out.begin();
  return writeMasked(masking, source, 0, source.length, out) ? out.bytes.toString('utf8', 0, out.at) : null;
}

const MASKED = '{"email": "***", "id": 7}';

describe('a column into which a masked path leads', () => {
  it.each([
    [JSONB, 0, MASKED],
    [JSONB, 1, `\x01${MASKED}`],
    [JSON_TYPE, 0, MASKED],
    [JSON_TYPE, 1, MASKED],
  ] as const)('is masked there (type %i, format %i)', (type, format, expected) => {
    expect(masked('value', 'profile', [maskOf('profile.email')], type, format)).toBe(expected);
  });

  it('is masked whatever the case of its names', () => {
    expect(masked('value', 'Profile', [maskOf('PROFILE.Email')])).toBe(MASKED);
    expect(masked('value', 'email', [maskOf('Email')])).toBe('"***"');
  });

  it('is masked by several paths at once', () => {
    expect(masked('value', 'profile', [maskOf('profile.email'), maskOf('profile.id', 'zero')])).toBe(
      '{"email": "***", "id": 0}',
    );
  });

  it.each([
    ['it is computed with', 'derived', [maskOf('profile.email')], JSONB],
    ['it is no JSON', 'value', [maskOf('profile.email')], TEXT],
    ['the whole of it is masked too', 'value', [maskOf('profile'), maskOf('profile.email')], JSONB],
  ] as const)('leaves as NULL where %s', (_when, kind, masks, type) => {
    expect(masked(kind, 'profile', masks, type)).toBeNull();
  });

  it('leaves as it is where the path leads into another one', () => {
    expect(masked('value', 'profile', [maskOf('profile_2.email'), maskOf('prof.ile')])).toBe(VALUE);
  });
});
