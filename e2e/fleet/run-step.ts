/**
 * Runs a program to its end and gives its output; for the steps around a server (initdb, pip, apt).
 */
import { spawn } from 'node:child_process';

export interface StepOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly runAs?: number | null;
  readonly withinMs?: number;
}

/** Resolves with what the program wrote; throws with the end of it when the exit code is not zero. */
export function runStep(
  command: string,
  args: readonly string[],
  options: StepOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.runAs == null ? {} : { uid: options.runAs, gid: options.runAs }),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const timer = setTimeout(() => child.kill('SIGKILL'), options.withinMs ?? 120_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve(output);
      const tail = output.trim().split('\n').slice(-8).join('\n');
      reject(new Error(`\`${command}\` ended with ${signal ?? `code ${code}`}: ${tail}`));
    });
  });
}
