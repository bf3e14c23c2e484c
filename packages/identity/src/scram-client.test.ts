import { describe, expect, it, vi } from 'vitest';
import { createScramClient, MAX_SCRAM_ITERATIONS, scramKeysOf } from './scram-client.ts';
import { deriveScramKeys } from './scram-keys.ts';
import { createUpstreamCredential } from './upstream-credential.ts';

const salt = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${salt},i=4096`;

function rfcClient(keys = scramKeysOf('pencil')) {
  return createScramClient({ mechanism: 'SCRAM-SHA-256' }, { user: 'user', keys, nonce: () => nonce });
}

function failure(code: string): unknown {
  return expect.objectContaining({ name: 'GatewayError', code });
}

describe('createScramClient', () => {
  it('speaks the exchange of RFC 7677 as printed there', () => {
    const client = rfcClient();
    expect(client.first()).toBe(`n,,n=user,r=${nonce}`);
    expect(client.final(serverFirst)).toBe(
      `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    );
    expect(client.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toBe(true);
  });

  it('does not believe a server with another signature', () => {
    const client = rfcClient();
    expect(client.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toBe(false);
    client.final(serverFirst);
    for (const text of [
      'v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
      'v=',
      '',
      'e=invalid-proof',
      'v=AAAA',
    ])
      expect(client.verify(text)).toBe(false);
  });

  it.each([
    ['does not extend the nonce', serverFirst.replace(nonce, 'other')],
    ['only repeats the nonce', `r=${nonce},s=${salt},i=4096`],
    ['asks for few iterations', serverFirst.replace('4096', '1')],
    ['asks for no iterations', serverFirst.replace('4096', '0')],
    ['asks for too many iterations', serverFirst.replace('4096', String(MAX_SCRAM_ITERATIONS + 1))],
    ['asks for a number that overflows', serverFirst.replace('4096', '99999999999999999999')],
    ['gives no salt', `r=${nonce}x,s=,i=4096`],
    ['gives a salt that is not base64', `r=${nonce}x,s=?,i=4096`],
    ['demands an extension', `m=x,${serverFirst}`],
    ['says nothing', ''],
    ['says a megabyte', `${serverFirst},x=${'y'.repeat(1 << 20)}`],
  ])('breaks off, before it derives a key, when the server %s', (_what, text) => {
    const keys = vi.fn(scramKeysOf('pencil'));
    expect(() => rfcClient(keys).final(text)).toThrow(failure('upstream-login-failed'));
    expect(keys).not.toHaveBeenCalled();
  });

  it('does not start -PLUS without a binding', () => {
    const start = () =>
      createScramClient({ mechanism: 'SCRAM-SHA-256-PLUS' }, { user: 'u', keys: scramKeysOf('p') });
    expect(start).toThrow(failure('upstream-login-failed'));
  });

  it('writes names with commas and equal signs as the grammar asks', () => {
    const client = createScramClient(
      { mechanism: 'SCRAM-SHA-256' },
      { user: 'a,b=c', keys: scramKeysOf('p'), nonce: () => 'n' },
    );
    expect(client.first()).toBe('n,,n=a=2Cb=3Dc,r=n');
  });
});

describe('createUpstreamCredential', () => {
  it('remembers the keys of the last salt and derives others anew', () => {
    const credential = createUpstreamCredential({ user: 'user', password: 'pencil' });
    const proofs = [serverFirst, serverFirst, serverFirst.replace('4096', '4097')].map((text) => {
      const client = credential.scram({ mechanism: 'SCRAM-SHA-256' });
      const own = client.first().slice('n,,n=user,r='.length);
      client.final(text.replace(nonce, own));
      return client;
    });
    expect(proofs).toHaveLength(3);
    expect(credential.password()).toBe('pencil');
  });

  it('does not show the password when it is printed', () => {
    const credential = createUpstreamCredential({ user: 'user', password: 'pencil' });
    expect(JSON.stringify(credential)).toBe('{"user":"user"}');
  });

  it('refuses a NUL', () => {
    expect(() => createUpstreamCredential({ user: 'u', password: 'a\0b' })).toThrow(
      failure('upstream-credential-invalid'),
    );
  });
});

describe('deriveScramKeys', () => {
  const bytes = Buffer.from(salt, 'base64');
  const same = (left: string, right: string): boolean =>
    deriveScramKeys(left, bytes, 1).storedKey.equals(deriveScramKeys(right, bytes, 1).storedKey);

  it.each([
    ['maps the soft hyphen to nothing', 'I\u00adX', 'IX'],
    ['maps a no-break space to a space', 'a\u00a0b', 'a b'],
    ['composes compatibility characters', '\u00aa\u2168', 'aIX'],
    ['keeps what SASLprep prohibits', 'a\u0007b', 'a\u0007b'],
  ])('%s (RFC 4013)', (_what, left, right) => {
    expect(same(left, right)).toBe(true);
  });

  it('keeps the case and prohibited characters apart', () => {
    expect(same('User', 'user')).toBe(false);
    expect(same('a\u0007b', 'ab')).toBe(false);
  });
});
