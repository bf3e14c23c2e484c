import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createUpstreamCredential } from '@gatehouse/identity';

/** A client of raw bytes: says what a driver would never say, and keeps every byte that comes back. */
export class RawClient {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  get socket(): Socket {
    return this.#socket;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...parts: readonly Buffer[]): this {
    this.#socket.write(Buffer.concat(parts));
    return this;
  }

  /** Waits until what was received fulfils the test, or the connection is closed. */
  async until(test: (received: Buffer) => boolean): Promise<Buffer> {
    const deadline = Date.now() + 20_000;
    while (!this.#closed && !test(this.#received)) {
      if (Date.now() > deadline) throw new Error(`waited in vain after ${this.#received.length} bytes`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#received;
  }

  /** Everything up to the end of the connection. */
  async untilClosed(): Promise<Buffer> {
    await this.until(() => false);
    return this.#received;
  }

  /** Messages up to and including the `count`th ReadyForQuery, and forgets them. */
  async untilReady(count = 1): Promise<readonly Message[]> {
    await this.until((bytes) => messagesOf(bytes).filter(({ type }) => type === 'Z').length >= count);
    return this.take();
  }

  /** The whole messages received so far; forgets them. */
  take(): readonly Message[] {
    const messages = messagesOf(this.#received);
    const size = messages.reduce((sum, { body }) => sum + 5 + body.length, 0);
    this.#received = this.#received.subarray(size);
    return messages;
  }

  end(): void {
    this.#socket.destroy();
  }
}

export interface Message {
  readonly type: string;
  readonly body: Buffer;
}

export function openRaw(port: number): RawClient {
  return new RawClient(connectTcp(port, '127.0.0.1'));
}

/** TLS from the first byte. */
export function openDirectTls(port: number, alpn: readonly string[]): RawClient {
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [...alpn] };
  return new RawClient(connectTls(options));
}

function messagesOf(bytes: Buffer): readonly Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push({ type: String.fromCharCode(bytes[at]!), body: bytes.subarray(at + 5, end) });
    at = end;
  }
  return messages;
}

/** `C` of an ErrorResponse: its SQLSTATE. */
export function codeOf({ body }: Message): string {
  const field = body
    .toString('utf8')
    .split('\0')
    .find((part) => part.startsWith('C'));
  return field?.slice(1) ?? '';
}

export function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)),
  );
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

export function startup(code: number, parameters: Readonly<Record<string, string>> = {}): Buffer {
  const pairs = Object.entries(parameters).flatMap((pair) => pair.map((part) => `${part}\0`));
  const body = Buffer.concat([int32(code), Buffer.from(`${pairs.join('')}${pairs.length > 0 ? '\0' : ''}`)]);
  return Buffer.concat([int32(body.length + 4), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export const PROTOCOL_3_0 = 196608;
export const PROTOCOL_3_2 = 196610;
export const SSL_REQUEST = 80877103;
export const GSS_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** Logs in by SCRAM-SHA-256; gives the messages up to ReadyForQuery, or up to the error. */
export async function logIn(
  client: RawClient,
  who: { readonly user: string; readonly password: string; readonly database: string },
  protocol = PROTOCOL_3_0,
  extra: Readonly<Record<string, string>> = {},
): Promise<readonly Message[]> {
  const scram = createUpstreamCredential(who).scram({ mechanism: 'SCRAM-SHA-256' });
  const first = scram.first();
  const asksFor = (code: number) => (bytes: Buffer) =>
    messagesOf(bytes).some(
      ({ type, body }) => (type === 'R' && body.readInt32BE(0) === code) || type === 'E',
    );
  client.send(startup(protocol, { user: who.user, database: who.database, ...extra }));
  await client.until(asksFor(10));
  const before = client.take();
  client.send(message('p', 'SCRAM-SHA-256', int32(Buffer.byteLength(first)), Buffer.from(first)));
  await client.until(asksFor(11));
  const challenge = client.take().find(({ type }) => type === 'R');
  if (challenge === undefined) throw new Error('no SCRAM challenge');
  client.send(message('p', Buffer.from(scram.final(challenge.body.toString('utf8', 4)))));
  await client.until((bytes) => messagesOf(bytes).some(({ type }) => type === 'Z' || type === 'E'));
  return [...before, ...client.take()];
}
