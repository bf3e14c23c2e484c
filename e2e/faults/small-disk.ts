/** A disk that is small enough to be filled: a tmpfs of its own, where the system lets us mount one. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A mounted disk of a test. */
export interface SmallDisk {
  readonly dir: string;
  /** Writes until nothing more fits, and gives what takes it away again. */
  fill(): () => void;
  /** Unmounts it; whoever uses it must be gone. */
  close(): void;
}

/** Mounts an empty disk of so many megabytes in a new folder. */
export function openSmallDisk(megabytes = 192): SmallDisk {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-small-disk-'));
  mount(dir, `${megabytes}m`);
  return {
    dir,
    fill() {
      const ballast = join(dir, 'ballast');
      const { bavail, bsize } = statfsSync(dir);
      for (let size = bavail * bsize; size > 512; size = Math.floor(size / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
        } catch {
          // The rest is smaller than this.
        }
      }
      return () => rmSync(ballast);
    },
    close() {
      execFileSync('umount', [dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Gives why `openSmallDisk` would not work here, or null. */
export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a small tmpfs needs root on Linux';
  const dir = join(tmpdir(), `gatehouse-mount-${process.pid}-${Date.now()}`);
  mkdirSync(dir);
  try {
    mount(dir, '1m');
    execFileSync('umount', [dir]);
    return null;
  } catch {
    return 'this system does not let us mount a tmpfs';
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function mount(dir: string, size: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' });
}
