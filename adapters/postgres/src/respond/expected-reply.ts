import type { RunningRequest } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { AnalyzedStatement, SessionEffect } from '@gatehouse/sql';
import type { Portal } from '../classify/prepared.ts';
import type { MaskPlan } from './mask-plan.ts';

/** What the server owes for one message; the kind says which replies end it. */
export type ReplyKind =
  | 'query'
  | 'parse'
  | 'bind'
  | 'close'
  | 'describe-statement'
  | 'describe-portal'
  | 'execute'
  | 'sync'
  | 'function';

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
  readonly statements: readonly AnalyzedStatement[];
  at: number;
  readonly portal: Portal | null;
  plan: MaskPlan | null;
  /** Takes the place of the end of the statement; rows are withheld from now on. */
  cut: GatewayError | null;
  /** The cut has been told to the client. */
  cutTold: boolean;
  /** Runs when the message succeeded. */
  readonly done: (() => void) | null;
  failed: boolean;
  /** Replaces the effects of `statements` for EXECUTE and FETCH, which stand for another text. */
  readonly effects: readonly SessionEffect[];
}

/** An expectation with everything that most messages leave empty. */
export function expectReply(kind: ReplyKind, parts: Partial<ExpectedReply> = {}): ExpectedReply {
  return {
    kind,
    hidden: false,
    running: null,
    errorInstead: null,
    onSuccess: null,
    statements: [],
    at: 0,
    portal: null,
    plan: null,
    cut: null,
    cutTold: false,
    done: null,
    failed: false,
    effects: [],
    ...parts,
  };
}
