/**
 * Runs a program with its output shown; for the tools of this folder.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Resolves with the exit code (128 plus the number of the signal that ended it); never throws for a failed
 * program. `quiet` collects the output instead of showing it and gives it back.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { cwd, env, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['inherit', 'pipe', 'pipe'] : 'inherit',
    });
    let output = '';
    if (quiet) {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          output += text;
        });
      }
    }
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.once('close', (code, signal) => resolve({ code: code ?? 128 + constants.signals[signal], output }));
  });
}
