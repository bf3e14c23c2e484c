import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayError } from '@gatehouse/model';
import { expect, test } from 'vitest';
import { event, synced, useJournalFolder, written } from '../../testkit/journal-folder.ts';
import { openJournal } from './journal.ts';

const folder = useJournalFolder();
const { open, chain } = folder;

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
        folder.dir,
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
    const mount = join(folder.dir, 'small');
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
      expect(chain(mount).slice(good)).toEqual(['journal-recovered', 'after']);
    } finally {
      execFileSync('/bin/umount', [mount]);
    }
  },
);
