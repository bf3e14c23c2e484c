/**
 * Keeps tokens in one JSON file, shared by the gateway and by `gatehouse token …` in other processes.
 *
 * Every read looks whether the file was replaced; every write happens under a lock, to a new file
 * that is synced and renamed over the old one. The file is refused when others may read it, when it
 * is too large, or when anything in it is not as written: then nobody logs in until it is repaired.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewayError } from '@gatehouse/model';
import { acquireFileLock, isErrno } from './file-lock.ts';
import { formatTokenFile, parseTokenFile, type TokenFileContent } from './token-file-format.ts';
import { type TokenRecord, type TokenStore, tokenStateAt } from './token-store.ts';
import { VERIFIER_SLOTS } from './verifier-slots.ts';

/** The most tokens that a file holds, ended ones included. */
const MAX_FILE_TOKENS = 20_000;
/** Largest token file; 20,000 tokens need about half of it. */
const MAX_TOKEN_FILE_BYTES = 16 * 1024 * 1024;
/** How long ended tokens stay in the file. */
export const KEEP_ENDED_MS = 30 * 24 * 3600 * 1000;

const ITERATIONS = 4096;

/** A read file with what its records are asked by. */
interface Snapshot extends TokenFileContent {
  readonly version: string;
  readonly byId: ReadonlyMap<string, TokenRecord>;
  readonly byPrincipal: ReadonlyMap<string, readonly TokenRecord[]>;
}

/** Opens the file, creating it and its folder when they are not there. Throws GatewayError `token-file-unusable`. */
export async function openTokenFile(path: string, signal?: AbortSignal): Promise<TokenStore> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (!(await exists(path))) await createFile(path, signal);
  const store = createTokenFileStore(path);
  await store.scramParameters(signal);
  return store;
}

function createTokenFileStore(path: string): TokenStore {
  let snapshot: Snapshot | null = null;
  /** One read for all who wait; the file may be large. */
  let reading: Promise<Snapshot> | null = null;
  /** Writes of this instance, one after the other. */
  let writing: Promise<unknown> = Promise.resolve();

  async function read(signal?: AbortSignal): Promise<Snapshot> {
    // Asked again after every read: one that began before this call may have seen the file before it was replaced.
    for (;;) {
      signal?.throwIfAborted();
      if (snapshot !== null && snapshot.version === (await versionOf(path))) return snapshot;
      reading ??= readSnapshot(path).finally(() => {
        reading = null;
      });
      snapshot = await reading;
    }
  }
  function write<T>(change: (current: Snapshot) => Change<T>, signal?: AbortSignal): Promise<T> {
    const done = writing.then(() => writeLocked(path, change, signal));
    writing = done.catch(() => undefined);
    return done;
  }

  return {
    scramParameters: async (signal) => (await read(signal)).scram,
    tokensOf: async (principal, signal) => (await read(signal)).byPrincipal.get(principal) ?? [],
    find: async (id, signal) => (await read(signal)).byId.get(id),
    list: async (signal) => (await read(signal)).tokens,
    add: (record, now, signal) => write((current) => addRecord(current, record, now), signal),
    revoke: (id, now, signal) => write((current) => revokeRecord(current, id, now), signal),
  };
}

/** The new records (null: nothing changes) and what the caller gets. */
interface Change<T> {
  readonly tokens: readonly TokenRecord[] | null;
  readonly result: T;
}

function addRecord(current: Snapshot, record: TokenRecord, now: number): Change<void> {
  const kept = current.tokens.filter((each) => (each.revokedAt ?? each.expiresAt) > now - KEEP_ENDED_MS);
  const live = kept.filter(
    (each) => each.principal === record.principal && tokenStateAt(each, now) === 'live',
  );
  if (live.length >= VERIFIER_SLOTS)
    throw tooMany(`\`${record.principal}\` has ${live.length} live tokens already; revoke one first`);
  if (kept.length >= MAX_FILE_TOKENS) throw tooMany(`the token file holds ${kept.length} tokens already`);
  if (current.byId.has(record.id))
    throw new GatewayError('internal', 'token-exists', `token \`${record.id}\` exists already`);
  return { tokens: [...kept, record], result: undefined };
}

function revokeRecord(current: Snapshot, id: string, now: number): Change<boolean> {
  const record = current.byId.get(id);
  if (record === undefined) return { tokens: null, result: false };
  if (record.revokedAt !== undefined) return { tokens: null, result: true };
  const tokens = current.tokens.map((each) => (each === record ? { ...record, revokedAt: now } : each));
  return { tokens, result: true };
}

async function writeLocked<T>(
  path: string,
  change: (current: Snapshot) => Change<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await acquireFileLock(`${path}.lock`, signal);
  try {
    const current = await readSnapshot(path);
    const { tokens, result } = change(current);
    if (tokens !== null) await replaceFile(path, { scram: current.scram, tokens }, lock.isHeld);
    return result;
  } finally {
    await lock.release();
  }
}

async function createFile(path: string, signal?: AbortSignal): Promise<void> {
  const lock = await acquireFileLock(`${path}.lock`, signal);
  try {
    const scram = { saltKey: randomBytes(32), iterations: ITERATIONS };
    if (!(await exists(path))) await replaceFile(path, { scram, tokens: [] }, lock.isHeld);
  } finally {
    await lock.release();
  }
}

async function replaceFile(
  path: string,
  content: TokenFileContent,
  isHeld: () => Promise<boolean>,
): Promise<void> {
  const draft = `${path}.${randomUUID()}.new`;
  try {
    await withFile(await open(draft, 'wx', 0o600), async (file) => {
      await file.writeFile(formatTokenFile(content));
      await file.sync();
    });
    if (!(await isHeld())) throw unusable(path, 'another process took the lock over');
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  await withFile(await open(dirname(path), 'r'), (folder) => folder.sync());
}

async function readSnapshot(path: string): Promise<Snapshot> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw unusable(path, 'it cannot be opened', cause);
  });
  return withFile(file, async () => {
    const facts = await file.stat({ bigint: true });
    // SECURITY: verifiers that others can write are no verifiers.
    if (!facts.isFile() || (facts.mode & 0o077n) !== 0n) throw unusable(path, 'expected a file of mode 0600');
    if (facts.size > BigInt(MAX_TOKEN_FILE_BYTES)) throw unusable(path, 'it is too large');
    const content = parseTokenFile(await file.readFile('utf8'));
    if (content === null) throw unusable(path, 'its content is not valid');
    return index(content, formatVersion(facts));
  });
}

function index(content: TokenFileContent, version: string): Snapshot {
  const byPrincipal = new Map<string, TokenRecord[]>();
  for (const record of content.tokens.toReversed()) {
    const records = byPrincipal.get(record.principal);
    if (records === undefined) byPrincipal.set(record.principal, [record]);
    else records.push(record);
  }
  return { ...content, version, byPrincipal, byId: new Map(content.tokens.map((each) => [each.id, each])) };
}

async function versionOf(path: string): Promise<string> {
  try {
    return formatVersion(await stat(path, { bigint: true }));
  } catch (cause) {
    throw unusable(path, 'it is gone', cause);
  }
}

function formatVersion(facts: { ino: bigint; mtimeNs: bigint; ctimeNs: bigint; size: bigint }): string {
  return `${facts.ino}:${facts.mtimeNs}:${facts.ctimeNs}:${facts.size}`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw unusable(path, 'it cannot be looked at', error);
  }
}

async function withFile<T>(file: FileHandle, use: (file: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function tooMany(message: string): GatewayError {
  return new GatewayError('limit', 'too-many-tokens', message);
}

function unusable(path: string, detail: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'unavailable',
    'token-file-unusable',
    `the token file \`${path}\` cannot be used: ${detail}`,
    {
      retry: 'safe',
      context: { path },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
