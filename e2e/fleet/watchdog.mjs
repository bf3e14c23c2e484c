/**
 * Outlives the process that started a fleet, to leave nothing behind when that one dies in any way.
 *
 * Reads lines on standard input: `+PID` (a process group to end), `-PID` (it has ended by itself),
 * `dir PATH` (a folder to remove), `done` (everything was stopped in order). The end of the input
 * without `done` means that the owner is gone: every group gets SIGTERM, five seconds later SIGKILL, and the
 * folders are removed. Plain JavaScript, so that it starts without a loader.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const groups = new Set();
const folders = new Set();
let orderly = false;

// The terminal's Ctrl-C and a closed terminal are for the owner; the end of the input tells what became of it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+')) groups.add(Number(line.slice(1)));
  else if (line.startsWith('-')) groups.delete(Number(line.slice(1)));
  else if (line.startsWith('dir ')) folders.add(line.slice(4));
  else if (line === 'done') orderly = true;
}
if (!orderly) {
  end('SIGTERM');
  for (let waited = 0; waited < 50 && [...groups].some(alive); waited++) await sleep(100);
  end('SIGKILL');
  for (let waited = 0; waited < 20 && [...groups].some(alive); waited++) await sleep(100);
  for (const folder of folders)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
process.exit(0);

function end(signal) {
  for (const group of groups) {
    try {
      process.kill(-group, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function alive(group) {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
