import type {
  Adapter,
  DialectSession,
  Outbox,
  PendingRequest,
  Relay,
  RunningRequest,
} from '@gatehouse/adapter';
import { fakeCredentials, fakeUpstreamCredential } from '@gatehouse/adapter/testkit';
import { type GatewayError, NO_OBLIGATIONS, type Obligations, type OutcomeResult } from '@gatehouse/model';
import { buildPostgresCatalog, type PostgresCatalog, plainCatalogRows } from '@gatehouse/sql';
import { DEFAULT_FRAME_LIMITS, type Frame } from '@gatehouse/wire';
import { encodeMessage } from '../messages/message-body.ts';
import { BACKEND } from '../messages/message-type.ts';
import { createPostgresAdapter } from '../postgres-adapter.ts';
import { saslInitial, saslResponse, startup } from './frontend-messages.ts';
import type { ScriptedPostgres } from './scripted-postgres.ts';

/** `public.people (name, secret)` has OID 1000, `other.people` OID 2000. */
export function peopleCatalog(): PostgresCatalog {
  const table = (oid: number, schema: string) => ({
    oid,
    schema,
    name: 'people',
    columns: ['name', 'secret'],
  });
  return buildPostgresCatalog(
    plainCatalogRows([table(1000, 'public'), table(2000, 'other'), table(3000, 'conformance')], {
      user: 'gateway',
      searchPath: 'public',
    }),
  );
}

export type Verdict = Partial<Obligations> | GatewayError;
export type Decide = (pending: PendingRequest) => Verdict;

/** Masks `secret` of `public.people` wherever it is read, as the policy engine would. */
export const maskSecret: Decide = ({ statements }) =>
  statements.some(
    ({ accesses }) =>
      !accesses.known ||
      accesses.value.some(({ object }) => object.known && object.value.path.join('.') === 'public.people'),
  )
    ? {
        masks: [
          {
            object: { kind: 'relation', path: ['public', 'people'] },
            field: 'secret',
            masker: { kind: 'redact', text: 'hidden' },
            rule: { policy: 'test', rule: 'mask' },
          },
        ],
      }
    : {};

/**
 * One session in memory with the gateway's part of the contract, waiting included: a frame that waits is looked
 * at again when its promise is settled. The server answers in `settle`.
 */
export class TestSession implements Outbox {
  readonly dialect: DialectSession<PostgresCatalog>;
  readonly relay: Relay;
  readonly finished: {
    readonly running: RunningRequest;
    readonly result: OutcomeResult;
    readonly code: string | undefined;
  }[] = [];
  readonly decided: PendingRequest[] = [];
  readonly violations: string[] = [];
  cancels = 0;
  catalogChanges = 0;
  isClosed = false;
  refreshes = 0;
  refresh: () => Promise<void> = async () => undefined;
  readonly #server: ScriptedPostgres;
  readonly #decide: Decide;
  #client: Buffer[] = [];
  #toServer: Buffer[] = [];
  #again = false;
  #waiting = false;

  constructor(
    adapter: Adapter<PostgresCatalog>,
    server: ScriptedPostgres,
    decide: Decide,
    options: SessionOptions,
  ) {
    this.#server = server;
    this.#decide = decide;
    this.dialect = adapter.createSession({
      limits: DEFAULT_FRAME_LIMITS,
      tlsAvailable: false,
      tlsRequired: false,
      serverFacts: null,
      advertisedAddress: '127.0.0.1:1',
      sessionNumber: 7,
      maskingKey: Buffer.alloc(32, 1),
      options: {},
      randomBytes: (count) => Buffer.alloc(count, 3),
    });
    const admission = logIn(this.dialect, server, options.startup ?? {});
    const catalog = peopleCatalog();
    this.relay = this.dialect.openRelay(admission, {
      current: () => catalog,
      revision: 1,
      refresh: () => {
        this.refreshes += 1;
        return this.refresh();
      },
    });
  }

  /** Client bytes; everything that can be done without the server is done. */
  send(...messages: readonly Buffer[]): void {
    this.sendIn(Number.POSITIVE_INFINITY, ...messages);
  }

  sendIn(chunk: number, ...messages: readonly Buffer[]): void {
    const bytes = Buffer.concat(messages);
    const size = Math.min(chunk, Math.max(1, bytes.length));
    for (let at = 0; at < bytes.length; at += size) {
      this.dialect.clientCodec.push(Buffer.from(bytes.subarray(at, at + size)));
      this.#pump();
    }
  }

  /** Lets both sides speak until nobody has anything to say; what came to the client, as words. */
  async settle(chunk = Number.POSITIVE_INFINITY): Promise<string> {
    for (let quiet = 0; quiet < 5; ) {
      quiet = this.#toServer.length === 0 ? quiet + 1 : 0;
      this.answer(chunk);
      await new Promise((resolve) => setImmediate(resolve));
      this.#pump();
    }
    return this.taken();
  }

  /** The server answers what it was sent so far. */
  answer(chunk = Number.POSITIVE_INFINITY): void {
    const bytes = Buffer.concat(this.#toServer);
    this.#toServer = [];
    this.receive(this.#server.receive(bytes), chunk);
  }

  receive(bytes: Buffer, chunk = Number.POSITIVE_INFINITY): void {
    const size = Math.min(chunk, Math.max(1, bytes.length));
    for (let at = 0; at < bytes.length; at += size) {
      this.dialect.upstreamCodec.push(Buffer.from(bytes.subarray(at, at + size)));
      while (this.dialect.upstreamCodec.next()) this.relay.reply(this.dialect.upstreamCodec.frame, this);
    }
  }

  /** What the client was sent since the last time. */
  taken(): string {
    const text = wordsOf(Buffer.concat(this.#client));
    this.#client = [];
    return text;
  }

  takenBytes(): Buffer {
    const bytes = Buffer.concat(this.#client);
    this.#client = [];
    return bytes;
  }

  // ---- Outbox ----

  client(bytes: Buffer): void {
    this.#client.push(Buffer.from(bytes));
  }

  forwardToClient(frame: Frame): void {
    this.client(frame.bytes.subarray(frame.start, frame.end));
  }

  upstream(bytes: Buffer): void {
    this.#toServer.push(Buffer.from(bytes));
  }

  forwardToUpstream(frame: Frame): void {
    this.upstream(frame.bytes.subarray(frame.start, frame.end));
  }

  finish(running: RunningRequest, result: OutcomeResult, code?: string): void {
    if (this.finished.some((done) => done.running === running)) throw new Error('finished twice');
    this.finished.push({ running, result, code });
  }

  cancelUpstream(): void {
    this.cancels += 1;
  }

  cancelSession(): 'unknown-session' {
    return 'unknown-session';
  }

  catalogChanged(): void {
    this.catalogChanges += 1;
  }

  close(): void {
    this.isClosed = true;
  }

  #pump(): void {
    const codec = this.dialect.clientCodec;
    while (!this.isClosed && !this.#waiting && (this.#again || codec.next())) {
      this.#again = false;
      this.#frame(codec.frame);
    }
  }

  #frame(frame: Frame): void {
    const verdict = this.relay.classify(frame, this);
    if (verdict.kind === 'pass') this.forwardToUpstream(frame);
    if (verdict.kind === 'request') this.#request(verdict.pending);
    if (verdict.kind === 'violation') {
      this.violations.push(verdict.code);
      this.isClosed = true;
    }
    if (verdict.kind === 'goodbye') this.isClosed = true;
    if (verdict.kind !== 'wait') return;
    this.#again = true;
    this.#waiting = true;
    const go = (): void => {
      this.#waiting = false;
    };
    verdict.until.then(go, go);
  }

  #request(pending: PendingRequest): void {
    this.decided.push(pending);
    const id = `r-${this.decided.length}`;
    const verdict = this.#decide(pending);
    if (verdict instanceof Error) {
      this.relay.refuse(pending, { requestId: id, error: verdict as GatewayError }, this);
      return;
    }
    const obligations = { ...NO_OBLIGATIONS, ...verdict };
    const running = {
      id,
      phase: pending.phase,
      obligations,
      rows: 0,
      affectedRows: 0,
      maskedCells: 0,
      bytes: 0,
    };
    this.relay.permit(pending, running, this);
  }
}

export interface SessionOptions {
  readonly startup?: Readonly<Record<string, string>>;
}

let loaded: Promise<Adapter<PostgresCatalog>> | null = null;

/** A logged-in session before a scripted server. The parser is loaded once for all tests of a file. */
export async function openSession(
  server: ScriptedPostgres,
  decide: Decide = () => ({}),
  options: SessionOptions = {},
): Promise<TestSession> {
  loaded ??= createPostgresAdapter();
  return new TestSession(await loaded, server, decide, options);
}

function logIn(
  dialect: DialectSession<PostgresCatalog>,
  server: ScriptedPostgres,
  settings: Readonly<Record<string, string>>,
) {
  const drop = { client: () => undefined };
  const feed = (bytes: Buffer): void => {
    dialect.clientCodec.push(bytes);
    while (dialect.clientCodec.next()) {
      const step = dialect.clientLogin.receive(dialect.clientCodec.frame, drop);
      if (step.kind === 'identify') dialect.clientLogin.identified(fakeCredentials(true), drop);
    }
  };
  feed(startup({ user: 'ana', database: 'main', ...settings }));
  feed(saslInitial('SCRAM-SHA-256', 'n,,n=,r=x'));
  feed(saslResponse('c=biws,r=x,p=y'));
  const login = dialect.openUpstream({
    database: 'main',
    credential: fakeUpstreamCredential,
    tls: 'disable',
  });
  const out = {
    upstream: (bytes: Buffer) => dialect.upstreamCodec.push(server.receive(Buffer.from(bytes))),
  };
  login.start(out);
  while (dialect.upstreamCodec.next()) login.receive(dialect.upstreamCodec.frame, out);
  const principal = { kind: 'human', name: 'ana', groups: [], claims: {} } as const;
  const admission = { principal, cancelKey: { id: 7, secret: Buffer.alloc(32, 2) } };
  dialect.clientLogin.admit(admission, drop);
  return admission;
}

/** Messages of a backend as words: `T D[a,b] C(SELECT 1) E(42501) ZI`. */
function wordsOf(bytes: Buffer): string {
  const words: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 1 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) throw new Error('half a message');
    words.push(wordOf(bytes[at]!, bytes.subarray(at + 5, end)));
    at = end;
  }
  return words.join(' ');
}

function wordOf(type: number, body: Buffer): string {
  const letter = String.fromCharCode(type);
  if (type === BACKEND.dataRow) return `D[${valuesOf(body).join(',')}]`;
  if (type === BACKEND.commandComplete) return `C(${body.toString('utf8', 0, body.length - 1)})`;
  if (type === BACKEND.readyForQuery) return `Z${body.toString()}`;
  if (type !== BACKEND.errorResponse) return letter;
  const code = body
    .toString('latin1')
    .split('\0')
    .find((field) => field.startsWith('C'));
  return `E(${code?.slice(1)})`;
}

function valuesOf(body: Buffer): readonly string[] {
  const values: string[] = [];
  for (let at = 2; at < body.length; ) {
    const length = body.readInt32BE(at);
    values.push(length < 0 ? 'NULL' : body.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  return values;
}

/** A notice as the server sends it. */
export function notice(message: string): Buffer {
  return encodeMessage(BACKEND.noticeResponse, (out) =>
    out.uint8(0x53).cstring('NOTICE').uint8(0x43).cstring('00000').uint8(0x4d).cstring(message).uint8(0),
  );
}
