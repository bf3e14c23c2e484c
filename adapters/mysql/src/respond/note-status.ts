/**
 * Keeps the server status that the upstream reports, and stops a session whose upstream has begun to
 * read statements differently.
 */
import { GatewayError } from '@gatehouse/model';
import { STATUS } from '../messages/status-flags.ts';
import type { SessionState } from '../session-state.ts';

/** For replies behind which the pins are set again: the modes may be the server's defaults until then. */
export function noteUnpinnedStatus(session: SessionState, status: number): void {
  session.status = status & ~(STATUS.noBackslashEscapes | STATUS.ansiQuotes);
}

/** SECURITY: last line behind the pins (`ends the session when the upstream reports NO_BACKSLASH_ESCAPES or ANSI_QUOTES`). */
export function noteStatus(session: SessionState, status: number): void {
  if ((status & (STATUS.noBackslashEscapes | STATUS.ansiQuotes)) !== 0)
    throw new GatewayError(
      'unavailable',
      'upstream-mode-changed',
      'the database began to read statements differently',
    );
  session.status = status;
}
