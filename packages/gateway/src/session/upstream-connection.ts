import { type ConnectionOptions, checkServerIdentity, type TLSSocket } from 'node:tls';
import type { DialectSession, UpstreamLogin, UpstreamOutbox, UpstreamStep } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { UpstreamAddress } from '../database.ts';
import { dial } from '../io/dial.ts';
import { Peer } from '../io/peer.ts';
import { tlsServerEndPoint } from '../io/tls-end-point.ts';
import { asFault } from './relay-flow.ts';

export interface UpstreamConnectionOptions {
  readonly address: UpstreamAddress;
  readonly dialect: DialectSession;
  readonly login: UpstreamLogin;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What arrives behind the login. */
  data(chunk: Buffer): void;
  drained(): void;
  closed(error: Error | null): void;
}

/**
 * Opens a session's own connection to its upstream and logs in there.
 *
 * Resolves when relaying may begin; the peer is held then and its owner releases it. Rejects with a
 * GatewayError that names neither address nor credential.
 */
export function openUpstreamConnection(options: UpstreamConnectionOptions): Promise<Peer> {
  return new UpstreamOpening(options).run();
}

class UpstreamOpening implements UpstreamOutbox {
  readonly #options: UpstreamConnectionOptions;
  #peer: Peer | null = null;
  #settled = false;
  #resolve: (peer: Peer) => void = () => undefined;
  #reject: (error: GatewayError) => void = () => undefined;

  constructor(options: UpstreamConnectionOptions) {
    this.#options = options;
  }

  async run(): Promise<Peer> {
    const { address, timeoutMs, signal, login } = this.#options;
    const socket = await dial(address.host, address.port, timeoutMs, signal);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#fail(loginFailed('the database did not finish the login in time')),
        timeoutMs,
      );
      this.#resolve = (peer) => {
        clearTimeout(timer);
        resolve(peer);
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      this.#peer = new Peer(socket, {
        data: (chunk) => this.#data(chunk),
        drained: () => this.#options.drained(),
        closed: (error) => this.#closed(error),
      });
      signal.addEventListener('abort', () => this.#fail(loginFailed('the client left')), { once: true });
      this.#guard(() => this.#step(login.start(this)));
    });
  }

  upstream(bytes: Buffer): void {
    this.#peer!.write([bytes]);
  }

  #data(chunk: Buffer): void {
    const { dialect, login, data } = this.#options;
    if (this.#settled) {
      data(chunk);
      return;
    }
    this.#guard(() => {
      dialect.upstreamCodec.push(chunk);
      while (!this.#settled && dialect.upstreamCodec.next()) {
        this.#step(login.receive(dialect.upstreamCodec.frame, this));
      }
    });
  }

  #step(step: UpstreamStep): void {
    switch (step.kind) {
      case 'more':
        return;
      case 'ready':
        this.#settled = true;
        // What arrives from now on belongs to the relay, which starts when the client was admitted.
        this.#peer!.hold('login');
        this.#resolve(this.#peer!);
        return;
      case 'failed':
        this.#fail(step.error);
        return;
      case 'start-tls':
        this.#startTls(step.alpn);
    }
  }

  #startTls(alpn: readonly string[] | undefined): void {
    const { address, dialect, login } = this.#options;
    // SECURITY: plain bytes behind the answer to the TLS request were not sent by the server that we will authenticate (CVE-2021-23222).
    if (dialect.upstreamCodec.drain().length > 0) {
      this.#fail(loginFailed('the database sent data before TLS was up'));
      return;
    }
    this.#peer!.startTls(tlsOptions(address, alpn)).then(
      (socket) => this.#guard(() => this.#step(login.secured(endPointOf(socket), this))),
      () => this.#fail(loginFailed('TLS to the database could not be established')),
    );
  }

  #closed(error: Error | null): void {
    if (this.#settled) this.#options.closed(error);
    else this.#fail(loginFailed('the database closed the connection during the login'));
  }

  #fail(error: GatewayError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#peer?.destroy();
    this.#reject(error);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#settled) throw error;
      this.#fail(asFault(error));
    }
  }
}

function endPointOf(socket: TLSSocket): Buffer {
  const der = socket.getPeerCertificate().raw;
  return der === undefined ? Buffer.alloc(0) : tlsServerEndPoint(der);
}

function tlsOptions(address: UpstreamAddress, alpn: readonly string[] | undefined): ConnectionOptions {
  const { mode, ca, serverName } = address.tls;
  const name = serverName ?? address.host;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    checkServerIdentity: (_host, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(name, certificate) : undefined,
  };
}

function loginFailed(message: string): GatewayError {
  return new GatewayError('unavailable', 'upstream-login-failed', message, { retry: 'safe' });
}
