import type {
  GatewayError,
  Obligations,
  OutcomeResult,
  RecordedParameter,
  Statement,
} from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import type { ClientLogin } from './login.ts';

/**
 * Classifier and Responder of one logged-in session, without I/O.
 *
 * The gateway calls `classify` for each client frame in order and acts on the verdict; it calls
 * `reply` for each upstream frame in order. Both see the same session state (prepared statements,
 * portals, cursors, the queue of replies that are still expected), which belongs to the adapter.
 *
 * *Requires* (the gateway's part):
 * - `permit` or `refuse` is called for every `request` verdict, before the next `classify`, with the
 *   same frame still in the codec. Nothing that `permit` writes upstream leaves before the intent is recorded.
 * - what goes to `out` in one call leaves in that order; bytes for the client never overtake bytes written before.
 *
 * *Behaviour* (the adapter's part):
 * - a frame that can have an effect is only ever forwarded from `permit`;
 * - after `refuse` the client sees the error at the place where the reply of the refused message would have
 *   stood, everything sent before it still runs and is answered, the session is in step, and the
 *   transaction state that the client is told is the upstream's real one;
 * - every `RunningRequest` given to `permit` is finished exactly once through `out.finish`, also when a later one overtakes it;
 * - a mask is applied to every value that leaves, or the value does not leave: where the origin of an
 *   output cannot be established and masks are in force for the request, the rows are withheld and the client gets `masked-origin-unknown`;
 * - anything thrown ends the session (invariant I3): nothing further is forwarded in either direction.
 */
export interface Relay {
  classify(frame: Frame, out: Outbox): Verdict;
  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void;
  refuse(pending: PendingRequest, denial: Denial, out: Outbox): void;
  reply(frame: Frame, out: Outbox): void;
  /** A time limit of this request has passed: its remaining rows are withheld, `error` takes the place of its end, `out.cancelUpstream` is asked for. */
  expire(running: RunningRequest, error: GatewayError, out: Outbox): void;
  /** How a running statement of this session is stopped at the upstream. */
  cancelPlan(): CancelPlan;
  /** The last words to the client (shutdown, upstream lost, violation); empty where none can be said in step (in the middle of a frame). */
  farewell(error: GatewayError): Buffer;
  /** True when nothing is running and no transaction is open: the moment for a graceful shutdown. */
  isIdle(): boolean;
  /** Requests that were permitted and are not finished; the gateway records them as `lost` when the session ends. */
  running(): readonly RunningRequest[];
}

/** Where a relay writes. Frames are forwarded as received and joined into as few writes as possible. */
export interface Outbox {
  /** Own bytes for the client, behind everything that was forwarded before. */
  client(bytes: Buffer): void;
  /** The frame (or piece) just handed to `reply`, unchanged, to the client. */
  forwardToClient(frame: Frame): void;
  /** Own bytes for the upstream. */
  upstream(bytes: Buffer): void;
  /** The frame (or piece) just handed to `classify`, unchanged, to the upstream. */
  forwardToUpstream(frame: Frame): void;
  /** A request has ended; its counters are final. `code` is the server's own error code. */
  finish(running: RunningRequest, result: OutcomeResult, code?: string): void;
  /** Stop what this session runs at the upstream, by its `cancelPlan`. */
  cancelUpstream(): void;
  /** Stop what another session of the same principal runs, by the number that the gateway gave it. */
  cancelSession(id: number, how: 'statement' | 'connection'): 'asked' | 'unknown-session' | 'not-permitted';
  /** Objects at the upstream have changed: the shared catalog is read again. */
  catalogChanged(): void;
  /** Ends the session after everything written so far has been sent. */
  close(): void;
}

export type Verdict =
  /** No effect of its own: the gateway forwards the frame to the upstream as received. */
  | { readonly kind: 'pass' }
  /** The adapter has done what there was to do (answered itself, swallowed, buffered). */
  | { readonly kind: 'handled' }
  | { readonly kind: 'request'; readonly pending: PendingRequest }
  /**
   * Knowledge is missing: the session's input waits (bounded by the gateway), then the same frame is classified again.
   * `unhurried`: it waits as long as it takes, because going on would be wrong; only for what the upstream's answer
   * settles, which a time limit, a cancel or the end of a connection brings about.
   */
  | { readonly kind: 'wait'; readonly until: Promise<unknown>; readonly unhurried?: true }
  /**
   * The client takes another identity on the same connection: everything that runs is given up, the
   * upstream is closed, and `login` goes through the same steps as the first one, beginning with
   * `receive` of this very frame. `openUpstream` and `openRelay` follow with fresh state.
   */
  | { readonly kind: 'relogin'; readonly login: ClientLogin }
  /** The client says goodbye. */
  | { readonly kind: 'goodbye' }
  /** The session ends: the client gets the farewell with this code, the audit the detail (no values). */
  | { readonly kind: 'violation'; readonly code: string; readonly detail: string };

export const PASS: Verdict = { kind: 'pass' };
export const HANDLED: Verdict = { kind: 'handled' };

/** What a client message would do, waiting for its decision. Adapters extend it with what they need to go on. */
export interface PendingRequest {
  readonly statements: readonly Statement[];
  /** How it was sent, in the dialect's own words: `simple`, `parse`, `execute`, `com-query`, `op-msg`, … */
  readonly via: string;
  /**
   * `prepare`: decided so that what is forbidden is refused early, recorded only when denied, and
   * decided again when it runs; no `RunningRequest` outlives it (it is finished without an event).
   */
  readonly phase: 'prepare' | 'run';
  /** The statement's text, asked for only when the audit keeps texts. */
  text(): string | undefined;
  /** Parameters in order, asked for only when the audit keeps them. */
  parameters(): readonly RecordedParameter[] | undefined;
}

/** One permitted request on its way. Counters are written by the adapter as replies pass. */
export interface RunningRequest {
  readonly id: string;
  readonly phase: PendingRequest['phase'];
  readonly obligations: Obligations;
  rows: number;
  affectedRows: number;
  maskedCells: number;
  bytes: number;
}

/** A refusal to be worded. `error.kind` is `denied`, `needs-approval`, `audit`, `overloaded` …; message and hint are for the client. */
export interface Denial {
  readonly requestId: string;
  readonly error: GatewayError;
  readonly hint?: string;
}

export type CancelPlan =
  /** Open a second connection to the upstream, send these bytes, close it. */
  | { readonly via: 'new-connection'; readonly bytes: Buffer }
  /** Ask on the gateway's own connection; `question` is what the dialect's catalog connection understands. */
  | { readonly via: 'own-connection'; readonly question: unknown }
  /** Only closing the upstream connection stops it. */
  | { readonly via: 'close' };
