import type { RunningRequest } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { ReplyShape } from '../classify/command-reader.ts';
import type { CursorPlan } from './open-work.ts';

/** One answer that the server owes. */
export interface ExpectedReply {
  readonly requestId: number;
  /** Null for the gateway's own words, whose answer nobody sees. */
  readonly running: RunningRequest | null;
  readonly shape: ReplyShape;
  /** The cursor that this request continues, or null. */
  readonly continues: { readonly id: bigint; readonly plan: CursorPlan } | null;
  /** What a cursor of this answer will be; null where none can be opened. */
  readonly opens: Pick<CursorPlan, 'statement' | 'reply'> | null;
  /** The logical session (`lsid`) of the request, for stopping it. */
  readonly session: Buffer | null;
  /** Takes the place of the answer. */
  cut: GatewayError | null;
  readonly changesCatalog: boolean;
}
