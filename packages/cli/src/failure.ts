import { GatewayError } from '@gatehouse/model';
import type { Terminal } from './terminal.ts';

/** A command that failed for a reason that was already written; only the exit code is left to set. */
export class CommandFailed extends Error {
  readonly exitCode: number;

  constructor(exitCode = 1) {
    super('command failed');
    this.exitCode = exitCode;
  }
}

/** Writes what went wrong for a person, or as JSON for a script, and gives the exit code. Bugs show their stack; faults do not. */
export function reportFailure(error: unknown, terminal: Terminal, asJson: boolean): number {
  if (error instanceof CommandFailed) return error.exitCode;
  const known = error instanceof GatewayError;
  const message = error instanceof Error ? error.message : String(error);
  if (asJson) terminal.json({ error: { code: known ? error.code : 'internal', message } });
  else terminal.note(`gatehouse: ${message}${known ? ` (${error.code})` : ''}`);
  if (!known && error instanceof Error && !asJson) terminal.note(error.stack ?? '');
  return 1;
}
