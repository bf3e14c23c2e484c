import { randomBytes } from 'node:crypto';
import type {
  Admission,
  ClientLogin,
  DialectSession,
  LoginClaim,
  LoginOutbox,
  LoginStep,
} from '@gatehouse/adapter';
import type { Acceptance, LoginAttempt } from '@gatehouse/identity';
import { type AccessRequest, GatewayError, known, type Principal, type SessionFacts } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';
import type { Logger } from 'pino';
import type { Database } from '../database.ts';
import type { Peer } from '../io/peer.ts';
import type { Listener } from '../listener.ts';
import { denialOf } from '../session/denial.ts';
import { asFault, type FrameResult } from '../session/relay-flow.ts';
import type { GatewayServices } from '../session/services.ts';
import { parseClaim } from './parse-claim.ts';

export type Accepted = Extract<Acceptance, { kind: 'accepted' }>;

export interface LoginFlowParts {
  readonly clientLogin: ClientLogin;
  readonly dialect: DialectSession;
  readonly client: Peer;
  readonly listener: Listener;
  readonly services: GatewayServices;
  readonly address: string;
  readonly log: Logger;
  cancel(id: number, secret: Buffer): void;
  resume(): void;
  end(reason: string): void;
  /** Opens the upstream and admits; rejects with GatewayError. */
  proved(acceptance: Accepted, facts: SessionFacts, database: Database): Promise<void>;
}

/**
 * The one order of checks for every dialect (invariant I8): throttle, credentials, proof, token and
 * principal again, database, policy on `connect`, record, upstream, admission.
 */
export class LoginFlow implements LoginOutbox {
  readonly #parts: LoginFlowParts;
  #claim: LoginClaim | null = null;
  #name = '';
  #database: Database | null = null;
  #attempt: LoginAttempt | null = null;
  #proved = false;
  #over = false;
  #waits = 0;
  #admitted = false;
  #rejected = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: LoginFlowParts) {
    this.#parts = parts;
    this.#startTimer();
  }

  begin(): void {
    this.#parts.clientLogin.greet(this);
  }

  client(bytes: Buffer): void {
    this.#parts.client.write([bytes]);
  }

  onFrame(frame: Frame): FrameResult {
    return this.#step(this.#parts.clientLogin.receive(frame, this));
  }

  /** Words success. INVARIANT: called once, only after the token was accepted and the upstream is ready. */
  admit(admission: Admission): void {
    if (!this.#proved || this.#admitted) throw new Error('admitted without proof or twice');
    this.#admitted = true;
    clearTimeout(this.#timer);
    this.#parts.clientLogin.admit(admission, this);
  }

  reject(error: GatewayError): void {
    if (this.#admitted || this.#rejected) return;
    this.#rejected = true;
    this.#parts.clientLogin.reject(error, this);
  }

  ended(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  /** Session facts as far as they are known before the login is complete. */
  facts(): SessionFacts {
    const { listener, address, client } = this.#parts;
    const database = this.#database ?? listener.defaultDatabase();
    return {
      id: '-',
      dialect: listener.adapter.dialect,
      database: database.facts,
      clientAddress: address,
      tls: client.isSecure,
    };
  }

  #step(step: LoginStep): FrameResult {
    switch (step.kind) {
      case 'more':
        return 'next';
      case 'start-tls':
        return this.#startTls(step);
      case 'identify':
        return this.#identify(step.claim);
      case 'proved':
        return this.#accept(step.tokenId, step.method);
      case 'failed':
        return this.#failed(step.method);
      case 'cancel':
        this.#parts.cancel(step.id, step.secret);
        this.#parts.end('cancel-request');
        return 'stop';
      case 'close':
        this.#parts.end('client-left');
        return 'stop';
      case 'violation':
        throw new GatewayError('protocol', step.code, step.detail);
    }
  }

  #startTls(step: Extract<LoginStep, { kind: 'start-tls' }>): FrameResult {
    const { client, dialect, listener, clientLogin } = this.#parts;
    const tls = listener.tls;
    if (tls === null)
      throw new GatewayError('protocol', 'tls-not-available', 'this listener has no certificate');
    const early = dialect.clientCodec.drain();
    // SECURITY: bytes behind a TLS request were sent in clear by somebody who wants them to be read as encrypted (CVE-2021-23214).
    if (step.early === 'refuse' && early.length > 0) {
      throw new GatewayError(
        'protocol',
        'data-before-tls',
        'data was sent between the request for TLS and its start',
      );
    }
    client.hold('upgrade');
    if (step.reply.length > 0) client.write([step.reply]);
    client
      .acceptTls(
        { secureContext: tls.context, ...(step.alpn === undefined ? {} : { ALPNProtocols: [...step.alpn] }) },
        early,
      )
      .then(
        (socket) => {
          const alpn = socket.alpnProtocol || null;
          if (step.requireAlpn === true && alpn === null) {
            this.#parts.end('tls-without-alpn');
            return;
          }
          clientLogin.secured({
            serverEndPoint: tls.serverEndPoint,
            alpn,
            serverName: (socket as { servername?: string | false }).servername || null,
          });
          client.release('upgrade');
          this.#parts.resume();
        },
        (error) => {
          this.#parts.log.debug({ err: error }, 'TLS handshake failed');
          this.#parts.end('tls-failed');
        },
      );
    return 'stop';
  }

  #identify(claim: LoginClaim): FrameResult {
    const { listener, services, address } = this.#parts;
    const { user, database } = parseClaim(claim);
    this.#claim = claim;
    this.#name = user;
    this.#database = listener.database(database);
    return this.#wait(services.authenticator.lookup(user, address), 'lookup', (lookup) => {
      if (lookup.kind === 'throttled') {
        this.#refuse(throttled(lookup.retryAfterMs), 'throttled');
        return 'stop';
      }
      this.#attempt = lookup.attempt;
      return this.#step(this.#parts.clientLogin.identified(lookup.attempt.credentials, this));
    });
  }

  #failed(method: string): FrameResult {
    if (this.#attempt !== null) this.#parts.services.authenticator.fail(this.#attempt);
    this.#refuse(authenticationFailed(this.#name), method);
    return 'stop';
  }

  #accept(tokenId: string, method: string): FrameResult {
    if (this.#attempt === null) throw new Error('proved before it was identified');
    return this.#wait(
      this.#parts.services.authenticator.accept(this.#attempt, tokenId),
      method,
      (acceptance) => {
        if (acceptance.kind === 'refused') {
          this.#refuse(authenticationFailed(this.#name), `${method}:${acceptance.reason}`);
          return 'stop';
        }
        this.#enter(acceptance, method);
        return 'stop';
      },
    );
  }

  /** The token and its principal are good: database, policy, record, upstream. */
  #enter(acceptance: Accepted, method: string): void {
    const { services } = this.#parts;
    const { principal } = acceptance;
    if (this.#database === null) {
      this.#refuse(this.#unknownDatabase(), method, principal);
      return;
    }
    const facts = this.#sessionFacts(this.#database);
    const decision = services.policy.decide(connectRequest(principal, facts, this.#database));
    if (decision.effect !== 'permit') {
      this.#refuse(denialOf(facts.id, decision).error, method, principal);
      return;
    }
    this.#proved = true;
    this.#record(facts, { result: 'accepted', principal, method, tokenId: acceptance.tokenId });
    this.#wait(this.#parts.proved(acceptance, facts, this.#database), method, () => 'next');
  }

  /** Holds the client's input until the promise is settled; a rejection refuses the login. */
  #wait<T>(promise: Promise<T>, method: string, then: (value: T) => FrameResult): 'stop' {
    const { client, resume } = this.#parts;
    this.#waits += 1;
    client.hold('login');
    promise
      .then((value) => {
        if (!this.#rejected && !this.#over) then(value);
      })
      .catch((error) => {
        if (!this.#over) this.#refuse(asFault(error), method);
      })
      .finally(() => {
        // One answer can lead to the next question; input flows again after the last one.
        this.#waits -= 1;
        if (this.#waits > 0) return;
        client.release('login');
        resume();
      });
    return 'stop';
  }

  #sessionFacts(database: Database): SessionFacts {
    const application = this.#claim?.application;
    // Frozen objects are written to the journal from their cached text.
    return Object.freeze({
      ...this.facts(),
      id: `${this.#parts.services.node}-${randomBytes(6).toString('hex')}`,
      database: database.facts,
      ...(application === undefined ? {} : { application }),
    });
  }

  /** Says no, records it, and closes. Failures of proof count against name and address. */
  #refuse(error: GatewayError, method: string, principal?: Principal): void {
    const { services, log, end } = this.#parts;
    services.metrics.logins.inc({ result: error.kind });
    try {
      this.#record(this.facts(), {
        result: 'refused',
        method,
        error: error.code,
        ...(principal === undefined ? {} : { principal }),
      });
    } catch (cause) {
      log.error({ err: cause }, 'refused login not recorded');
    }
    log.info({ user: this.#name.slice(0, 64), code: error.code }, 'login refused');
    this.reject(error);
    end(error.code);
  }

  #record(
    session: SessionFacts,
    result: {
      result: 'accepted' | 'refused';
      method: string;
      principal?: Principal;
      tokenId?: string;
      error?: string;
    },
  ): void {
    const { services } = this.#parts;
    if (result.result === 'accepted') services.metrics.logins.inc({ result: 'accepted' });
    services.journal.append({ kind: 'login', session, claimedName: this.#name.slice(0, 256), ...result });
  }

  #unknownDatabase(): GatewayError {
    const { listener } = this.#parts;
    return new GatewayError('denied', 'unknown-database', 'no such database behind this listener', {
      context: { known: listener.databaseNames().length },
    });
  }

  #startTimer(): void {
    const { listener, services } = this.#parts;
    if (listener.adapter.capabilities.idleBeforeLogin) return;
    this.#timer = setTimeout(() => {
      this.reject(new GatewayError('timeout', 'login-timeout', 'the login took too long'));
      this.#parts.end('login-timeout');
    }, services.limits.loginMs);
  }
}

function connectRequest(principal: Principal, session: SessionFacts, database: Database): AccessRequest {
  return {
    principal,
    session,
    statements: [
      {
        verb: 'connect',
        accesses: known([
          {
            action: 'connect',
            object: known({ kind: 'database', path: [database.facts.name] }),
            fields: known([]),
          },
        ]),
        bounded: known(true),
        limit: known(null),
        functions: known([]),
        output: known([]),
        irreversible: false,
        fingerprint: 'connect',
      },
    ],
  };
}

function authenticationFailed(name: string): GatewayError {
  return new GatewayError(
    'authentication',
    'authentication-failed',
    `login failed for \`${printable(name)}\``,
  );
}

function throttled(retryAfterMs: number): GatewayError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new GatewayError(
    'throttled',
    'login-throttled',
    `too many failed logins; try again in ${seconds} s`,
    { retry: 'safe' },
  );
}

/** A name as it may stand in a message: bounded, without control characters. */
function printable(name: string): string {
  return name.slice(0, 64).replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
}
