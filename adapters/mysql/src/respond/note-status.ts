/**
 * Keeps the server status that the upstream reports, and stops a session whose upstream has begun to
 * read statements differently.
 */
import { GatewayError } from '@gatehouse/model';
import { STATUS } from '../messages/status-flags.ts';
import type { SessionState } from '../session-state.ts';

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
