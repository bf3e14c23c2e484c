/** What a journal says when its files fail. */
import { GatewayError } from '@gatehouse/model';

/** The journal in a folder cannot be written; says why in the system's own word. */
export function journalFailed(cause: Error, dir: string): GatewayError {
  return new GatewayError('audit', 'journal-failed', `the journal in \`${dir}\` cannot be written`, {
    retry: 'safe',
    context: { reason: errorCode(cause) },
    cause,
  });
}

/** The journal in a folder cannot be opened. */
export function journalUnusable(cause: unknown, dir: string): GatewayError {
  return new GatewayError('audit', 'journal-unusable', `the journal in \`${dir}\` cannot be opened`, {
    context: { dir, reason: errorCode(cause) },
    cause,
  });
}

function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).name ?? 'unknown';
}
