import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditBody, GatewayError, IntentBody } from '@gatehouse/model';
import { known, NO_OBLIGATIONS } from '@gatehouse/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { statement } from '../../testkit/event-bodies.ts';
import { GENESIS, hashLine, parseLine } from './event-line.ts';
import { type Journal, type JournalOptions, openJournal } from './journal.ts';

let dir: string;
const journals: Journal[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'));
});
afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
  rmSync(dir, { recursive: true, force: true });
});

function open(options: Partial<JournalOptions> = {}): Journal {
  const journal = openJournal({
    dir,
    node: 'gw-1',
    segmentBytes: 1 << 20,
    maxBacklogBytes: 1 << 30,
    ...options,
  });
  journals.push(journal);
  return journal;
}

function event(what: string): AuditBody {
  return { kind: 'gateway', what, detail: {} };
}

function written(journal: Journal): Promise<GatewayError | null> {
  return new Promise((resolve) => journal.afterWritten(resolve));
}

function synced(journal: Journal): Promise<GatewayError | null> {
  return new Promise((resolve) => journal.afterSynced(resolve));
}

function segments(): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function lines(): string[] {
  return segments().flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1));
}

/** Every line an event, numbered from 1 without gaps, each with the hash of the one before. */
function chain(): string[] {
  let prev = GENESIS;
  return lines().map((line, index) => {
    const parsed = parseLine(line);
    expect(parsed).toMatchObject({ node: 'gw-1', seq: index + 1, prev });
    prev = hashLine(line);
    const { body } = parsed!;
    return body.kind === 'gateway' ? body.what : body.kind;
  });
}

function codeOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return `${(error as GatewayError).kind}/${(error as GatewayError).code}`;
  }
}

test('writes all events of one turn with one call and answers in order afterwards', async () => {
  const writes: number[] = [];
  const journal = open({
    write: (fd, bytes, position) => {
      writes.push(bytes.length);
      return writeSync(fd, bytes, 0, bytes.length, position);
    },
  });
  const order: string[] = [];
  expect(journal.append(event('a'))).toBe(1);
  journal.afterWritten((error) => order.push(`first ${error}`));
  expect(journal.append(event('b'))).toBe(2);
  journal.afterWritten((error) => order.push(`second ${error}`));
  expect(order).toEqual([]);
  await written(journal);
  expect(order).toEqual(['first null', 'second null']);
  expect(writes).toHaveLength(1);
  expect(chain()).toEqual(['a', 'b']);
});

test('writes exactly the documented line', async () => {
  const journal = open({ clock: () => Date.UTC(2026, 0, 31, 12) });
  journal.append(event('started'));
  await written(journal);
  expect(lines()).toEqual([
    `{"v":1,"node":"gw-1","seq":1,"at":"2026-01-31T12:00:00.000Z","prev":"${GENESIS}","body":{"kind":"gateway","what":"started","detail":{}}}`,
  ]);
});

test('continues numbers and chain over segments and over restarts', async () => {
  const first = open({ segmentBytes: 400 });
  for (let index = 1; index <= 5; index += 1) {
    first.append(event(`e${index}`));
    await written(first);
  }
  await first.close();
  const second = open({ segmentBytes: 400 });
  expect(second.append(event('e6'))).toBe(6);
  await second.close();
  expect(segments()).toEqual([
    'gw-1-000000000001.jsonl',
    'gw-1-000000000003.jsonl',
    'gw-1-000000000005.jsonl',
  ]);
  expect(chain()).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6']);
});

test.each([
  ['half a line', '{"v":1,"node":"gw-1","seq":2,"at":"20'],
  ['zeros', '\0'.repeat(5000)],
])('cuts %s from the end and says so in the next event', async (_name, tail) => {
  const first = open();
  first.append(event('a'));
  await first.close();
  appendFileSync(join(dir, segments()[0]!), tail);
  const second = open();
  expect(second.append(event('b'))).toBe(3);
  await second.close();
  expect(chain()).toEqual(['a', 'journal-cut', 'b']);
});

test('puts complete lines that are no events aside and goes on behind the last good one', async () => {
  const first = open();
  first.append(event('a'));
  await first.close();
  appendFileSync(join(dir, segments()[0]!), 'not an event\nnor this\nhalf');
  const second = open();
  second.append(event('b'));
  await second.close();
  expect(chain()).toEqual(['a', 'journal-cut', 'b']);
  expect(readFileSync(join(dir, 'gw-1-000000000001.jsonl.cut-1'), 'utf8')).toBe(
    'not an event\nnor this\nhalf',
  );
});

test('continues the chain from the bytes of the last line, also where they are damaged', async () => {
  const first = open();
  first.append(event('a\u00fcb'));
  await first.close();
  const path = join(dir, segments()[0]!);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf(0xc3)] = 0xff;
  writeFileSync(path, bytes);
  const second = open();
  second.append(event('b'));
  await second.close();
  const [damaged, next] = readFileSync(path).toString('latin1').split('\n');
  expect(parseLine(next!)?.prev).toBe(hashLine(Buffer.from(damaged!, 'latin1')));
});

test('refuses to open when the newest segment holds no event at all', () => {
  writeFileSync(join(dir, 'gw-1-000000000001.jsonl'), 'nothing\nof\nuse\n');
  expect(codeOf(() => open())).toBe('audit/journal-damaged');
});

test('takes up an earlier segment when the newest one was torn in its first line', async () => {
  const first = open({ segmentBytes: 300 });
  for (const name of ['a', 'b', 'c']) {
    first.append(event(name));
    await written(first);
  }
  await first.close();
  truncateSync(join(dir, segments().at(-1)!), 20);
  const second = open({ segmentBytes: 300 });
  second.append(event('d'));
  await second.close();
  expect(chain()).toEqual(['a', 'b', 'journal-cut', 'd']);
});

test('does not take segments of a node with a longer name for its own', async () => {
  const other = open({ node: 'gw-1-000000000001' });
  other.append(event('other'));
  await other.close();
  const journal = open();
  expect(journal.append(event('a'))).toBe(1);
});

test('refuses a second writer and frees the journal when closed', async () => {
  const first = open();
  expect(codeOf(() => open())).toBe('config/journal-in-use');
  await first.close();
  expect(codeOf(() => first.append(event('late')))).toBe('audit/journal-failed');
  expect(codeOf(() => open())).toBeNull();
});

test('takes over the lock of a process that is gone, also when its id is in use again', () => {
  writeFileSync(join(dir, 'gw-1.lock'), '999999999 5\n');
  expect(codeOf(() => open())).toBeNull();
  const again = mkdtempSync(join(dir, 'again-'));
  writeFileSync(join(again, 'gw-1.lock'), `${process.pid} 1\n`);
  expect(codeOf(() => open({ dir: again }))).toBeNull();
});

test.each(['../x', 'a/b', '', 'a"b'])('refuses %j as name of a node', (node) => {
  expect(codeOf(() => open({ node }))).toBe('config/journal-node');
});

test('fails those who wait, cuts back half-written lines, and recovers with an event that counts what was lost', async () => {
  let broken = false;
  const journal = open({
    write: (fd, bytes, position) => {
      if (!broken) return writeSync(fd, bytes, 0, bytes.length, position);
      const half = Math.min(30, bytes.length);
      if (position % 2 === 0 || bytes.length <= 30)
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return writeSync(fd, bytes, 0, half, position);
    },
  });
  journal.append(event('a'));
  expect(await written(journal)).toBeNull();
  const good = statSync(join(dir, segments()[0]!)).size;
  broken = true;
  expect(journal.append(event('b'))).toBe(2);
  const answers = await Promise.all([written(journal), synced(journal)]);
  expect(answers.map((error) => [error?.kind, error?.code, error?.context['reason']])).toEqual([
    ['audit', 'journal-failed', 'ENOSPC'],
    ['audit', 'journal-failed', 'ENOSPC'],
  ]);
  expect(statSync(join(dir, segments()[0]!)).size).toBe(good);
  expect(codeOf(() => journal.append(event('c')))).toBe('audit/journal-failed');
  expect(journal.status().failure?.code).toBe('journal-failed');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(codeOf(() => journal.append(event('c')))).toBe('audit/journal-failed');
  broken = false;
  await expect.poll(() => journal.status().failure).toBeNull();
  expect(journal.append(event('d'))).toBe(3);
  expect(await synced(journal)).toBeNull();
  expect(chain()).toEqual(['a', 'journal-recovered', 'd']);
  expect(parseLine(lines()[1]!)?.body).toMatchObject({
    detail: { reason: 'ENOSPC', lostEvents: 1, refusedEvents: 2 },
  });
});

test('finishes a batch that the system takes in pieces', async () => {
  const journal = open({
    write: (fd, bytes, position) => writeSync(fd, bytes, 0, Math.min(7, bytes.length), position),
  });
  journal.append(event('a'));
  journal.append(event('b'));
  expect(await written(journal)).toBeNull();
  expect(chain()).toEqual(['a', 'b']);
});

test('never syncs again after a failed sync', async () => {
  let syncs = 0;
  const journal = open({
    sync: (_fd, done) => {
      syncs += 1;
      setImmediate(done, syncs === 1 ? Object.assign(new Error('disk'), { code: 'EIO' }) : null);
    },
  });
  journal.append(event('a'));
  expect((await synced(journal))?.code).toBe('journal-failed');
  expect(codeOf(() => journal.append(event('b')))).toBe('audit/journal-failed');
  expect((await synced(journal))?.code).toBe('journal-failed');
  expect(journal.synced().seq).toBe(0);
});

test('shares one sync among those who wait at the same time', async () => {
  let syncs = 0;
  const journal = open({
    sync: (_fd, done) => {
      syncs += 1;
      setTimeout(done, 20, null);
    },
  });
  journal.append(event('a'));
  const first = synced(journal);
  await written(journal);
  const later = Array.from({ length: 50 }, (_, index) => {
    journal.append(event(`e${index}`));
    return synced(journal);
  });
  expect(journal.synced().seq).toBe(0);
  await first;
  expect(journal.synced().seq).toBe(1);
  await Promise.all(later);
  expect(journal.synced().seq).toBe(51);
  expect(syncs).toBe(2);
});

test('refuses statements when full, still takes what ends them, and goes on when events were passed on', async () => {
  const journal = open({ maxBacklogBytes: 20_000 });
  while (codeOf(() => journal.append(intent('select 1'))) === null) await written(journal);
  expect(codeOf(() => journal.append(intent('select 1')))).toBe('audit/journal-full');
  expect(journal.status()).toMatchObject({ failure: { code: 'journal-full' } });
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
  await written(journal);
  while (codeOf(() => journal.append(event('x'))) === null) await written(journal);
  expect(codeOf(() => journal.append(event('x')))).toBe('audit/journal-full');
  journal.acknowledge(journal.written());
  expect(journal.status()).toMatchObject({ backlogBytes: 0, backlogEvents: 0, failure: null });
  expect(codeOf(() => journal.append(intent('select 1')))).toBeNull();
});

test('refuses statements when events have waited too long to be passed on, also what an earlier process has written', async () => {
  const journal = open({ maxBacklogMs: 60_000 });
  journal.append(intent('select 1'));
  await written(journal);
  expect(codeOf(() => journal.append(intent('select 1')))).toBeNull();
  await written(journal);
  journal.backdate(Date.now() - 120_000);
  expect(codeOf(() => journal.append(intent('select 1')))).toBe('audit/journal-late');
  expect(journal.status()).toMatchObject({ failure: { code: 'journal-late' } });
  expect(journal.status().backlogMs).toBeGreaterThanOrEqual(120_000);
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
  await written(journal);
  journal.acknowledge(journal.written());
  expect(journal.status()).toMatchObject({ backlogMs: 0, failure: null });
  expect(codeOf(() => journal.append(intent('select 1')))).toBeNull();
});

test('records reads beyond the limit where that is configured, and nothing that writes or is not understood', async () => {
  const journal = open({ maxBacklogBytes: 20_000, readsBeyondBacklogBytes: 10_000 });
  const read = intent('select 1');
  const reading = statement('select', ['t']);
  const writing = statement('delete', ['t'], 'delete');
  const unknown = { ...reading, accesses: { known: false, reason: 'not understood' } } as const;
  const tries = (...statements: IntentBody['statements']) =>
    codeOf(() => journal.append({ ...read, statements }));
  while (tries(writing) === null) await written(journal);
  expect(tries(writing)).toBe('audit/journal-full');
  expect(tries(reading, unknown)).toBe('audit/journal-full');
  expect(tries(reading, writing)).toBe('audit/journal-full');
  const before = journal.written().seq;
  while (tries(reading) === null) await written(journal);
  expect(tries(reading)).toBe('audit/journal-full');
  expect(journal.written().seq).toBeGreaterThan(before + 3);
  expect(journal.status().backlogBytes).toBeLessThan(32_000);
  expect(codeOf(() => journal.append(event('stopped')))).toBeNull();
});

test('a waiter that throws does not keep the next one from its answer', async () => {
  const journal = open();
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  const listeners = process.listeners('uncaughtException').slice(0, -1);
  for (const listener of listeners) process.off('uncaughtException', listener);
  journal.append(event('a'));
  journal.afterWritten(() => {
    throw new Error('bug');
  });
  expect(await written(journal)).toBeNull();
  expect(await thrown).toMatchObject({ message: 'bug' });
  for (const listener of listeners) process.on('uncaughtException', listener);
});

test('keeps hostile texts on one line and cuts huge ones, with their length and hash', async () => {
  const journal = open();
  const hostile = 'select \'a\nb\u2028c\ud800"\\\0';
  journal.append(intent(hostile));
  journal.append(intent('x'.repeat(10_000_000), ['y'.repeat(10_000_000)]));
  journal.append(
    intent(
      'many',
      Array.from({ length: 200_000 }, (_, index) => index),
    ),
  );
  await written(journal);
  const bodies = lines().map((line) => parseLine(line)?.body as IntentBody);
  expect(bodies[0]?.text).toBe(hostile);
  expect(bodies[1]?.text).toMatch(
    /^x{65536} \[cut by the audit: 10000000 characters, sha256 [0-9a-f]{64}\]$/,
  );
  expect(bodies[1]?.parameters?.[0]).toMatch(/^y{65536} \[cut by the audit: 10000000 characters/);
  expect(bodies[2]?.parameters).toEqual([
    expect.stringMatching(/^\[cut by the audit: 200000 parameters, sha256 [0-9a-f]{64}\]$/),
  ]);
});

test('refuses an event that is no JSON or too large, and records the next one', async () => {
  const journal = open();
  const endless: Record<string, unknown> = {};
  endless['self'] = endless;
  expect(codeOf(() => journal.append({ ...event('a'), detail: endless } as AuditBody))).toBe(
    'audit/event-not-json',
  );
  expect(codeOf(() => journal.append(event('x'.repeat(3_000_000))))).toBe('audit/event-too-large');
  expect(journal.append(event('b'))).toBe(1);
  await written(journal);
  expect(chain()).toEqual(['b']);
});

test('writes shared facts as they are now unless they are frozen', async () => {
  const journal = open();
  const body = intent('select 1');
  journal.append(body);
  (body.session as { tls: boolean }).tls = false;
  journal.append(body);
  await written(journal);
  expect(lines().map((line) => (parseLine(line)!.body as IntentBody).session.tls)).toEqual([true, false]);
});

test('loses nothing that it acknowledged when it is killed while it writes', {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(
      process.execPath,
      [
        '--conditions=gatehouse-source',
        '--import',
        'tsx',
        join(import.meta.dirname, '../../testkit/append-forever.ts'),
        dir,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = 0;
    let out = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        out = (out + chunk.toString()).slice(-100);
        const last = out.split('\n').at(-2);
        if (last !== undefined) acknowledged = Number(last);
        if (acknowledged > 2000 * (round + 1)) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    expect(acknowledged).toBeGreaterThan(2000 * (round + 1));
    const journal = open();
    expect(journal.written().seq).toBeGreaterThanOrEqual(acknowledged);
    await journal.close();
  }
  chain();
});

test.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
  'survives a file system that is really full',
  { timeout: 20_000 },
  async (context) => {
    const mount = join(dir, 'small');
    mkdirSync(mount);
    try {
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      context.skip('a tmpfs cannot be mounted here');
    }
    try {
      const journal = openJournal({
        dir: mount,
        node: 'gw-1',
        segmentBytes: 1 << 20,
        maxBacklogBytes: 1 << 30,
      });
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(20_000));
      let good = 0;
      let error: GatewayError | null = null;
      while (error === null) {
        journal.append(event('x'.repeat(3000)));
        error = await written(journal);
        if (error === null) good += 1;
      }
      expect(error.context['reason']).toBe('ENOSPC');
      rmSync(join(mount, 'ballast'));
      await expect.poll(() => journal.status().failure, { timeout: 5000 }).toBeNull();
      expect(journal.append(event('after'))).toBe(good + 2);
      expect(await synced(journal)).toBeNull();
      await journal.close();
      dir = mount;
      expect(chain().slice(good)).toEqual(['journal-recovered', 'after']);
    } finally {
      dir = join(mount, '..');
      execFileSync('/bin/umount', [mount]);
    }
  },
);

function intent(text: string, parameters?: IntentBody['parameters']): IntentBody {
  return {
    kind: 'intent',
    request: 's1-1',
    session: {
      id: 's1',
      dialect: 'line',
      database: { name: 'shop', labels: {} },
      clientAddress: '10.0.0.1',
      tls: true,
    },
    principal: { kind: 'human', name: 'ada', groups: [], claims: {} },
    statements: [
      {
        verb: 'select',
        accesses: known([]),
        bounded: known(true),
        limit: known(null),
        functions: known([]),
        output: known([]),
        irreversible: false,
        fingerprint: '0123456789abcdef',
      },
    ],
    decision: {
      effect: 'permit',
      reason: { code: 'permitted', text: 'permitted' },
      obligations: NO_OBLIGATIONS,
      alerts: [],
      observed: [],
      policyRevision: 'r1',
    },
    via: 'simple',
    text,
    ...(parameters === undefined ? {} : { parameters }),
  };
}
