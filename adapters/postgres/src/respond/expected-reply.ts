import type { RunningRequest } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { NameChange } from '../classify/name-table.ts';
import type { Portal, RunStatement } from '../classify/prepared.ts';
import type { CopyMasker } from './copy-masker.ts';
import type { ExecuteGuard } from './execute-guard.ts';
import type { MaskPlan } from './mask-fields.ts';
import type { WriteGuard } from './write-guard.ts';

/** What the server owes for one message; the kind says which replies end it. */
export type ReplyKind =
  | 'query'
  | 'parse'
  | 'bind'
  | 'close'
  | 'describe-statement'
  | 'describe-portal'
  | 'execute'
  | 'sync';

/**
 * One message that was sent upstream. `hidden` replies belong to the gateway's own words and are not
 * shown; `errorInstead` takes the place of the error that a refused message was made to raise.
 */
export interface ExpectedReply {
  readonly kind: ReplyKind;
  readonly hidden: boolean;
  readonly running: RunningRequest | null;
  readonly errorInstead: Buffer | null;
  /** Takes the place of a success that must not be one: the message was only sent to hear the server's error. */
  readonly onSuccess: Buffer | null;
  /** The statements of the message, in order; `at` counts the ones that are done. */
  readonly run: readonly RunStatement[];
  at: number;
  /** Names that its statements make and remove, for each of them. */
  readonly changes: readonly (readonly NameChange[])[];
  readonly portal: Portal | null;
  plan: MaskPlan | null;
  /** Of the COPY to the client that is under way, when there are masks. */
  copy: CopyMasker | null;
  /** Takes the place of the end of the statement; rows are withheld from now on. */
  cut: GatewayError | null;
  /** The cut has been told to the client; nothing of this message is shown any more. */
  cutTold: boolean;
  failed: boolean;
  /** The request of the message was told its end, which happens once. */
  finished: boolean;
  /** COPY FROM STDIN was asked for and has not ended. */
  readonly takesCopy: boolean;
  /** It belongs to a limited write around which the gateway says something of its own. */
  readonly guard: WriteGuard | ExecuteGuard | null;
}

export type ReplyParts = Partial<
  Pick<
    ExpectedReply,
    'hidden' | 'running' | 'errorInstead' | 'onSuccess' | 'run' | 'changes' | 'portal' | 'takesCopy' | 'guard'
  >
>;

const NONE: readonly never[] = [];

/** An expectation with everything that most messages leave empty. */
export function expectReply(kind: ReplyKind, parts: ReplyParts = {}): ExpectedReply {
  // Written out, because it is made for every message and a spread costs several times as much.
  return {
    kind,
    hidden: parts.hidden ?? false,
    running: parts.running ?? null,
    errorInstead: parts.errorInstead ?? null,
    onSuccess: parts.onSuccess ?? null,
    run: parts.run ?? NONE,
    at: 0,
    changes: parts.changes ?? NONE,
    portal: parts.portal ?? null,
    plan: null,
    copy: null,
    cut: null,
    cutTold: false,
    failed: false,
    finished: false,
    takesCopy: parts.takesCopy ?? false,
    guard: parts.guard ?? null,
  };
}

/** The server has done statement number `index`: its changes of names hold. */
export function confirmChanges({ changes }: ExpectedReply, index: number): void {
  for (const change of changes[index] ?? []) change.table.confirm(change);
}

/** What has not been done by now never will be; changes that were confirmed stay. */
export function dropChanges({ changes }: ExpectedReply): void {
  for (const ofStatement of changes) for (const change of ofStatement) change.table.drop(change);
}
