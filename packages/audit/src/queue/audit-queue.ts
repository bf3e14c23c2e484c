/**
 * What producers and workers of the audit queue agree on.
 *
 * One job is one batch of lines of one node. Jobs are removed when they are done and kept for ever
 * when they fail for good, which only a job that nobody here has written does.
 */
import type { JobsOptions } from 'bullmq';

export const QUEUE = 'gatehouse-audit';
/** Braces keep all keys of the queue in one slot of a cluster. */
export const QUEUE_PREFIX = '{audit}';

export interface AuditJob {
  readonly v: 1;
  readonly node: string;
  readonly first: number;
  readonly last: number;
  readonly lines: readonly string[];
}

export const JOB_OPTIONS: JobsOptions = {
  attempts: 1_000_000_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: false,
};

/** The same batch gives the same id, so that it waits in the queue once. Must not hold a colon. */
export function jobId(node: string, first: number, last: number): string {
  return `${node}.${first}-${last}`;
}

/** Gives the lines of a job, or null for something else. */
export function jobLines(data: unknown): readonly string[] | null {
  if (typeof data !== 'object' || data === null) return null;
  const { v, lines } = data as Record<string, unknown>;
  if (v !== 1 || !Array.isArray(lines)) return null;
  return lines.every((line): line is string => typeof line === 'string') ? lines : null;
}
