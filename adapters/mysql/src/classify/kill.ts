/**
 * KILL, as text and as COM_PROCESS_KILL: the number is the gateway's own (greeting), never the upstream's,
 * and it never goes upstream.
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { RelayCore } from '../relay-core.ts';

export interface Kill {
  readonly id: number;
  readonly how: 'statement' | 'connection';
}

/** Null for a form that names no thread by number (KILL USER, KILL QUERY ID, expressions). */
export function parseKill(text: string): Kill | null {
  const match = /^\s*kill\s+(?:(?:hard|soft)\s+)?(?:(connection|query)\s+)?(\d{1,10})\s*;?\s*$/i.exec(text);
  if (match === null) return null;
  return { id: Number(match[2]), how: match[1]?.toLowerCase() === 'query' ? 'statement' : 'connection' };
}

export function permitKill<Catalog>(
  core: RelayCore<Catalog>,
  kill: Kill | null,
  running: RunningRequest,
  out: Outbox,
): void {
  if (kill === null) {
    core.refusePermitted(running, UNSUPPORTED, out);
    return;
  }
  const result = out.cancelSession(kill.id, kill.how);
  if (result === 'asked') {
    core.answerOk(out);
    out.finish(running, 'ok');
    return;
  }
  const error =
    result === 'unknown-session'
      ? new GatewayError('denied', 'unknown-thread', `Unknown thread id: ${kill.id}`)
      : new GatewayError('denied', 'not-thread-owner', `You are not owner of thread ${kill.id}`);
  core.answerError(error, out);
  out.finish(running, 'error', error.code);
}

const UNSUPPORTED = new GatewayError(
  'unsupported',
  'kill-form-unsupported',
  'only KILL [CONNECTION | QUERY] with the connection id that the gateway showed is supported',
);
