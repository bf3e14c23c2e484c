import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Admission, ClientLogin, DialectSession } from '@gatehouse/adapter';
import { GatewayError, type Principal, type SessionFacts } from '@gatehouse/model';
import type { Logger } from 'pino';
import type { Database } from '../database.ts';
import { Peer } from '../io/peer.ts';
import type { Listener } from '../listener.ts';
import { type Accepted, LoginFlow } from '../login/login-flow.ts';
import { Recorder } from './recorder.ts';
import { asFault, type FrameResult, RelayFlow } from './relay-flow.ts';
import type { GatewayServices } from './services.ts';
import { openUpstreamConnection } from './upstream-connection.ts';

/**
 * One client connection from accept to close: first a login, then a relay, perhaps a login again.
 *
 * ```text
 * accept -> login --proved--> upstream login -> admitted -> relay -> closed
 *             |                    |                          |  \-- relogin -> login
 *             +--- rejected <------+                          +----- violation, upstream lost, shutdown
 * ```
 *
 * Owns both sockets and the pump that takes frames out of the codecs; what frames mean is decided by
 * the flow of the moment. All handlers run to their end synchronously.
 */
export class ClientSession {
  readonly number: number;
  readonly secret: Buffer;
  readonly #services: GatewayServices;
  readonly #listener: Listener;
  readonly #dialect: DialectSession;
  readonly #client: Peer;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #address: string;
  #login: LoginFlow | null;
  #relay: RelayFlow | null = null;
  #recorder: Recorder | null = null;
  #facts: SessionFacts | null = null;
  #principal: Principal | null = null;
  #upstream: Peer | null = null;
  #tokenId: string | null = null;
  #expiry: NodeJS.Timeout | undefined;
  #pumping = false;
  #again = false;
  #ended = false;
  #leaving = false;
  #generation = 0;

  constructor(socket: Socket, listener: Listener, services: GatewayServices) {
    this.number = services.directory.reserve();
    this.secret = randomBytes(32);
    this.#services = services;
    this.#listener = listener;
    this.#address = socket.remoteAddress ?? 'unknown';
    this.#log = services.log.child({ session: this.number, listener: listener.name });
    this.#dialect = listener.adapter.createSession({
      limits: services.limits.frames,
      tlsAvailable: listener.tls !== null,
      tlsRequired: listener.tlsRequired,
      serverFacts: listener.defaultDatabase().serverFacts(),
      advertisedAddress: `${socket.localAddress ?? 'localhost'}:${socket.localPort ?? listener.port}`,
      sessionNumber: this.number,
      maskingKey: services.maskingKey,
      options: listener.options,
      randomBytes,
    });
    this.#client = new Peer(socket, {
      data: (chunk) => this.#clientData(chunk),
      drained: () => this.#clientDrained(),
      closed: (error) => this.end(error === null ? 'client-closed' : 'client-lost'),
    });
    services.directory.add(this);
    this.#login = this.#createLogin(this.#dialect.clientLogin);
    this.#guard(() => this.#login!.begin());
  }

  get principalName(): string | null {
    return this.#principal?.name ?? null;
  }

  isIdle(): boolean {
    return this.#relay === null || this.#relay.isIdle();
  }

  cancelStatement(): void {
    this.#guard(() => this.#relay?.cancelUpstream());
  }

  close(): void {
    this.fail(
      new GatewayError('shutdown', 'session-closed', 'this session was closed', { retry: 'safe' }),
      null,
    );
  }

  /** Tells the client why, as far as it can be told in step, and ends the session. */
  fail(error: GatewayError, violation: string | null): void {
    if (this.#ended) return;
    this.#log.warn(
      { code: error.code, detail: violation, err: error.kind === 'internal' ? error.cause : undefined },
      'session failed',
    );
    if (violation !== null) {
      this.#services.metrics.violations.inc({ code: error.code });
      this.#record(() => this.#recordViolation(error.code, violation));
    }
    try {
      if (this.#relay !== null) this.#relay.farewell(error);
      else this.#login?.reject(error);
    } catch (cause) {
      this.#log.error({ err: cause }, 'no last words');
    }
    this.end(error.code);
  }

  /** Ends the session: what runs is recorded as lost, both sockets close. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    this.#services.directory.remove(this.number);
    this.#login?.ended();
    clearTimeout(this.#expiry);
    this.#record(() => {
      this.#relay?.abandon('lost');
      this.#recorder?.logout(reason);
    });
    this.#upstream?.end();
    this.#client.end();
    this.#listener.sessionEnded(this);
  }

  /** Asks again whether the token and the principal behind this session are still good; ends it when they are not. */
  async recheck(): Promise<void> {
    if (this.#tokenId === null || this.#ended) return;
    const acceptance = await this.#services.authenticator.recheck(this.#tokenId);
    if (acceptance.kind === 'refused') this.fail(loginEnded(acceptance.reason), null);
  }

  // ---- client side ----

  #clientData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#guard(() => {
      this.#dialect.clientCodec.push(chunk);
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      const codec = this.#dialect.clientCodec;
      while (!this.#ended && !this.#client.isHeld && (this.#again || codec.next())) {
        this.#again = false;
        const result = this.#clientFrame();
        if (result === 'again') this.#again = true;
        if (result === 'stop') break;
      }
      if (!this.#ended) this.#relay?.flush();
    } finally {
      this.#pumping = false;
    }
  }

  #clientFrame(): FrameResult {
    const frame = this.#dialect.clientCodec.frame;
    if (this.#relay !== null) return this.#relay.onClientFrame(frame);
    return this.#login!.onFrame(frame);
  }

  #resume(): void {
    if (!this.#ended) this.#guard(() => this.#pump());
  }

  #clientDrained(): void {
    this.#upstream?.release('back-pressure');
    if (this.#upstream !== null && !this.#upstream.isHeld) this.#guard(() => this.#upstreamFrames());
  }

  // ---- upstream side ----

  #upstreamData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#guard(() => {
      this.#dialect.upstreamCodec.push(chunk);
      this.#upstreamFrames();
    });
  }

  #upstreamFrames(): void {
    const relay = this.#relay;
    if (relay === null) return;
    const codec = this.#dialect.upstreamCodec;
    while (!this.#ended && codec.next()) relay.onUpstreamFrame(codec.frame);
    if (!this.#ended) relay.flush();
  }

  #upstreamClosed(): void {
    if (this.#ended) return;
    if (this.#leaving) {
      this.end('client-left');
      return;
    }
    this.fail(
      new GatewayError('unavailable', 'upstream-lost', 'the database closed the connection', {
        retry: 'unknown',
      }),
      null,
    );
  }

  // ---- phases ----

  #createLogin(clientLogin: ClientLogin): LoginFlow {
    return new LoginFlow({
      clientLogin,
      dialect: this.#dialect,
      client: this.#client,
      listener: this.#listener,
      services: this.#services,
      address: this.#address,
      log: this.#log,
      cancel: (id, secret) => this.#services.directory.findByKey(id, secret)?.cancelStatement(),
      resume: () => this.#resume(),
      end: (reason) => this.end(reason),
      proved: (acceptance, facts, database) => this.#connect(acceptance, facts, database),
    });
  }

  /** The client is who it says and may connect: opens its upstream, then admits it. */
  async #connect(acceptance: Accepted, facts: SessionFacts, database: Database): Promise<void> {
    const { upstream: address } = database;
    const generation = this.#generation;
    const login = this.#dialect.openUpstream({
      database: address.database,
      credential: address.credential,
      tls: address.tls.mode,
    });
    const upstream = await openUpstreamConnection({
      address,
      dialect: this.#dialect,
      login,
      timeoutMs: this.#services.limits.upstreamLoginMs,
      signal: this.#abort.signal,
      data: (chunk) => generation === this.#generation && this.#upstreamData(chunk),
      drained: () => {
        this.#client.release('back-pressure');
        this.#resume();
      },
      closed: () => generation === this.#generation && this.#upstreamClosed(),
    });
    if (this.#ended) {
      upstream.destroy();
      return;
    }
    this.#upstream = upstream;
    this.#principal = acceptance.principal;
    this.#facts = facts;
    this.#tokenId = acceptance.tokenId;
    this.#expireAt(acceptance.expiresAt);
    this.#admit(Object.freeze({ ...acceptance.principal }), facts, database, upstream);
  }

  #admit(principal: Principal, facts: SessionFacts, database: Database, upstream: Peer): void {
    const admission: Admission = { principal, cancelKey: { id: this.number, secret: this.secret } };
    const services = this.#services;
    const recorder = new Recorder(services.journal, services.recording, facts, principal);
    this.#login!.admit(admission);
    this.#recorder = recorder;
    this.#relay = new RelayFlow({
      relay: this.#dialect.openRelay(admission, database.catalog),
      facts,
      principal,
      database,
      policy: services.policy,
      journal: services.journal,
      recorder,
      client: this.#client,
      upstream,
      directory: services.directory,
      metrics: services.metrics,
      probeMeter: services.probeMeter,
      knowledgeTimeoutMs: services.limits.knowledgeMs,
      cancelTimeoutMs: services.limits.upstreamLoginMs,
      resume: () => this.#resume(),
      fail: (error, violation) => this.fail(error, violation),
      finish: (reason) => this.end(reason),
      leave: () => this.#leave(),
      relogin: (login) => this.#relogin(login),
    });
    this.#login = null;
    upstream.release('login');
    this.#guard(() => this.#upstreamFrames());
  }

  /** The client has said goodbye: what it sent before still runs; the upstream closes when it is done. */
  #leave(): void {
    this.#leaving = true;
    this.#client.hold('closing');
    setTimeout(() => this.end('client-left'), LEAVE_MS).unref();
  }

  /** A session does not outlive its token. */
  #expireAt(expiresAt: number): void {
    clearTimeout(this.#expiry);
    const inMs = Math.min(expiresAt - Date.now(), MAX_TIMER_MS);
    this.#expiry = setTimeout(() => this.fail(loginEnded('token-expired'), null), Math.max(0, inMs));
    this.#expiry.unref();
  }

  #relogin(login: ClientLogin): void {
    this.#record(() => {
      this.#relay?.abandon('lost');
      this.#recorder?.logout('changed-identity');
    });
    // The old upstream closes on its own; its handlers must not end the session that goes on.
    this.#generation += 1;
    const old = this.#upstream;
    this.#upstream = null;
    this.#relay = null;
    this.#recorder = null;
    this.#principal = null;
    old?.end();
    this.#login = this.#createLogin(login);
  }

  // ---- safety ----

  #recordViolation(code: string, detail: string): void {
    if (this.#recorder !== null) this.#recorder.violation(code, detail);
    else
      this.#services.journal.append({
        kind: 'violation',
        session: this.#login?.facts() ?? this.#facts!,
        code,
        detail,
      });
  }

  /** Recording while the session ends anyway: a journal that cannot take it has its own alarm. */
  #record(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ err: error }, 'event not recorded');
    }
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      const fault = asFault(error);
      this.fail(fault, fault.message);
    }
  }
}

const LEAVE_MS = 5_000;
const MAX_TIMER_MS = 0x7fffffff;

function loginEnded(reason: string): GatewayError {
  return new GatewayError(
    'authentication',
    reason,
    'the token behind this session is no longer good; log in again',
    { retry: 'safe' },
  );
}
