import { randomBytes } from 'node:crypto';
import {
  GatewayError,
  NO_OBLIGATIONS,
  type Obligations,
  type OutcomeResult,
  type Principal,
} from '@gatehouse/model';
import { DEFAULT_FRAME_LIMITS, type Frame, type FrameLimits } from '@gatehouse/wire';
import type { Adapter, DialectSession } from '../adapter.ts';
import type { CatalogHolder, ServerFacts } from '../catalog.ts';
import type { Credentials, UpstreamCredential } from '../credentials.ts';
import type { LoginStep, UpstreamLogin, UpstreamStep } from '../login.ts';
import type { Outbox, PendingRequest, Relay, RunningRequest } from '../relay.ts';

/** The other end of the adapter's upstream side: bytes in, the bytes that a real server would send out. */
export interface ScriptedServer {
  /** Sent at once when the connection is there; for protocols in which the server speaks first. */
  greeting?(): Buffer;
  receive(bytes: Buffer): Buffer;
}

export type BenchVerdict =
  | { readonly effect: 'permit'; readonly obligations?: Partial<Obligations> }
  | { readonly effect: 'deny'; readonly error: GatewayError };

export interface BenchOptions {
  readonly adapter: Adapter;
  readonly catalog: unknown;
  readonly serverFacts: ServerFacts;
  readonly server: ScriptedServer;
  readonly credentials: Credentials;
  readonly upstreamCredential: UpstreamCredential;
  readonly limits?: FrameLimits;
  readonly options?: Readonly<Record<string, unknown>>;
  decide(pending: PendingRequest): BenchVerdict;
}

export interface Finished {
  readonly running: RunningRequest;
  readonly result: OutcomeResult;
  readonly code: string | undefined;
}

/**
 * Drives one session of an adapter in memory, keeping the gateway's part of the contract: every
 * request is answered with `permit` or `refuse` before the next frame, and nothing else is ever called
 * out of turn. Upstream bytes go to the scripted server, whose answer is held until `settle`.
 */
export class AdapterBench implements Outbox {
  readonly dialect: DialectSession;
  readonly finished: Finished[] = [];
  readonly permitted: RunningRequest[] = [];
  /** What the upstream had been sent when each request was decided. */
  readonly upstreamAtDecision: number[] = [];
  readonly violations: string[] = [];
  readonly cancels: string[] = [];
  readonly #options: BenchOptions;
  #relay: Relay | null = null;
  #upstreamLogin: UpstreamLogin | null = null;
  #phase: 'login' | 'upstream' | 'relay' | 'closed' = 'login';
  #client: Buffer[] = [];
  #toServer: Buffer[] = [];
  #serverSent = 0;
  #requests = 0;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.dialect = options.adapter.createSession({
      limits: options.limits ?? DEFAULT_FRAME_LIMITS,
      tlsAvailable: false,
      tlsRequired: false,
      serverFacts: options.serverFacts,
      advertisedAddress: '127.0.0.1:1',
      sessionNumber: 7,
      maskingKey: Buffer.alloc(32, 1),
      options: options.options ?? {},
      randomBytes,
    });
    this.dialect.clientLogin.greet(this);
  }

  get phase(): string {
    return this.#phase;
  }

  get relay(): Relay {
    if (this.#relay === null) throw new Error('not logged in');
    return this.#relay;
  }

  /** Bytes sent upstream since the login was complete. */
  get upstreamBytes(): number {
    return this.#serverSent;
  }

  /** Everything the client was sent since the last call. */
  takeClient(): Buffer {
    const bytes = Buffer.concat(this.#client);
    this.#client = [];
    return bytes;
  }

  /** Client bytes, in pieces of `chunk` bytes. The server answers only in `settle`. */
  send(bytes: Buffer, chunk = bytes.length): void {
    for (let at = 0; at < bytes.length && this.#isOpen(); at += chunk) {
      this.dialect.clientCodec.push(Buffer.from(bytes.subarray(at, at + chunk)));
      while (this.#isOpen() && this.dialect.clientCodec.next())
        this.#clientFrame(this.dialect.clientCodec.frame);
    }
  }

  /** Lets the scripted server answer until nothing is left to say; its bytes come in pieces of `chunk`. */
  settle(chunk = Number.POSITIVE_INFINITY): void {
    while (this.#toServer.length > 0 && this.#isOpen()) {
      const bytes = Buffer.concat(this.#toServer);
      this.#toServer = [];
      this.receive(this.#options.server.receive(bytes), chunk);
    }
  }

  /** Bytes from the upstream. */
  receive(bytes: Buffer, chunk = Number.POSITIVE_INFINITY): void {
    const size = Math.min(chunk, Math.max(1, bytes.length));
    for (let at = 0; at < bytes.length && this.#isOpen(); at += size) {
      this.dialect.upstreamCodec.push(Buffer.from(bytes.subarray(at, at + size)));
      while (this.#isOpen() && this.dialect.upstreamCodec.next())
        this.#upstreamFrame(this.dialect.upstreamCodec.frame);
    }
  }

  // ---- Outbox ----

  client(bytes: Buffer): void {
    this.#client.push(Buffer.from(bytes));
  }

  forwardToClient(frame: Frame): void {
    this.client(frame.bytes.subarray(frame.start, frame.end));
  }

  upstream(bytes: Buffer): void {
    if (this.#phase === 'relay') this.#serverSent += bytes.length;
    this.#toServer.push(Buffer.from(bytes));
  }

  forwardToUpstream(frame: Frame): void {
    this.upstream(frame.bytes.subarray(frame.start, frame.end));
  }

  finish(running: RunningRequest, result: OutcomeResult, code?: string): void {
    this.finished.push({ running, result, code });
  }

  cancelUpstream(): void {
    this.cancels.push(this.relay.cancelPlan().via);
  }

  cancelSession(): 'unknown-session' {
    return 'unknown-session';
  }

  catalogChanged(): void {}

  close(): void {
    this.#phase = 'closed';
  }

  // ---- the gateway's part ----

  #isOpen(): boolean {
    return this.#phase !== 'closed';
  }

  #clientFrame(frame: Frame): void {
    if (this.#phase === 'login') {
      this.#login(this.dialect.clientLogin.receive(frame, this));
      return;
    }
    const verdict = this.relay.classify(frame, this);
    switch (verdict.kind) {
      case 'pass':
        this.forwardToUpstream(frame);
        return;
      case 'request':
        this.#decide(verdict.pending);
        return;
      case 'violation':
        this.violations.push(verdict.code);
        this.#phase = 'closed';
        return;
      case 'goodbye':
        this.#phase = 'closed';
        return;
      case 'wait':
      case 'relogin':
        throw new Error(`the bench does not play \`${verdict.kind}\``);
      case 'handled':
    }
  }

  #decide(pending: PendingRequest): void {
    this.upstreamAtDecision.push(this.#serverSent);
    const verdict = this.#options.decide(pending);
    this.#requests += 1;
    const id = `r-${this.#requests}`;
    if (verdict.effect === 'deny') {
      this.relay.refuse(pending, { requestId: id, error: verdict.error }, this);
      return;
    }
    const running: RunningRequest = {
      id,
      phase: pending.phase,
      obligations: { ...NO_OBLIGATIONS, ...verdict.obligations },
      rows: 0,
      affectedRows: 0,
      maskedCells: 0,
      bytes: 0,
    };
    this.permitted.push(running);
    this.relay.permit(pending, running, this);
  }

  #login(step: LoginStep): void {
    switch (step.kind) {
      case 'identify':
        this.#login(this.dialect.clientLogin.identified(this.#options.credentials, this));
        return;
      case 'proved':
        this.#openUpstream();
        return;
      case 'failed':
        this.dialect.clientLogin.reject(
          new GatewayError('authentication', 'authentication-failed', 'login failed'),
          this,
        );
        this.#phase = 'closed';
        return;
      case 'violation':
        this.violations.push(step.code);
        this.#phase = 'closed';
        return;
      case 'close':
      case 'cancel':
        this.#phase = 'closed';
        return;
      case 'start-tls':
        throw new Error('the bench has no TLS');
      case 'more':
    }
  }

  #openUpstream(): void {
    this.#phase = 'upstream';
    this.#upstreamLogin = this.dialect.openUpstream({
      database: 'main',
      credential: this.#options.upstreamCredential,
      tls: 'disable',
    });
    this.#upstreamStep(this.#upstreamLogin.start(this));
    const greeting = this.#options.server.greeting?.();
    if (greeting !== undefined) this.receive(greeting);
    this.settle();
  }

  #upstreamFrame(frame: Frame): void {
    if (this.#relay !== null) this.#relay.reply(frame, this);
    else this.#upstreamStep(this.#upstreamLogin!.receive(frame, this));
  }

  #upstreamStep(step: UpstreamStep): void {
    if (step.kind === 'failed') {
      this.dialect.clientLogin.reject(step.error, this);
      this.#phase = 'closed';
    }
    if (step.kind !== 'ready') return;
    const principal: Principal = { kind: 'human', name: 'ana', groups: [], claims: {} };
    const admission = { principal, cancelKey: { id: 7, secret: Buffer.alloc(32, 2) } };
    this.dialect.clientLogin.admit(admission, this);
    const catalog: CatalogHolder<unknown> = {
      current: () => this.#options.catalog,
      revision: 1,
      refresh: async () => undefined,
    };
    this.#relay = this.dialect.openRelay(admission, catalog);
    this.#phase = 'relay';
  }
}
