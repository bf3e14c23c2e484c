import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '@gatehouse/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authenticator, createAuthenticator, type LoginAttempt } from './authenticator.ts';
import { createLoginGuard } from './login-guard.ts';
import { createPrincipalDirectory } from './principal-directory.ts';
import { createScramClient, scramKeysOf } from './scram-client.ts';
import { createToken } from './token.ts';
import { openTokenFile } from './token-file.ts';
import type { TokenStore } from './token-store.ts';

const ana: Principal = { kind: 'human', name: 'ana', groups: ['analysts'], claims: {} };
const ben: Principal = { kind: 'human', name: 'ben', groups: [], claims: {} };
const address = '10.0.0.1';

let folder: string;
let now: number;
let disabled: boolean;
let store: TokenStore;
let authenticator: Authenticator;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-identity-'));
  now = 1_800_000_000_000;
  disabled = false;
  const clock = () => now;
  store = await openTokenFile(join(folder, 'tokens.json'));
  authenticator = createAuthenticator({
    principals: () =>
      createPrincipalDirectory([
        { principal: ana, disabled },
        { principal: ben, disabled: false },
      ]),
    tokens: store,
    guard: createLoginGuard({ clock }),
    clock,
  });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function attempt(name: string): Promise<LoginAttempt> {
  const lookup = await authenticator.lookup(name, address);
  if (lookup.kind !== 'attempt') throw new Error('throttled');
  return lookup.attempt;
}

/** Runs a whole SCRAM login; gives what was said and what came of it. */
async function logIn(name: string, secret: string) {
  const open = await attempt(name);
  const server = open.credentials.scram({ mechanism: 'SCRAM-SHA-256', plusOffered: false });
  const client = createScramClient(
    { mechanism: 'SCRAM-SHA-256' },
    { user: 'ignored', keys: scramKeysOf(secret), nonce: () => 'nonce' },
  );
  const challenge = server.first(client.first()) ?? '';
  const proof = server.final(client.final(challenge));
  if (!proof.ok) authenticator.fail(open);
  return { challenge, proof, open };
}

describe('createAuthenticator', () => {
  it('accepts a proved token and gives the principal with its purpose', async () => {
    const token = await createToken(
      { principal: ana, purpose: 'ticket 7', task: 'repair' },
      store,
      () => now,
    );
    const { proof, open } = await logIn('ana', token.secret);
    expect(proof).toMatchObject({ ok: true, tokenId: token.id });
    expect(await authenticator.accept(open, token.id)).toEqual({
      kind: 'accepted',
      principal: { ...ana, purpose: 'ticket 7', task: 'repair' },
      tokenId: token.id,
      expiresAt: now + 8 * 3600 * 1000,
    });
  });

  it('accepts every live token of a principal', async () => {
    const tokens = [];
    for (let at = 0; at < 4; at++) tokens.push(await createToken({ principal: ana }, store, () => now));
    for (const token of tokens) {
      const { open, proof } = await logIn('ana', token.secret);
      expect(proof).toMatchObject({ ok: true, tokenId: token.id });
      expect(await authenticator.accept(open, token.id)).toMatchObject({ kind: 'accepted' });
    }
  });

  it('refuses a token that this attempt has not proved', async () => {
    const token = await createToken({ principal: ana }, store, () => now);
    const open = await attempt('ana');
    expect(open.credentials.secret('wrong')).toEqual({ ok: false });
    expect(await authenticator.accept(open, token.id)).toEqual({ kind: 'refused', reason: 'not-proved' });
    expect(open.credentials.secret(token.secret).ok).toBe(true);
    expect(await authenticator.accept(open, token.id)).toEqual({ kind: 'refused', reason: 'not-proved' });
    const forged = { ...open };
    expect(await authenticator.accept(forged, token.id)).toEqual({ kind: 'refused', reason: 'not-proved' });
  });

  it('accepts an attempt only once', async () => {
    const token = await createToken({ principal: ana }, store, () => now);
    const { open } = await logIn('ana', token.secret);
    expect((await authenticator.accept(open, token.id)).kind).toBe('accepted');
    expect(await authenticator.accept(open, token.id)).toEqual({ kind: 'refused', reason: 'not-proved' });
  });

  it('refuses a token that ends between proof and acceptance', async () => {
    const token = await createToken({ principal: ana, ttlSeconds: 60 }, store, () => now);
    const { open } = await logIn('ana', token.secret);
    now += 60_000;
    expect(await authenticator.accept(open, token.id)).toEqual({
      kind: 'refused',
      reason: 'token-expired',
      tokenId: token.id,
    });
  });

  it('refuses a token that another process revokes after the proof', async () => {
    const token = await createToken({ principal: ana }, store, () => now);
    const { open } = await logIn('ana', token.secret);
    const other = await openTokenFile(join(folder, 'tokens.json'));
    expect(await other.revoke(token.id, now)).toBe(true);
    expect(await authenticator.accept(open, token.id)).toMatchObject({ reason: 'token-revoked' });
    expect(await authenticator.recheck(token.id)).toMatchObject({ reason: 'token-revoked' });
  });

  it('refuses a principal that was disabled or taken out, also in a running session', async () => {
    const token = await createToken({ principal: ana }, store, () => now);
    const { open } = await logIn('ana', token.secret);
    expect(await authenticator.recheck(token.id)).toMatchObject({ kind: 'accepted' });
    disabled = true;
    expect(await authenticator.accept(open, token.id)).toMatchObject({ reason: 'principal-disabled' });
    expect(await authenticator.recheck(token.id)).toMatchObject({ reason: 'principal-disabled' });
    const stranger = await createToken({ principal: { ...ana, name: 'eve' } }, store, () => now);
    const login = await logIn('eve', stranger.secret);
    expect(await authenticator.accept(login.open, stranger.id)).toMatchObject({
      reason: 'principal-unknown',
    });
  });

  it('does not let a token of one principal in under the name of another', async () => {
    const token = await createToken({ principal: ana }, store, () => now);
    for (const name of ['ben', 'eve', 'Ana', 'ana ', '']) {
      const { proof, open } = await logIn(name, token.secret);
      expect(proof).toEqual({ ok: false });
      expect(await authenticator.accept(open, token.id)).toMatchObject({ reason: 'not-proved' });
    }
  });

  it('shows no difference between names with and without tokens, or with a first token', async () => {
    const saltOf = (challenge: string) => /s=([^,]*),i=4096$/.exec(challenge)?.[1];
    const before = saltOf((await logIn('ana', 'x')).challenge);
    await createToken({ principal: ana }, store, () => now);
    expect(saltOf((await logIn('ana', 'x')).challenge)).toBe(before);
    const unknown = saltOf((await logIn('nobody', 'x')).challenge);
    expect(Buffer.from(unknown ?? '', 'base64')).toHaveLength(16);
    expect(saltOf((await logIn('nobody', 'x')).challenge)).toBe(unknown);
    expect(unknown).not.toBe(before);
  });

  it('throttles after wrong proofs and counts each attempt once', async () => {
    for (let at = 0; at < 5; at++) {
      const { open } = await logIn('ana', 'wrong');
      authenticator.fail(open);
    }
    expect((await authenticator.lookup('ana', address)).kind).toBe('attempt');
    await logIn('ana', 'wrong');
    expect(await authenticator.lookup('ana', address)).toEqual({ kind: 'throttled', retryAfterMs: 1000 });
    now += 1000;
    expect((await authenticator.lookup('ana', address)).kind).toBe('attempt');
  });

  it('refuses the weak proof unless it was enabled', async () => {
    await createToken({ principal: ana, sha1: true }, store, () => now);
    const open = await attempt('ana');
    expect(open.credentials.sha1Scramble(Buffer.alloc(20), Buffer.alloc(20))).toEqual({ ok: false });
  });

  it.each(['__proto__', 'constructor', 'a\0b', '\ud800', 'x'.repeat(1 << 20)])(
    'answers the name %.20j like any unknown one',
    async (name) => {
      const { challenge, proof } = await logIn(name, 'x');
      expect(challenge).toMatch(/^r=.*,s=.*,i=4096$/);
      expect(proof).toEqual({ ok: false });
    },
  );
});
