/**
 * Start, stop, kill and restart of one server on one port with one data folder.
 *
 * ```text
 *   launch ──► running ──stop/kill9──► ended ──restart──► running (same port, same data)
 * ```
 *
 * Knows nothing of any server: the starter says how the process is started and how one asks whether it answers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import {
  type ManagedProcess,
  type ProcessSpec,
  StartTimeout,
  startProcess,
  waitUntilReady,
} from './managed-process.ts';
import type { Watchdog } from './watchdog.ts';

export interface LifecyclePlan {
  readonly name: string;
  readonly readyWithinMs: number;
  spec(port: number): ProcessSpec;
  /** Throws until the server answers at this port. */
  probe(port: number): Promise<void>;
}

export interface Lifecycle {
  readonly port: number;
  stop(): Promise<void>;
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

/** How often a start is tried again: the port may be taken meanwhile, or a killed server's memory still be held. */
const ATTEMPTS = 4;

/** Starts the server on a free port and returns when it answers. */
export async function launch(plan: LifecyclePlan, watchdog: Watchdog): Promise<Lifecycle> {
  let port = await freePort();
  let process = await attempt(async () => {
    port = await freePort();
    return startOnce(plan, port, watchdog);
  });
  return {
    port,
    stop: () => process.stop(),
    kill9: () => process.kill9(),
    async restart() {
      await process.stop();
      process = await attempt(() => startOnce(plan, port, watchdog));
    },
  };
}

async function attempt(start: () => Promise<ManagedProcess>): Promise<ManagedProcess> {
  for (let left = ATTEMPTS - 1; ; left--) {
    try {
      return await start();
    } catch (error) {
      if (left === 0 || error instanceof StartTimeout) throw error;
      await sleep(400);
    }
  }
}

async function startOnce(plan: LifecyclePlan, port: number, watchdog: Watchdog): Promise<ManagedProcess> {
  const process = startProcess(plan.spec(port), watchdog);
  try {
    await waitUntilReady(process, plan.name, plan.readyWithinMs, () => plan.probe(port));
    return process;
  } catch (error) {
    await process.kill9();
    throw error;
  }
}

/** The life of a server that somebody else runs: it is left alone, and cannot be killed from here. */
export function leaveAlone(name: string): Pick<Lifecycle, 'stop' | 'kill9' | 'restart'> {
  const refuse = () =>
    Promise.reject(new Error(`${name} was given by URL and is not ours to kill or restart`));
  return { stop: () => Promise.resolve(), kill9: refuse, restart: refuse };
}
