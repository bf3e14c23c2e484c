/**
 * A relay between two scripted peers, for tests: client bytes in, upstream bytes in, and what came out.
 *
 * Stands where the gateway stands: asks the policy given to it, waits where the relay waits, and hands
 * over the same frame again. The analyzer is a few regular expressions; what it says is the test's premise.
 */
import type { Outbox, PendingRequest, Relay, RunningRequest, ServerFacts, Verdict } from '@gatehouse/adapter';
import {
  GatewayError,
  known,
  NO_OBLIGATIONS,
  type Obligations,
  type OutcomeResult,
  unknown,
} from '@gatehouse/model';
import type { AnalyzedStatement, SessionEffect } from '@gatehouse/sql';
import { DEFAULT_FRAME_LIMITS, type Frame, type FrameLimits } from '@gatehouse/wire';
import type { SqlAnalyzer } from '../classify/analyzer.ts';
import { encodePacket } from '../codec/packet.ts';
import { PacketCodec } from '../codec/packet-codec.ts';
import { negotiate } from '../handshake/negotiated.ts';
import { CAPABILITY } from '../messages/capability-flags.ts';
import { DEFAULT_MYSQL_OPTIONS, type MysqlOptions } from '../mysql-options.ts';
import { createRelay } from '../relay.ts';
import { createSessionState, type SessionState } from '../session-state.ts';

export type Policy = (pending: PendingRequest) => Obligations | GatewayError;

export interface ScriptedOptions {
  readonly flags?: number;
  readonly mariadbFlags?: number;
  readonly policy?: Policy;
  readonly limits?: FrameLimits;
  readonly options?: Partial<MysqlOptions>;
  readonly analyzer?: SqlAnalyzer<object>;
  readonly cancelSession?: Outbox['cancelSession'];
  readonly byteByByte?: boolean;
  readonly serverFacts?: ServerFacts | null;
}

export interface Finished {
  readonly running: RunningRequest;
  readonly result: OutcomeResult;
  readonly code: string | undefined;
}

const DENIED = new GatewayError('denied', 'denied-by-rule', 'no');
export const BASE_FLAGS =
  CAPABILITY.protocol41 | CAPABILITY.multiStatements | CAPABILITY.multiResults | CAPABILITY.localFiles;

export class ScriptedRelay implements Outbox {
  readonly relay: Relay;
  readonly session: SessionState;
  readonly finished: Finished[] = [];
  readonly requests: PendingRequest[] = [];
  readonly running: RunningRequest[] = [];
  cancels = 0;
  catalogChanges = 0;
  violation: Extract<Verdict, { kind: 'violation' }> | null = null;
  relogin = false;
  goodbye = false;
  readonly #options: ScriptedOptions;
  readonly #clientCodec: PacketCodec;
  readonly #upstreamCodec: PacketCodec;
  #toClient: Buffer[] = [];
  #toUpstream: Buffer[] = [];
  #held = false;
  #again = false;

  constructor(options: ScriptedOptions = {}) {
    const limits = options.limits ?? DEFAULT_FRAME_LIMITS;
    this.#options = options;
    this.#clientCodec = new PacketCodec(limits);
    this.#upstreamCodec = new PacketCodec(limits);
    this.session = createSessionState(
      {
        limits,
        tlsAvailable: false,
        tlsRequired: false,
        serverFacts: options.serverFacts ?? null,
        advertisedAddress: 'localhost:3306',
        sessionNumber: 7,
        maskingKey: Buffer.alloc(32, 1),
        options: {},
        randomBytes: (count) => Buffer.alloc(count, 5),
      },
      { ...DEFAULT_MYSQL_OPTIONS, ...options.options },
    );
    this.session.negotiated = negotiate(options.flags ?? BASE_FLAGS, options.mariadbFlags ?? 0, 1 << 24, 45);
    this.session.upstreamThreadId = 4711;
    this.session.status = 2;
    this.session.database = 'shop';
    this.relay = createRelay({
      session: this.session,
      analyzer: options.analyzer ?? FAKE_ANALYZER,
      catalog: { current: () => ({}), revision: 1, refresh: async () => undefined },
      clientCodec: this.#clientCodec,
      upstreamCodec: this.#upstreamCodec,
    });
  }

  /** One command packet from the client. */
  command(byte: number, argument: Buffer | string = ''): void {
    const body = typeof argument === 'string' ? Buffer.from(argument, 'utf8') : argument;
    this.clientBytes(encodePacket(0, Buffer.concat([Buffer.of(byte), body])));
  }

  query(sql: string): void {
    this.command(0x03, sql);
  }

  clientBytes(bytes: Buffer): void {
    for (const chunk of this.#chunks(bytes)) {
      this.#clientCodec.push(chunk);
      this.#pump();
    }
  }

  /** Packets from the upstream, numbered on from `sequence`. */
  upstreamSays(payloads: readonly Buffer[], sequence = 1): void {
    this.upstreamBytes(Buffer.concat(payloads.map((payload, i) => encodePacket(sequence + i, payload))));
  }

  upstreamBytes(bytes: Buffer): void {
    for (const chunk of this.#chunks(bytes)) {
      this.#upstreamCodec.push(chunk);
      while (this.#upstreamCodec.next()) this.relay.reply(this.#upstreamCodec.frame, this);
    }
  }

  /** Lets promises settle, as the event loop would. */
  async turn(): Promise<void> {
    for (let i = 0; i < 5; i++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Knowledge has come, or the gateway has stopped waiting for it. */
  wake(): void {
    this.#held = false;
    this.#pump();
  }

  takeClient(): Buffer {
    const bytes = Buffer.concat(this.#toClient);
    this.#toClient = [];
    return bytes;
  }

  takeUpstream(): Buffer {
    const bytes = Buffer.concat(this.#toUpstream);
    this.#toUpstream = [];
    return bytes;
  }

  /** What the client got since the last look, as `[sequence, payload]`. */
  clientPackets(): [number, Buffer][] {
    return packetsIn(this.takeClient());
  }

  upstreamPackets(): [number, Buffer][] {
    return packetsIn(this.takeUpstream());
  }

  // ---- Outbox ----

  client(bytes: Buffer): void {
    this.#toClient.push(Buffer.from(bytes));
  }

  forwardToClient(frame: Frame): void {
    this.#toClient.push(Buffer.from(frame.bytes.subarray(frame.start, frame.end)));
  }

  upstream(bytes: Buffer): void {
    this.#toUpstream.push(Buffer.from(bytes));
  }

  forwardToUpstream(frame: Frame): void {
    this.#toUpstream.push(Buffer.from(frame.bytes.subarray(frame.start, frame.end)));
  }

  finish(running: RunningRequest, result: OutcomeResult, code?: string): void {
    if (this.finished.some((done) => done.running === running)) throw new Error('finished twice');
    this.finished.push({ running, result, code });
  }

  cancelUpstream(): void {
    this.cancels += 1;
  }

  cancelSession(id: number, how: 'statement' | 'connection'): ReturnType<Outbox['cancelSession']> {
    return this.#options.cancelSession?.(id, how) ?? 'unknown-session';
  }

  catalogChanged(): void {
    this.catalogChanges += 1;
  }

  close(): void {}

  // ---- the gateway's part ----

  #pump(): void {
    while (!this.#held && this.violation === null && (this.#again || this.#clientCodec.next())) {
      this.#again = false;
      this.#act(this.relay.classify(this.#clientCodec.frame, this));
    }
  }

  #act(verdict: Verdict): void {
    switch (verdict.kind) {
      case 'pass':
        this.forwardToUpstream(this.#clientCodec.frame);
        return;
      case 'handled':
        return;
      case 'request':
        this.#decide(verdict.pending);
        return;
      case 'wait':
        this.#held = true;
        this.#again = true;
        verdict.until.then(() => this.wake());
        return;
      case 'relogin':
        this.relogin = true;
        return;
      case 'goodbye':
        this.goodbye = true;
        return;
      case 'violation':
        this.violation = verdict;
    }
  }

  #decide(pending: PendingRequest): void {
    this.requests.push(pending);
    const decided = this.#options.policy?.(pending) ?? defaultPolicy(pending);
    if (decided instanceof GatewayError) {
      this.relay.refuse(pending, { requestId: 'r', error: decided }, this);
      return;
    }
    const running: RunningRequest = {
      id: String(this.requests.length),
      phase: pending.phase,
      obligations: decided,
      rows: 0,
      affectedRows: 0,
      maskedCells: 0,
      bytes: 0,
    };
    this.running.push(running);
    this.relay.permit(pending, running, this);
  }

  *#chunks(bytes: Buffer): Iterable<Buffer> {
    if (this.#options.byteByByte !== true) {
      yield bytes;
      return;
    }
    for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
  }
}

/** Denies what is unknown, and every text with `secret` in it. */
function defaultPolicy(pending: PendingRequest): Obligations | GatewayError {
  if (pending.statements.some((statement) => !statement.accesses.known)) return DENIED;
  return /secret/.test(pending.text() ?? '') ? DENIED : NO_OBLIGATIONS;
}

export function packetsIn(bytes: Buffer): [number, Buffer][] {
  const packets: [number, Buffer][] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntLE(at, 3);
    if (at + 4 + length > bytes.length) throw new Error('half a packet was sent');
    packets.push([bytes[at + 3]!, bytes.subarray(at + 4, at + 4 + length)]);
    at += 4 + length;
  }
  return packets;
}

export const FAKE_ANALYZER: SqlAnalyzer<object> = {
  isSafeSetting: (name) => name !== 'sql_mode',
  isBaseTable: (_catalog, schema, table) => schema === 'shop' && table === 'customers',
  analyze(text) {
    if (text.includes('\0')) return { kind: 'refused', code: 'nul-in-text', message: 'a NUL in the text' };
    if (/^selec /.test(text)) return { kind: 'refused', code: 'syntax-error', message: 'near `selec`' };
    const statements = text
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(fakeStatement);
    return { kind: 'analyzed', statements, missing: [], cacheable: false };
  },
};

function fakeStatement(text: string): AnalyzedStatement {
  const verb = (
    /^show (?:warnings|errors)/.exec(text)?.[0] ??
    /^\w+/.exec(text)?.[0] ??
    'unknown'
  ).toLowerCase();
  const reads = text.includes('customers');
  const object = known({ kind: 'relation' as const, path: ['shop', 'customers'] });
  return {
    facts: {
      verb,
      accesses: known(reads ? [{ action: 'read', object, fields: known([]) }] : []),
      bounded: known(true),
      limit: known(null),
      functions: known([]),
      output: unknown('the fake analyzer does not look'),
      irreversible: false,
      fingerprint: verb,
    },
    start: 0,
    end: text.length,
    effects: fakeEffects(text),
    parameters: 0,
    returns: 'unknown',
  };
}

function fakeEffects(text: string): SessionEffect[] {
  const use = /^use `?(\w+)/.exec(text);
  if (use !== null) return [{ kind: 'use', database: use[1]! }];
  const set = /^set (\w+)(?:=(\w+))?/.exec(text);
  if (set !== null) {
    const value = set[2] === undefined ? unknown('a computed value') : known(set[2]);
    return [{ kind: 'set', name: set[1]!, value, local: false }];
  }
  const prepare = /^prepare (\w+) from '(.*)'/.exec(text);
  if (prepare !== null)
    return [{ kind: 'prepare', name: prepare[1]!, statement: fakeStatement(prepare[2]!) }];
  const execute = /^execute (\w+)/.exec(text);
  if (execute !== null) return [{ kind: 'execute', name: execute[1]! }];
  return /^(?:create|drop|alter)/.test(text) ? [{ kind: 'schema-change', temporary: false }] : [];
}
