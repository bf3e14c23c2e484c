import type { ClientLogin, Denial, Outbox, PendingRequest, Relay, RunningRequest } from '@gatehouse/adapter';
import {
  type Decision,
  GatewayError,
  type Obligations,
  type OutcomeResult,
  type Principal,
  type SessionFacts,
} from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import type { Database } from '../database.ts';
import { dial } from '../io/dial.ts';
import { Outgoing } from '../io/outgoing.ts';
import type { Peer } from '../io/peer.ts';
import type { GatewayMetrics } from '../metrics.ts';
import { denialOf, probesSpent, unsupportedObligation } from './denial.ts';
import type { JournalPort } from './journal-port.ts';
import type { PolicyPort } from './policy-port.ts';
import type { ProbeMeter } from './probe-meter.ts';
import type { Recorder } from './recorder.ts';
import type { SessionDirectory } from './session-directory.ts';
import { UpstreamGate } from './upstream-gate.ts';

/** Everything that one relay needs; composed by the session when the login is complete. */
export interface RelayFlowParts {
  readonly relay: Relay;
  readonly facts: SessionFacts;
  readonly principal: Principal;
  readonly database: Database;
  readonly policy: PolicyPort;
  readonly journal: JournalPort;
  readonly recorder: Recorder;
  readonly client: Peer;
  readonly upstream: Peer;
  readonly directory: SessionDirectory;
  readonly metrics: GatewayMetrics;
  readonly probeMeter: ProbeMeter;
  readonly knowledgeTimeoutMs: number;
  readonly cancelTimeoutMs: number;
  /** The input may be looked at again. */
  resume(): void;
  /** Ends the session: `error` is told to the client and recorded as a violation when `violation` is set. */
  fail(error: GatewayError, violation: string | null): void;
  /** Ends the session in peace after everything written has left. */
  finish(reason: string): void;
  /** The client said goodbye: what it asked for before still runs. */
  leave(): void;
  /** The client takes another identity; the same frame is then handed to `login`. */
  relogin(login: ClientLogin): void;
}

/** What the pump does after a frame: take the next one, look at this one again later, or stop. */
export type FrameResult = 'next' | 'again' | 'stop';

/**
 * The life of a statement (DESIGN 4): classify, decide, record, enforce. No dialect, no bytes of its own.
 */
export class RelayFlow implements Outbox {
  readonly #parts: RelayFlowParts;
  readonly #gate: UpstreamGate;
  readonly #toClient = new Outgoing();
  readonly #timing = new Map<RunningRequest, Timing>();
  #waits = 0;
  #ending = false;

  constructor(parts: RelayFlowParts) {
    this.#parts = parts;
    this.#gate = new UpstreamGate(
      parts.upstream,
      parts.journal,
      (error) => parts.fail(error, null),
      () => parts.client.hold('back-pressure'),
    );
  }

  /** One frame from the client. */
  onClientFrame(frame: Frame): FrameResult {
    const verdict = this.#parts.relay.classify(frame, this);
    switch (verdict.kind) {
      case 'pass':
        this.#gate.forward(frame);
        return 'next';
      case 'handled':
        return 'next';
      case 'request':
        this.#waits = 0;
        this.#decide(verdict.pending);
        return this.#gate.isWaiting && this.#parts.client.isHeld ? 'stop' : 'next';
      case 'wait':
        return this.#waitFor(verdict.until, verdict.unhurried === true);
      case 'relogin':
        this.#parts.relogin(verdict.login);
        return 'again';
      case 'goodbye':
        this.#gate.forward(frame);
        this.#parts.leave();
        return 'stop';
      case 'violation':
        this.#parts.fail(new GatewayError('protocol', verdict.code, verdict.detail), verdict.detail);
        return 'stop';
    }
  }

  /** One frame from the upstream. */
  onUpstreamFrame(frame: Frame): void {
    this.#parts.relay.reply(frame, this);
  }

  /** Sends what was written in both directions; called at the end of every batch of frames. */
  flush(): void {
    this.#gate.flush();
    if (this.#toClient.length > 0 && !this.#parts.client.write(this.#toClient.take())) {
      this.#parts.upstream.hold('back-pressure');
    }
    if (this.#ending) this.#parts.finish('closed-by-dialect');
  }

  /** Everything that still runs is recorded as lost; nothing more is written. */
  abandon(result: OutcomeResult): void {
    for (const running of [...this.#timing.keys()]) this.#settle(running, result);
  }

  farewell(error: GatewayError): void {
    this.#toClient.push(this.#parts.relay.farewell(error));
    this.#parts.client.write(this.#toClient.take());
  }

  isIdle(): boolean {
    return this.#parts.relay.isIdle();
  }

  // ---- Outbox ----

  client(bytes: Buffer): void {
    this.#toClient.push(bytes);
  }

  forwardToClient(frame: Frame): void {
    this.#toClient.forward(frame);
  }

  upstream(bytes: Buffer): void {
    this.#gate.push(bytes);
  }

  forwardToUpstream(frame: Frame): void {
    this.#gate.forward(frame);
  }

  finish(running: RunningRequest, result: OutcomeResult, code?: string): void {
    this.#settle(running, result, code);
  }

  cancelUpstream(): void {
    const { database, relay, upstream } = this.#parts;
    const plan = relay.cancelPlan();
    switch (plan.via) {
      case 'new-connection':
        this.#sendCancel(plan.bytes);
        return;
      case 'own-connection':
        database.ask(plan.question).catch(() => this.#parts.metrics.cancelFailures.inc());
        return;
      case 'close':
        upstream.destroy();
    }
  }

  cancelSession(id: number, how: 'statement' | 'connection'): 'asked' | 'unknown-session' | 'not-permitted' {
    const entry = this.#parts.directory.find(id);
    if (entry === undefined || entry.principalName === null) return 'unknown-session';
    if (entry.principalName !== this.#parts.principal.name) return 'not-permitted';
    if (how === 'statement') entry.cancelStatement();
    else setImmediate(() => entry.close());
    return 'asked';
  }

  catalogChanged(): void {
    this.#parts.database.catalog.refresh().catch(() => undefined);
  }

  close(): void {
    this.#ending = true;
  }

  // ---- decide, record, enforce ----

  #decide(pending: PendingRequest): void {
    const { principal, facts, policy, database } = this.#parts;
    const decision = policy.decide({ principal, session: facts, statements: pending.statements });
    if (decision.effect !== 'permit') {
      this.#refuse(pending, decision, null);
      return;
    }
    const missing =
      unsupportedObligation(decision.obligations, database.adapter.capabilities) ??
      this.#spendProbes(pending, decision.obligations);
    if (missing !== null) this.#refuse(pending, decision, missing);
    else this.#permit(pending, decision);
  }

  #spendProbes({ phase }: PendingRequest, { probes }: Obligations): GatewayError | null {
    if (probes === undefined || phase !== 'run') return null;
    const { principal, probeMeter, metrics } = this.#parts;
    const spent = probeMeter.spend(principal, probes);
    metrics.maskedProbes.inc({ result: spent === null ? 'counted' : 'refused' });
    return spent === null ? null : probesSpent(spent);
  }

  #permit(pending: PendingRequest, decision: Decision): void {
    const { recorder, relay, metrics } = this.#parts;
    const id = recorder.nextRequestId();
    if (pending.phase === 'run') {
      try {
        recorder.intent(id, pending, decision);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        metrics.decisions.inc({ effect: 'unrecorded' });
        relay.refuse(pending, { requestId: id, error }, this);
        return;
      }
      this.#require(decision.obligations);
      metrics.decisions.inc(PERMIT_LABEL);
    }
    const running = new Running(id, pending.phase, decision.obligations);
    this.#timing.set(running, { startedAt: performance.now(), timer: this.#limitTime(running) });
    relay.permit(pending, running, this);
  }

  #require(obligations: Obligations): void {
    this.#gate.require(obligations.durability);
    if (obligations.durability !== 'synced') return;
    // Nothing behind this statement is looked at until it is on the disk.
    this.#parts.client.hold('durability');
    this.#gate.whenOpen(() => {
      this.#parts.client.release('durability');
      this.#parts.resume();
    });
    this.#gate.flush();
  }

  #refuse(pending: PendingRequest, decision: Decision, missing: GatewayError | null): void {
    const { recorder, relay, metrics } = this.#parts;
    const id = recorder.nextRequestId();
    const denial: Denial = missing === null ? denialOf(id, decision) : { requestId: id, error: missing };
    metrics.decisions.inc({ effect: decision.effect === 'approve' ? 'approve' : 'deny' });
    try {
      recorder.intent(id, pending, missing === null ? decision : { ...decision, effect: 'deny' });
      recorder.denied(id, denial.error.code);
    } catch (error) {
      // It does not run either way; that it was refused unrecorded is counted and logged by the journal.
      if (!(error instanceof GatewayError)) throw error;
      metrics.decisions.inc({ effect: 'unrecorded' });
    }
    relay.refuse(pending, denial, this);
  }

  #settle(running: RunningRequest, result: OutcomeResult, code?: string): void {
    const timing = this.#timing.get(running);
    if (timing === undefined) throw new Error('a request was finished twice or never permitted');
    this.#timing.delete(running);
    clearTimeout(timing.timer);
    if (running.phase === 'prepare') return;
    const durationMs = performance.now() - timing.startedAt;
    const { metrics, recorder } = this.#parts;
    metrics.rows.inc(running.rows);
    if (running.maskedCells > 0) metrics.maskedCells.inc(running.maskedCells);
    metrics.statementSeconds.observe(durationMs / 1000);
    try {
      recorder.outcome(running, result, Math.round(durationMs * 1000) / 1000, code);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // The effect has happened; what cannot be recorded now ends the session so that nothing follows it.
      setImmediate(() => this.#parts.fail(error, null));
    }
  }

  #limitTime(running: Running): NodeJS.Timeout | undefined {
    const { seconds } = running.obligations.limits;
    if (seconds === undefined || running.phase === 'prepare') return undefined;
    return setTimeout(() => {
      const error = new GatewayError(
        'timeout',
        'statement-seconds',
        `statement stopped after ${seconds} s, the limit for you here`,
      );
      this.#guard(() => this.#parts.relay.expire(running, error, this));
    }, seconds * 1000);
  }

  #waitFor(until: Promise<unknown>, isUnhurried: boolean): FrameResult {
    if (!isUnhurried) this.#waits += 1;
    if (this.#waits > MAX_WAITS) throw new Error('a frame waited for knowledge without end');
    const { client, knowledgeTimeoutMs, resume } = this.#parts;
    client.hold('knowledge');
    let done = false;
    const go = (): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      client.release('knowledge');
      resume();
    };
    // Late or failed knowledge is no knowledge: the frame is classified again and unknown stays unknown.
    const timer = isUnhurried ? undefined : setTimeout(go, knowledgeTimeoutMs);
    until.then(go, go);
    return 'again';
  }

  #sendCancel(bytes: Buffer): void {
    const { database, cancelTimeoutMs, metrics } = this.#parts;
    dial(database.upstream.host, database.upstream.port, cancelTimeoutMs).then(
      (socket) => {
        socket.on('error', () => metrics.cancelFailures.inc());
        socket.end(bytes);
      },
      () => metrics.cancelFailures.inc(),
    );
  }

  /** Runs adapter code outside a batch of frames with the same safety. */
  #guard(work: () => void): void {
    try {
      work();
      this.flush();
    } catch (error) {
      this.#parts.fail(asFault(error), 'internal');
    }
  }
}

interface Timing {
  readonly startedAt: number;
  readonly timer: NodeJS.Timeout | undefined;
}

class Running implements RunningRequest {
  readonly id: string;
  readonly phase: PendingRequest['phase'];
  readonly obligations: Obligations;
  rows = 0;
  affectedRows = 0;
  maskedCells = 0;
  bytes = 0;

  constructor(id: string, phase: PendingRequest['phase'], obligations: Obligations) {
    this.id = id;
    this.phase = phase;
    this.obligations = obligations;
  }
}

/** Anything thrown on the data path, as the fault that ends the session (invariant I3). */
export function asFault(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const wire = error instanceof Error && error.name === 'WireError';
  return wire
    ? new GatewayError(
        'protocol',
        'malformed-frame',
        `message does not follow the protocol: ${error.message}`,
        { cause: error },
      )
    : new GatewayError(
        'internal',
        'internal-error',
        'the gateway met an internal error and closed this session',
        { cause: error },
      );
}

const PERMIT_LABEL = { effect: 'permit' } as const;
const MAX_WAITS = 4;
