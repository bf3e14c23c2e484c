import type { ServerKind } from './running-server.ts';

/**
 * No way to start this server was found on this machine.
 *
 * The message names what was tried and the command that brings the server here.
 */
export class MissingServerError extends Error {
  readonly server: ServerKind;
  /** A line to paste into a shell, or what to do where there is none. */
  readonly remedy: string;

  constructor(server: ServerKind, tried: readonly string[], remedy: string) {
    super(`no ${server} server could be started (${tried.join('; ')}); to get one: ${remedy}`);
    this.name = 'MissingServerError';
    this.server = server;
    this.remedy = remedy;
  }
}
