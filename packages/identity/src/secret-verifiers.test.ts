import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  createVerifiers,
  verifySecret,
  verifySha1Scramble,
  verifySha256Scramble,
} from './secret-verifiers.ts';

const scram = { salt: Buffer.alloc(16, 1), iterations: 4096 };
const first = createVerifiers('first', 'gh_one', scram, { sha1: true });
const second = createVerifiers('second', 'gh_two', scram);
const verifiers = [first, second];
const nonce = Buffer.from('abcdefghijklmnopqrst');

type AuthPlugin = (options?: object) => (context: object) => (data: Buffer) => Buffer;
const { authPlugins }: { authPlugins: Record<string, AuthPlugin> } = createRequire(import.meta.url)('mysql2');

/** The proof that a real client library sends for this nonce. */
function clientScramble(plugin: string, password: string): Buffer {
  const authenticate = authPlugins[plugin]!({})({
    connection: { config: { password } },
    command: {},
  });
  return authenticate(Buffer.concat([nonce, Buffer.from([0])]));
}

describe('verifySecret', () => {
  it('names the token whose secret came', () => {
    expect(verifySecret('gh_one', verifiers)).toEqual({ ok: true, tokenId: 'first' });
    expect(verifySecret('gh_two', verifiers)).toEqual({ ok: true, tokenId: 'second' });
  });

  it.each([['gh_three'], [''], ['gh_one\0'], ['GH_ONE'], ['x'.repeat(1 << 20)]])(
    'refuses %.20s',
    (secret) => {
      expect(verifySecret(secret, verifiers)).toEqual({ ok: false });
    },
  );

  it('refuses everything for a name without tokens', () => {
    expect(verifySecret('', [])).toEqual({ ok: false });
    expect(verifySecret('gh_one', [])).toEqual({ ok: false });
  });

  it('refuses a secret beyond the limit even if its prefix is stored', () => {
    const empty = createVerifiers('empty', '', scram);
    expect(verifySecret('x'.repeat(70_000), [empty])).toEqual({ ok: false });
  });
});

describe('verifySha256Scramble', () => {
  it('accepts what mysql2 computes', () => {
    const scramble = clientScramble('caching_sha2_password', 'gh_two');
    expect(verifySha256Scramble(scramble, nonce, verifiers)).toEqual({ ok: true, tokenId: 'second' });
  });

  it('refuses another secret, another nonce and another length', () => {
    const good = clientScramble('caching_sha2_password', 'gh_two');
    expect(verifySha256Scramble(clientScramble('caching_sha2_password', 'no'), nonce, verifiers).ok).toBe(
      false,
    );
    expect(verifySha256Scramble(good, Buffer.alloc(20, 1), verifiers).ok).toBe(false);
    for (const length of [0, 20, 31]) {
      expect(verifySha256Scramble(good.subarray(0, length), nonce, verifiers)).toEqual({ ok: false });
    }
    expect(verifySha256Scramble(Buffer.concat([good, good]), nonce, verifiers)).toEqual({ ok: false });
  });
});

describe('verifySha1Scramble', () => {
  it('accepts what mysql2 computes for a token with that verifier', () => {
    const scramble = clientScramble('mysql_native_password', 'gh_one');
    expect(verifySha1Scramble(scramble, nonce, verifiers)).toEqual({ ok: true, tokenId: 'first' });
  });

  it('refuses tokens that were created without it', () => {
    const scramble = clientScramble('mysql_native_password', 'gh_two');
    expect(verifySha1Scramble(scramble, nonce, verifiers)).toEqual({ ok: false });
    expect(verifySha1Scramble(Buffer.alloc(0), nonce, verifiers)).toEqual({ ok: false });
  });
});
