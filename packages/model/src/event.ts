import type { Decision } from './decision.ts';
import type { JsonValue } from './json.ts';
import type { Principal } from './principal.ts';
import type { SessionFacts } from './request.ts';
import type { Statement } from './statement.ts';

/**
 * What the gateway records. A statement gives one `intent` before anything of it goes upstream and
 * one `outcome` afterwards, joined by `request`; a denied one too, its outcome being `denied`.
 *
 * The journal adds node, sequence number, time and chain around this body; see packages/audit.
 */
export type AuditBody = LoginBody | LogoutBody | IntentBody | OutcomeBody | ViolationBody | GatewayBody;

export interface LoginBody {
  readonly kind: 'login';
  readonly session: SessionFacts;
  readonly result: 'accepted' | 'refused';
  /** The name that was claimed; `principal` only after proof. */
  readonly claimedName: string;
  readonly principal?: Principal;
  readonly method?: string;
  readonly tokenId?: string;
  readonly error?: string;
}

export interface LogoutBody {
  readonly kind: 'logout';
  readonly session: string;
  readonly reason: string;
  readonly statements: number;
  readonly durationMs: number;
}

/** A parameter of a prepared statement under the setting for literals: the value, its keyed hash, or only its size. */
export type RecordedParameter = JsonValue;

export interface IntentBody {
  readonly kind: 'intent';
  readonly request: string;
  readonly session: SessionFacts;
  readonly principal: Principal;
  readonly statements: readonly Statement[];
  readonly decision: Decision;
  /** How it was sent: `simple`, `prepare`, `execute`, `cursor`, `command`, … in the dialect's own words. */
  readonly via: string;
  /** The statement's text, kept or dropped by the audit settings. */
  readonly text?: string;
  readonly parameters?: readonly RecordedParameter[];
}

export type OutcomeResult = 'ok' | 'error' | 'denied' | 'cut' | 'cancelled' | 'lost' | 'sent';

/** Counters of one request; all are counted by the gateway itself from what passed. */
export interface OutcomeCounts {
  readonly rows: number;
  readonly affectedRows: number;
  readonly maskedCells: number;
  readonly bytes: number;
}

/**
 * What happened. `lost`: the connection ended before the answer. `sent`: the protocol has no answer
 * (w:0). `cut`: a limit ended it. `error` and `code` as the server said it.
 */
export interface OutcomeBody extends OutcomeCounts {
  readonly kind: 'outcome';
  readonly request: string;
  readonly session: string;
  readonly result: OutcomeResult;
  readonly code?: string;
  readonly durationMs: number;
}

/** A client or a server that broke the protocol, a limit or a promise; the session has ended. */
export interface ViolationBody {
  readonly kind: 'violation';
  readonly session: SessionFacts;
  readonly principal?: Principal;
  readonly code: string;
  readonly detail: string;
}

/** What the gateway itself did: started, stopped, policy loaded or refused, token created. */
export interface GatewayBody {
  readonly kind: 'gateway';
  readonly what: string;
  readonly detail: Readonly<Record<string, JsonValue>>;
}
