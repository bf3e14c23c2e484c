/**
 * One server process: started in a process group of its own, watched, stopped or killed.
 *
 * Output goes to a log file, never to a pipe: a full pipe would stop the server. The group is what is
 * signalled, so that programs which fork take their children along.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Watchdog } from './watchdog.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
  /** Run as this user and group; null keeps the own ones. */
  readonly runAs: number | null;
  /** What this server takes as "finish in order". */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
}

export interface ManagedProcess {
  readonly pid: number;
  /** False once the process has ended, for whatever reason. */
  running(): boolean;
  /** Asks in order, waits ten seconds, then kills. */
  stop(): Promise<void>;
  kill9(): Promise<void>;
  /** The last lines of the log, for an error message. */
  logTail(): string;
}

const STOP_WITHIN_MS = 10_000;

/** Starts the process; whether it is of any use is for `waitUntilReady` to find out. */
export function startProcess(spec: ProcessSpec, watchdog: Watchdog): ManagedProcess {
  const log = openSync(spec.logFile, 'a');
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env ?? process.env,
    detached: true,
    stdio: ['ignore', log, log],
    ...(spec.runAs === null ? {} : { uid: spec.runAs, gid: spec.runAs }),
  });
  closeSync(log);
  child.unref();
  const pid = child.pid ?? -1;
  if (pid > 0) watchdog.watchGroup(pid);
  const exited = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  let running = pid > 0;
  void exited.then(() => {
    running = false;
    if (pid > 0) watchdog.forgetGroup(pid);
  });

  const signal = (name: NodeJS.Signals) => {
    try {
      if (running) process.kill(-pid, name);
    } catch {
      // The group has ended between the question and the signal.
    }
  };
  // An idle server must not keep its owner alive, but waiting for its end must.
  const ended = async () => {
    child.ref();
    await exited;
  };
  const kill9 = async () => {
    signal('SIGKILL');
    await ended();
  };
  return {
    pid,
    running: () => running,
    kill9,
    async stop() {
      if (!running) return;
      // Only the main process: helpers that it forked are its own to end in order.
      process.kill(pid, spec.stopSignal);
      const timer = setTimeout(() => void kill9(), STOP_WITHIN_MS);
      await ended();
      clearTimeout(timer);
    },
    logTail: () => readTail(spec.logFile),
  };
}

/** A server that runs and does not answer; starting it again would only take as long again. */
export class StartTimeout extends Error {
  override readonly name = 'StartTimeout';
}

/**
 * Calls `probe` until it returns; its value is the answer.
 *
 * Throws with the end of the server's log when the process ends first, and StartTimeout when `withinMs` pass.
 */
export async function waitUntilReady<T>(
  process: ManagedProcess,
  name: string,
  withinMs: number,
  probe: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (!process.running())
      throw new Error(`${name} ended while it was starting; its log ends with:\n${process.logTail()}`);
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > deadline) {
        throw new Error(
          `${name} did not answer within ${withinMs / 1000} s; its log ends with:\n${process.logTail()}`,
          {
            cause: error,
          },
        );
      }
    }
    await sleep(60);
  }
}

function readTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
  } catch {
    return '(no log)';
  }
}
