import { describe, expect, test } from 'vitest';
import { JSON_WEB_TOKEN } from './json-web-token.ts';
import { SERVICE_KEY } from './service-key.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const TOKEN = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: '1' })}.c2lnbmF0dXJl`;

describe('the detector of JSON web tokens', () => {
  test('takes a token for one, alone and inside a text', () => {
    expect(JSON_WEB_TOKEN.judge(TOKEN)).toBe('match');
    expect(JSON_WEB_TOKEN.isWithin?.(`authorization: Bearer ${TOKEN}\n`)).toBe(true);
  });

  test('wants a head that names an algorithm', () => {
    expect(JSON_WEB_TOKEN.judge(`${part({ typ: 'JWT' })}.${part({ sub: '1' })}.x`)).toBe('other');
    expect(JSON_WEB_TOKEN.judge('eyJub3QganNvbg.eyJub3QganNvbg.x')).toBe('other');
    expect(JSON_WEB_TOKEN.judge('a.b.c')).toBe('other');
    expect(JSON_WEB_TOKEN.judge(TOKEN.slice(0, 30))).toBe('other');
  });
});

/** Put together here, so that nothing in this file looks like a key to those who search for them. */
const KEYS = [
  `AKIA${'A2B3'.repeat(4)}`,
  `AIza${'x'.repeat(35)}`,
  `ghp_${'a1'.repeat(18)}`,
  `github_pat_${'a'.repeat(22)}_${'b'.repeat(59)}`,
  `xoxb-${'1'.repeat(12)}-${'2'.repeat(12)}-${'a'.repeat(24)}`,
  `sk_live_${'a1'.repeat(12)}`,
  `-----BEGIN ${'RSA PRIVATE KEY'}-----\nMIIE\n-----END`,
  `-----BEGIN ${'PRIVATE KEY'}-----`,
];

describe('the detector of keys', () => {
  test.each(KEYS)('takes %s for one, alone and inside a text', (key) => {
    expect(SERVICE_KEY.judge(key)).toBe('match');
    expect(SERVICE_KEY.isWithin?.(`key="${key}" end`)).toBe(true);
  });

  test.each([
    '',
    'AKIA',
    'AKIAlower2345678901',
    'sk_live_',
    'ghp_short',
    '-----BEGIN CERTIFICATE-----',
    'skill_live_wire_and_other_words',
    'd41d8cd98f00b204e9800998ecf8427e',
  ])('does not take %j for one', (value) => {
    expect(SERVICE_KEY.judge(value)).toBe('other');
    expect(SERVICE_KEY.isWithin?.(value)).toBe(false);
  });
});
