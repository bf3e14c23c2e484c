import { createMasker } from '@gatehouse/masking';
import type { MaskerSpec } from '@gatehouse/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskJson } from './json-masking.ts';
import { MaskOutput } from './mask-output.ts';

const key = Buffer.alloc(32, 3);
const REDACT: MaskerSpec = { kind: 'redact' };

function mask(
  value: string | Buffer,
  paths: Readonly<Record<string, MaskerSpec>>,
  isVersioned = false,
): string | null {
  const masks = Object.entries(paths).map(([path, spec]) => ({
    path: path.split('.'),
    masker: createMasker(spec, { key }),
  }));
  const out = new MaskOutput();
  out.begin();
  const source = Buffer.concat([Buffer.from('<<'), Buffer.from(value), Buffer.from('>>')]);
  return maskJson(masks, isVersioned)(source, 2, source.length - 2, out)
    ? out.bytes.toString('utf8', 0, out.at)
    : null;
}

describe('a JSON value masked by path', () => {
  it.each([
    ['{"email": "ana", "id": 7}', 'email', '{"email": "***", "id": 7}'],
    ['{"Email":"ana"}', 'eMAIL', '{"Email":"***"}'],
    ['{"\\u0065mail":"ana"}', 'email', '{"\\u0065mail":"***"}'],
    ['{"a":{"email":"x"},"email":"y"}', 'a.email', '{"a":{"email":"***"},"email":"y"}'],
    ['{"a.email":"x","a":{"b":1}}', 'a.email', '{"a.email":"***","a":{"b":1}}'],
    ['{"email":"x","email":"y"}', 'email', '{"email":"***","email":"***"}'],
    ['[{"email":"x"},[{"email":"y"}]]', 'email', '[{"email":"***"},[{"email":"***"}]]'],
    ['{"a":["x","y"]}', 'a.1', '{"a":["x","***"]}'],
    ['{"email":{"k":"x","n":[1,true,null]}}', 'email', '{"email":{"k":"***","n":[0,false,null]}}'],
    ['{"n": 1.50e300, "email": null}', 'email', '{"n": 1.50e300, "email": null}'],
    ['{"email":"a\\"b\\\\"}', 'email', '{"email":"***"}'],
    ['{"other":1}', 'email', '{"other":1}'],
    ['"ana"', 'email', '"ana"'],
    [' { } ', 'email', ' { } '],
    ['{"__proto__":{"email":"x"}}', '__proto__.email', '{"__proto__":{"email":"***"}}'],
  ])('changes nothing but what the path names: %s under %s', (value, path, masked) => {
    expect(mask(value, { [path]: REDACT })).toBe(masked);
  });

  it('becomes null where the masker is, with everything inside', () => {
    const value = '{"a":{"ana@example.com":[1,{"b":2}]},"c":3}';
    expect(mask(value, { a: { kind: 'null' } })).toBe('{"a":null,"c":3}');
    expect(mask(value, { a: { kind: 'null' }, 'a.ana@example.com': REDACT })).toBe('{"a":null,"c":3}');
  });

  it('has numbers rounded and texts shown in part', () => {
    expect(mask('{"pay":1234.5}', { pay: { kind: 'round', step: 100 } })).toBe('{"pay":1200.0}');
    const partial: MaskerSpec = { kind: 'partial', keepFirst: 1, keepLast: 1 };
    expect(mask('{"name":"Zo\\u00eb"}', { name: partial })).toBe('{"name":"Z*ë"}');
    expect(mask('{"name":true}', { name: partial })).toBe('{"name":null}');
  });

  it('keeps the version of jsonb in binary, and is NULL for another one', () => {
    expect(mask(Buffer.from('\x01{"email":"ana"}'), { email: REDACT }, true)).toBe('\x01{"email":"***"}');
    expect(mask(Buffer.from('\x02{"email":"ana"}'), { email: REDACT }, true)).toBeNull();
    expect(mask(Buffer.alloc(0), { email: REDACT }, true)).toBeNull();
  });

  it.each([
    '',
    '{',
    '{"a"}',
    '{"a":1',
    '{"a":1,}',
    '[1,]',
    '[1 2]',
    '{"a":01}',
    '{a:1}',
    '{"a":"x}',
    '1 2',
    "{'a':1}",
    'nul',
    '{"\\x":1}',
  ])('is NULL when it is none: %j', (value) => {
    expect(mask(value, { email: REDACT })).toBeNull();
  });

  it('is NULL when it is nested too deep', () => {
    expect(mask('['.repeat(100_000) + ']'.repeat(100_000), { email: REDACT })).toBeNull();
    expect(mask('['.repeat(400) + ']'.repeat(400), { email: REDACT })).toBe(
      '['.repeat(400) + ']'.repeat(400),
    );
  });

  it('lets no value through that stands below a masked name, whatever it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.json({ maxDepth: 3 }), (secret, other) => {
        const value = `{"other":${other},"email":${secret}}`;
        const masked = JSON.parse(mask(value, { email: { kind: 'null' } })!) as { email: unknown };
        expect(masked.email).toBeNull();
        const { other: kept } = JSON.parse(mask(value, { missing: REDACT })!) as { other: unknown };
        expect(JSON.stringify(kept)).toBe(JSON.stringify(JSON.parse(other)));
      }),
      { numRuns: 500 },
    );
  });
});
