import type { Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, TLSSocket, type TLSSocketOptions } from 'node:tls';

/**
 * One side of a session: a socket that can become a TLS socket, with reasons for not reading.
 *
 * Reading stops while at least one reason holds and goes on when the last one is gone, so that
 * back-pressure, a missing piece of knowledge and a login in progress do not undo each other.
 * Handlers are called synchronously from the socket's events; `closed` exactly once.
 */
export interface PeerHandlers {
  data(chunk: Buffer): void;
  /** What was written has left; called only after `write` returned false. */
  drained(): void;
  closed(error: Error | null): void;
}

export type HoldReason = 'login' | 'knowledge' | 'durability' | 'back-pressure' | 'upgrade' | 'closing';

const HOLD_BITS: Readonly<Record<HoldReason, number>> = {
  login: 1,
  knowledge: 2,
  durability: 4,
  'back-pressure': 8,
  upgrade: 16,
  closing: 32,
};

export class Peer {
  #socket: Socket;
  readonly #handlers: PeerHandlers;
  #held = 0;
  #closed = false;
  #ending = false;
  readonly #onData = (chunk: Buffer): void => this.#handlers.data(chunk);
  readonly #onDrain = (): void => this.#handlers.drained();
  readonly #onError = (error: Error): void => this.#close(error);
  readonly #onClose = (): void => this.#close(null);
  readonly #onEnd = (): void => this.#close(null);

  constructor(socket: Socket, handlers: PeerHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.setNoDelay(true);
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get socket(): Socket {
    return this.#socket;
  }

  get isHeld(): boolean {
    return this.#held !== 0;
  }

  hold(reason: HoldReason): void {
    if (this.#held === 0) this.#socket.pause();
    this.#held |= HOLD_BITS[reason];
  }

  release(reason: HoldReason): void {
    if (this.#held === 0) return;
    this.#held &= ~HOLD_BITS[reason];
    if (this.#held === 0 && !this.#closed) this.#socket.resume();
  }

  /** Writes the parts in one go; false when the other end is slower than we are. */
  write(parts: readonly Buffer[]): boolean {
    if (this.#closed || this.#ending || parts.length === 0) return true;
    if (parts.length === 1) return this.#socket.write(parts[0]!);
    this.#socket.cork();
    let room = true;
    for (const part of parts) room = this.#socket.write(part);
    this.#socket.uncork();
    return room;
  }

  /** Sends what is left and closes; what arrives from now on is not read. */
  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.hold('closing');
    const socket = this.#socket;
    socket.end(() => socket.destroySoon());
    // A peer that never acknowledges must not keep the socket.
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  }

  destroy(): void {
    this.#socket.destroy();
    this.#close(null);
  }

  /**
   * Becomes a TLS server on this connection. `early` are bytes that were read before the upgrade and
   * belong to it. SECURITY: they are put back before the TLS socket exists, because its constructor
   * drains the readable side; put back later they would be lost or read as plain text.
   */
  acceptTls(options: TLSSocketOptions, early: Buffer): Promise<TLSSocket> {
    const raw = this.#detach();
    if (early.length > 0) raw.unshift(early);
    const secure = new TLSSocket(raw, { ...options, isServer: true });
    return this.#adopt(secure, 'secure');
  }

  /** Becomes a TLS client on this connection. */
  startTls(options: ConnectionOptions): Promise<TLSSocket> {
    const raw = this.#detach();
    return this.#adopt(connectTls({ ...options, socket: raw }), 'secureConnect');
  }

  #adopt(secure: TLSSocket, event: 'secure' | 'secureConnect'): Promise<TLSSocket> {
    this.#socket = secure;
    return new Promise((resolve, reject) => {
      const failed = (error?: Error): void => {
        reject(error ?? new Error('connection closed during the TLS handshake'));
        this.#close(error ?? null);
      };
      secure.once('error', failed);
      secure.once('close', failed);
      secure.once(event, () => {
        secure.off('error', failed);
        secure.off('close', failed);
        secure.setNoDelay(true);
        this.#listen();
        if (this.#held !== 0) secure.pause();
        resolve(secure);
      });
    });
  }

  #listen(): void {
    this.#socket.on('data', this.#onData);
    this.#socket.on('drain', this.#onDrain);
    this.#socket.on('error', this.#onError);
    this.#socket.on('close', this.#onClose);
    this.#socket.on('end', this.#onEnd);
  }

  #detach(): Socket {
    const raw = this.#socket;
    raw.off('data', this.#onData);
    raw.off('drain', this.#onDrain);
    raw.off('error', this.#onError);
    raw.off('close', this.#onClose);
    raw.off('end', this.#onEnd);
    raw.pause();
    return raw;
  }

  #close(error: Error | null): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handlers.closed(error);
  }
}

const LINGER_MS = 2_000;
