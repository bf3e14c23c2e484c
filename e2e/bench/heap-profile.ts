import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Node's options with which a process can be sampled. */
export const SAMPLER_OPTIONS: readonly string[] = [
  '--import',
  fileURLToPath(new URL('heap-sampler.mjs', import.meta.url)),
];

/** The file that the sampled process writes, which it is told in GATEHOUSE_HEAP_PROFILE. */
export function profileFile(folder: string): string {
  return join(folder, 'heap-profile.json');
}

export interface HeapProfile {
  /** On the JavaScript heap. */
  readonly allocatedBytes: number;
  /** The functions that allocated most, with their share of it in bytes. */
  readonly sites: readonly { readonly name: string; readonly bytes: number }[];
}

interface ProfileNode {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

const ANSWERS_WITHIN_MS = 20_000;

/** Samples what a process allocates while `work` runs. */
export async function sampleHeap(
  pid: number,
  file: string,
  work: () => Promise<unknown>,
): Promise<HeapProfile> {
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  await sleep(SETTLE_MS);
  await work();
  process.kill(pid, 'SIGUSR2');
  const deadline = performance.now() + ANSWERS_WITHIN_MS;
  while (!existsSync(file)) {
    if (performance.now() > deadline) throw new Error('the sampled process wrote no profile');
    await sleep(100);
  }
  await sleep(SETTLE_MS);
  const { head } = JSON.parse(readFileSync(file, 'utf8')) as { head: ProfileNode };
  const sites = new Map<string, number>();
  const visit = ({ callFrame, selfSize, children }: ProfileNode): void => {
    const name = `${callFrame.functionName || 'anonymous'} (${callFrame.url.split('/').at(-1)})`;
    sites.set(name, (sites.get(name) ?? 0) + selfSize);
    children.forEach(visit);
  };
  visit(head);
  const sorted = [...sites].sort(([, a], [, b]) => b - a);
  return {
    allocatedBytes: sorted.reduce((sum, [, bytes]) => sum + bytes, 0),
    sites: sorted.slice(0, 3).map(([name, bytes]) => ({ name, bytes })),
  };
}

/** For a signal to arrive, and a file to be whole. */
const SETTLE_MS = 500;
