import type { WorkerAlert } from '../queue/audit-worker.ts';

/** A logger as pino is one. */
export interface AuditLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Writes what a worker tells to a log. */
export function logAlert(log: AuditLog, alert: WorkerAlert): void {
  switch (alert.kind) {
    case 'conflict':
      log.error({ job: alert.job, events: alert.events }, 'audit: two different events have one number');
      return;
    case 'broken-chain':
      log.error({ job: alert.job, events: alert.events }, 'audit: the chain of stored events is broken');
      return;
    case 'malformed-job':
      log.error({ job: alert.job, lines: alert.lines }, 'audit: a job with something that is no event');
      return;
    case 'refused-events':
      log.error(
        { job: alert.job, events: alert.events, err: alert.error },
        'audit: events that the store will never take',
      );
      return;
    case 'store-unavailable':
      log.error({ err: alert.error }, 'audit: the store takes nothing; events wait in the queue');
      return;
    case 'store-recovered':
      log.info({}, 'audit: the store takes events again');
      return;
    case 'queue-unavailable':
      log.warn({ err: alert.error }, 'audit: the worker has lost the queue');
  }
}
