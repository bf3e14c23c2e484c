import type { PendingRequest, RunningRequest } from '@gatehouse/adapter';
import type {
  AuditBody,
  Decision,
  JsonValue,
  OutcomeResult,
  Principal,
  RecordedParameter,
  SessionFacts,
} from '@gatehouse/model';
import type { JournalPort } from './journal-port.ts';

/** What the audit keeps of literals; invariant I7: decided here, where the event is built. */
export interface RecorderSettings {
  readonly keepTexts: boolean;
  /** Gives what is recorded for one parameter, or undefined when parameters are not kept. */
  readonly parameter: ((value: RecordedParameter) => JsonValue) | null;
}

/** Builds the events of one session and gives them to the journal. Every method may throw GatewayError of kind `audit`. */
export class Recorder {
  readonly #journal: JournalPort;
  readonly #settings: RecorderSettings;
  readonly #session: SessionFacts;
  readonly #principal: Principal;
  readonly #startedAt = performance.now();
  #requests = 0;

  constructor(journal: JournalPort, settings: RecorderSettings, session: SessionFacts, principal: Principal) {
    this.#journal = journal;
    this.#settings = settings;
    this.#session = session;
    this.#principal = principal;
  }

  get statements(): number {
    return this.#requests;
  }

  /** A request id that is unique for ever: the session's id and a number inside it. */
  nextRequestId(): string {
    this.#requests += 1;
    return `${this.#session.id}-${this.#requests}`;
  }

  intent(requestId: string, pending: PendingRequest, decision: Decision): void {
    const text = this.#settings.keepTexts ? pending.text() : undefined;
    const parameters = this.#parameters(pending);
    this.#append({
      kind: 'intent',
      request: requestId,
      session: this.#session,
      principal: this.#principal,
      statements: pending.statements,
      decision,
      via: pending.via,
      ...(text === undefined ? {} : { text }),
      ...(parameters === undefined ? {} : { parameters }),
    });
  }

  outcome(running: RunningRequest, result: OutcomeResult, durationMs: number, code?: string): void {
    this.#append({
      kind: 'outcome',
      request: running.id,
      session: this.#session.id,
      result,
      rows: running.rows,
      affectedRows: running.affectedRows,
      maskedCells: running.maskedCells,
      bytes: running.bytes,
      durationMs,
      ...(code === undefined ? {} : { code }),
    });
  }

  denied(requestId: string, code: string): void {
    this.#append({
      kind: 'outcome',
      request: requestId,
      session: this.#session.id,
      result: 'denied',
      rows: 0,
      affectedRows: 0,
      maskedCells: 0,
      bytes: 0,
      durationMs: 0,
      code,
    });
  }

  violation(code: string, detail: string): void {
    this.#append({ kind: 'violation', session: this.#session, principal: this.#principal, code, detail });
  }

  logout(reason: string): void {
    this.#append({
      kind: 'logout',
      session: this.#session.id,
      reason,
      statements: this.#requests,
      durationMs: Math.round(performance.now() - this.#startedAt),
    });
  }

  #parameters(pending: PendingRequest): readonly JsonValue[] | undefined {
    const { parameter } = this.#settings;
    return parameter === null ? undefined : pending.parameters()?.map(parameter);
  }

  #append(body: AuditBody): void {
    this.#journal.append(body);
  }
}
