import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '@gatehouse/model';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireFileLock } from './file-lock.ts';
import { createToken } from './token.ts';
import { KEEP_ENDED_MS, openTokenFile } from './token-file.ts';
import { tokenStateAt } from './token-store.ts';

const ana: Principal = { kind: 'human', name: 'ana', groups: [], claims: {} };
const now = 1_800_000_000_000;
const clock = () => now;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-identity-'));
  path = join(folder, 'state', 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function failure(code: string): unknown {
  return expect.objectContaining({ name: 'GatewayError', code });
}

describe('createToken', () => {
  it('gives a secret that fits password boxes and differs every time', async () => {
    const store = await openTokenFile(path);
    const tokens = await Promise.all([1, 2, 3].map(() => createToken({ principal: ana }, store, clock)));
    for (const token of tokens) {
      expect(token.secret).toMatch(/^gh_[0-9A-Za-z]{43}$/);
      expect(token.id).toMatch(/^tok_[0-9A-Za-z]{17}$/);
    }
    expect(new Set(tokens.map((token) => token.secret)).size).toBe(3);
  });

  it.each([
    ['human', 8 * 3600],
    ['service', 3600],
    ['agent', 3600],
  ] as const)('lets the token of a %s live for %d seconds', async (kind, seconds) => {
    const store = await openTokenFile(path);
    const token = await createToken({ principal: { ...ana, kind } }, store, clock);
    expect(token.expiresAt).toBe(now + seconds * 1000);
    const record = await store.find(token.id);
    expect(record && tokenStateAt(record, token.expiresAt - 1)).toBe('live');
    expect(record && tokenStateAt(record, token.expiresAt)).toBe('expired');
  });

  it.each([0, -1, 1.5, Number.NaN, 90 * 24 * 3600 + 1])(
    'refuses a time of %d seconds',
    async (ttlSeconds) => {
      const store = await openTokenFile(path);
      await expect(createToken({ principal: ana, ttlSeconds }, store, clock)).rejects.toThrow(
        failure('token-invalid'),
      );
    },
  );

  it('refuses control characters in texts that people will read', async () => {
    const store = await openTokenFile(path);
    await expect(createToken({ principal: ana, label: 'a\u001b[2Jb' }, store, clock)).rejects.toThrow(
      failure('token-invalid'),
    );
  });

  it('stores nothing that gives the secret back', async () => {
    const store = await openTokenFile(path);
    const { secret } = await createToken({ principal: ana, label: 'laptop' }, store, clock);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(secret.slice(3));
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(4, 40));
    expect(text).not.toContain('sha1Double');
    expect(text).toContain('laptop');
  });
});

describe('openTokenFile', () => {
  it('creates a file that only its owner may read', async () => {
    await openTokenFile(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'state'))).toEqual(['tokens.json']);
  });

  it('shows what one instance writes to another at once', async () => {
    const [one, two] = [await openTokenFile(path), await openTokenFile(path)];
    const token = await createToken({ principal: ana }, one, clock);
    expect((await two.tokensOf('ana')).map((record) => record.id)).toEqual([token.id]);
    await two.revoke(token.id, now + 1);
    await two.revoke(token.id, now + 2);
    expect((await one.find(token.id))?.revokedAt).toBe(now + 1);
    expect(await one.revoke('tok_none', now)).toBe(false);
  });

  it('keeps the verifiers over a restart, bit for bit', async () => {
    const token = await createToken({ principal: ana, sha1: true }, await openTokenFile(path), clock);
    const [one, two] = [await openTokenFile(path), await openTokenFile(path)];
    expect(await one.find(token.id)).toEqual(await two.find(token.id));
    expect((await one.find(token.id))?.verifiers.sha1Double).toHaveLength(20);
    expect(await one.scramParameters()).toEqual(await two.scramParameters());
  });

  it('loses no token when several instances write at once', async () => {
    const stores = await Promise.all([1, 2, 3, 4].map(() => openTokenFile(path)));
    const made = await Promise.all(
      Array.from({ length: 24 }, (_, at) => createToken({ principal: ana }, stores[at % 4]!, clock)),
    );
    const kept = (await stores[0]!.list()).map((record) => record.id);
    expect(kept.toSorted()).toEqual(made.map((token) => token.id).toSorted());
    expect(await readdir(join(folder, 'state'))).toEqual(['tokens.json']);
  });

  it('bounds the live tokens of one principal', async () => {
    const store = await openTokenFile(path);
    const made = [];
    for (let at = 0; at < 32; at++) made.push(await createToken({ principal: ana }, store, clock));
    await expect(createToken({ principal: ana }, store, clock)).rejects.toThrow(failure('too-many-tokens'));
    await store.revoke(made[0]!.id, now);
    await expect(createToken({ principal: ana }, store, clock)).resolves.toBeDefined();
  });

  it('drops ended tokens after a time', async () => {
    const store = await openTokenFile(path);
    const old = await createToken({ principal: ana, ttlSeconds: 1 }, store, clock);
    await createToken({ principal: ana }, store, () => now + KEEP_ENDED_MS);
    expect(await store.find(old.id)).toBeDefined();
    await createToken({ principal: ana }, store, () => now + KEEP_ENDED_MS + 2000);
    expect(await store.find(old.id)).toBeUndefined();
  });

  it('refuses a file that others may read', async () => {
    const store = await openTokenFile(path);
    await chmod(path, 0o640);
    await expect(store.list()).rejects.toThrow(failure('token-file-unusable'));
  });

  it('refuses a link and a file that is gone', async () => {
    const store = await openTokenFile(path);
    await writeFile(join(folder, 'other'), await readFile(path), { mode: 0o600 });
    await rm(path);
    await expect(store.list()).rejects.toThrow(failure('token-file-unusable'));
    await symlink(join(folder, 'other'), path);
    await expect(store.list()).rejects.toThrow(failure('token-file-unusable'));
  });

  it.each([
    ['nothing', () => ''],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['a short key', (text: string) => text.replace(/"storedKey": "..../, '"storedKey": "')],
    ['few iterations', (text: string) => text.replace('4096', '1')],
    ['a token without an end', (text: string) => text.replace(/"expiresAt": \d+/, '"expiresAt": null')],
    ['an endless token', (text: string) => text.replace(/"expiresAt": \d+/, '"expiresAt": 1e400')],
    ['a principal that is no text', (text: string) => text.replace('"ana"', '{}')],
    ['a list', () => '[]'],
    ['too many bytes', (text: string) => text + ' '.repeat(17 * 1024 * 1024)],
  ])('answers nothing from a file that holds %s', async (_what, damage) => {
    const store = await openTokenFile(path);
    await createToken({ principal: ana }, store, clock);
    await writeFile(path, damage(await readFile(path, 'utf8')));
    await expect(store.tokensOf('ana')).rejects.toThrow(failure('token-file-unusable'));
    await expect(store.revoke('x', now)).rejects.toThrow(failure('token-file-unusable'));
  });

  it('finds nobody under the names of an object', async () => {
    const store = await openTokenFile(path);
    for (const name of ['__proto__', 'constructor', '', 'a\0b'])
      expect(await store.tokensOf(name)).toEqual([]);
  });

  it('breaks the lock of a process that has died, and waits for one that lives', async () => {
    const store = await openTokenFile(path);
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    await once(child, 'exit');
    const lock = (pid: number) =>
      writeFile(`${path}.lock`, JSON.stringify({ host: hostname(), pid, mark: 'x' }));
    await lock(child.pid!);
    await expect(createToken({ principal: ana }, store, clock)).resolves.toBeDefined();
    await lock(process.pid);
    const waiting = createToken({ principal: ana }, store, clock);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await store.list()).toHaveLength(1);
    await rm(`${path}.lock`);
    await waiting;
    expect(await store.list()).toHaveLength(2);
  });

  it('stops waiting when it is aborted', async () => {
    const store = await openTokenFile(path);
    await expect(store.list(AbortSignal.abort())).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    );
    await writeFile(`${path}.lock`, JSON.stringify({ host: hostname(), pid: process.pid, mark: 'x' }));
    // Not AbortSignal.timeout: its reason has another name when it fires before the wait begins.
    const controller = new AbortController();
    const waiting = store.revoke('x', now, controller.signal);
    setTimeout(() => controller.abort(), 50);
    await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  it('does not publish when its lock was taken over', async () => {
    await openTokenFile(path);
    const lock = await acquireFileLock(`${path}.lock`);
    expect(await lock.isHeld()).toBe(true);
    await writeFile(`${path}.lock`, 'somebody else');
    expect(await lock.isHeld()).toBe(false);
    await lock.release();
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('somebody else');
  });
});
