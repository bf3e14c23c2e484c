/**
 * The owner's side of `watchdog.mjs`: says which process groups and folders to remove should the owner die.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Watchdog {
  watchGroup(pid: number): void;
  forgetGroup(pid: number): void;
  watchFolder(path: string): void;
  /** Everything was stopped in order: the watchdog leaves. */
  dismiss(): void;
}

/** Starts a watchdog; it ends with this process at the latest. */
export function startWatchdog(): Watchdog {
  const program = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
  const child = spawn(process.execPath, [program], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env['PATH'] },
  });
  child.unref();
  const input = child.stdin;
  // A pipe is a socket in Node; it must not keep the owner alive.
  if ('unref' in input && typeof input.unref === 'function') input.unref();
  input.on('error', () => undefined);
  const tell = (line: string) => {
    if (input.writable) input.write(`${line}\n`);
  };
  return {
    watchGroup: (pid) => tell(`+${pid}`),
    forgetGroup: (pid) => tell(`-${pid}`),
    watchFolder: (path) => tell(`dir ${path}`),
    dismiss() {
      tell('done');
      input.end();
    },
  };
}
