import type { Credentials, UpstreamCredential } from '../credentials.ts';

/** A gateway's side of the proof that accepts everything or nothing; what SCRAM computes is tested in packages/identity. */
export function fakeCredentials(good: boolean): Credentials {
  return {
    scram: () => ({
      first: () => 'r=nonce,s=c2FsdA==,i=15000',
      final: () => (good ? { ok: true, tokenId: 't1', serverFinal: 'v=signature' } : { ok: false }),
    }),
    secret: (secret) => (good && secret === 'token' ? { ok: true, tokenId: 't1' } : { ok: false }),
    sha256Scramble: () => ({ ok: false }),
    sha1Scramble: () => ({ ok: false }),
  };
}

export const fakeUpstreamCredential: UpstreamCredential = {
  user: 'gateway',
  password: () => 'pw',
  scram: ({ mechanism }) => ({
    first: () => `${mechanism} first`,
    final: () => 'client-final',
    verify: (serverFinal) => serverFinal === 'server-final',
  }),
};
