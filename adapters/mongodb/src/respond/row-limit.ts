import type { RunningRequest } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { ExpectedReply } from './expected-reply.ts';
import type { ReplyFacts } from './read-reply.ts';

/** Counts a reply's documents and cuts it when there are more than allowed, over all batches of a cursor. */
export function limitRows(facts: ReplyFacts, expected: ExpectedReply, running: RunningRequest): void {
  const limit = running.obligations.limits.rows;
  const plan = expected.continues?.plan;
  if (plan !== undefined) plan.rows += facts.documents;
  if (limit === undefined || (plan?.rows ?? running.rows) <= limit) return;
  expected.cut ??= new GatewayError(
    'limit',
    'row-limit',
    `more than ${limit} documents, the limit for you here`,
  );
}
