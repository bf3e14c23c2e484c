/**
 * The programs that a run starts: every one is a process of its own, answers within a named time or is
 * reported with the end of what it printed, and is gone when the run is over, however it ends.
 *
 * A child writes to a file, never to a pipe that nobody reads.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ProgramSpec {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Everything that it has printed. */
  output(): string;
  hasEnded(): boolean;
}

const STOPS_WITHIN_MS = 5_000;

/** Owns the children and the folder of one run. */
export class Processes {
  /** For configurations and logs; removed at the end. */
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  readonly #children: ChildProcess[] = [];
  #started = 0;

  start(spec: ProgramSpec): Program {
    this.#started += 1;
    const log = join(this.folder, `${this.#started}.log`);
    const fd = openSync(log, 'w');
    const child = spawn(spec.command, spec.args, {
      stdio: ['ignore', fd, fd],
      env: spec.env ?? process.env,
    });
    closeSync(fd);
    let ended = false;
    child.once('error', () => {
      ended = true;
    });
    child.once('exit', () => {
      ended = true;
    });
    this.#children.push(child);
    return {
      name: spec.name,
      pid: child.pid ?? -1,
      output: () => readFileSync(log, 'utf8'),
      hasEnded: () => ended,
    };
  }

  /** Asks every child to end, waits a little, and ends those that have not. */
  async endChildren(): Promise<void> {
    const ends = this.#children.map(
      (child) =>
        new Promise<void>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve();
          child.once('exit', () => resolve());
          child.kill('SIGTERM');
        }),
    );
    await Promise.race([Promise.all(ends), sleep(STOPS_WITHIN_MS, undefined, { ref: false })]);
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
  }

  /** Ends every child and removes the folder at once: also while this process exits. */
  kill(): void {
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until a program prints something; gives the match. */
export async function untilPrinted(
  program: Program,
  what: RegExp,
  withinMs: number,
): Promise<RegExpExecArray> {
  return until(`${program.name} to print ${what}`, withinMs, program, async () =>
    what.exec(program.output()),
  );
}

/** Waits until something listens on a port of 127.0.0.1. */
export async function untilListening(program: Program, port: number, withinMs: number): Promise<void> {
  await until(`${program.name} to listen on port ${port}`, withinMs, program, () => answers(port));
}

/** Rejects with the name of what was waited for. */
export function within<T>(what: string, withinMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${withinMs / 1000} s in vain for ${what}`)), withinMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function until<T>(
  what: string,
  withinMs: number,
  program: Program,
  probe: () => Promise<T | null>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    const ended = program.hasEnded();
    if (ended || performance.now() > deadline) {
      const how = ended ? 'which ended' : `${withinMs / 1000} s in vain`;
      throw new Error(`waited for ${what}, ${how}; it printed:\n${program.output().slice(-1500)}`);
    }
    await sleep(50);
  }
}

function answers(port: number): Promise<true | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(null));
  });
}
