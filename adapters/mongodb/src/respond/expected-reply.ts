import type { RunningRequest } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { ReplyShape } from '../classify/classify-command.ts';
import type { CursorPlan } from './cursor-table.ts';

/** One answer that the server owes. */
export interface ExpectedReply {
  readonly requestId: number;
  /** Null for the gateway's own words, whose answer nobody sees. */
  readonly running: RunningRequest | null;
  readonly shape: ReplyShape;
  /** The cursor that this request continues, or null. */
  readonly cursor: CursorPlan | null;
  /** What a cursor of this answer will be. */
  readonly opens: Pick<CursorPlan, 'statement' | 'namespace'> | null;
  /** Takes the place of the answer. */
  cut: GatewayError | null;
  readonly changesCatalog: boolean;
}
