import { GatewayError, known, type Obligations, type Statement } from '@gatehouse/model';
import { createFrame, type Frame, FrameBuffer, type FrameLimits, WireError } from '@gatehouse/wire';
import type { Adapter, DialectSession, SessionServices } from '../adapter.ts';
import type { Codec } from '../codec.ts';
import type { Credentials } from '../credentials.ts';
import type { ClientLogin, LoginOutbox, LoginStep, UpstreamLogin, UpstreamTarget } from '../login.ts';
import {
  HANDLED,
  type Outbox,
  type PendingRequest,
  type Relay,
  type RunningRequest,
  type Verdict,
} from '../relay.ts';
import { ReplyQueue } from '../reply-queue.ts';

/**
 * The reference adapter: a line protocol of our own, small enough to be read at one sitting.
 *
 * ```text
 * client   = "LOGIN" SP user SP secret LF | "GET" SP ns.name SP field *("," field) LF | "PUT" SP ns.name SP value LF | "QUIT" LF
 * server   = "+" text LF | "-" code SP text LF | "#" field *(TAB field) LF *("*" value *(TAB value) LF) "." LF
 * ```
 */
export const lineAdapter: Adapter<null> = {
  dialect: 'line',
  capabilities: {
    maskers: ['null', 'redact'],
    limits: ['rows', 'seconds'],
    redactDiagnostics: true,
    idleBeforeLogin: false,
  },
  createSession: (services) => createLineSession(services),
  loadCatalog: async () => null,
  readServerFacts: async () => ({ version: '1', details: {} }),
};

function createLineSession(services: SessionServices): DialectSession<null> {
  return {
    clientCodec: new LineCodec(services.limits),
    upstreamCodec: new LineCodec(services.limits),
    clientLogin: new LineLogin(),
    openUpstream: (target) => createLineUpstreamLogin(target),
    openRelay: () => new LineRelay(),
  };
}

class LineCodec implements Codec {
  readonly frame = createFrame();
  readonly #buffer = new FrameBuffer();
  readonly #limits: FrameLimits;
  #broken = false;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  push(chunk: Buffer): void {
    this.#buffer.append(chunk);
  }

  next(): boolean {
    if (this.#broken) throw new WireError('codec-unusable');
    const { bytes, offset } = this.#buffer;
    const end = bytes.indexOf(LF, offset);
    const length = (end < 0 ? bytes.length : end + 1) - offset;
    if (length > this.#limits.wholeFrameBytes) {
      this.#broken = true;
      throw new WireError('frame-too-large');
    }
    if (end < 0) return false;
    Object.assign(this.frame, {
      bytes,
      start: offset,
      end: end + 1,
      type: bytes[offset]!,
      totalBytes: length,
    });
    this.#buffer.advance(length);
    return true;
  }

  drain(): Buffer {
    return this.#buffer.drain();
  }
}

class LineLogin implements ClientLogin {
  #secret = '';
  greet(): void {}
  secured(): void {}

  receive(frame: Frame): LoginStep {
    const [verb, user = '', secret = ''] = textOf(frame).split(' ');
    if (verb !== 'LOGIN')
      return { kind: 'violation', code: 'login-expected', detail: 'first line is not LOGIN' };
    this.#secret = secret;
    return { kind: 'identify', claim: { user } };
  }

  identified(credentials: Credentials): LoginStep {
    const proof = credentials.secret(this.#secret);
    this.#secret = '';
    return proof.ok
      ? { kind: 'proved', tokenId: proof.tokenId, method: 'secret' }
      : { kind: 'failed', method: 'secret' };
  }

  admit(_admission: unknown, out: LoginOutbox): void {
    out.client(line('+welcome'));
  }

  reject(error: GatewayError, out: LoginOutbox): void {
    out.client(errorLine(error));
  }
}

function createLineUpstreamLogin({ credential }: UpstreamTarget): UpstreamLogin {
  return {
    start(out) {
      out.upstream(line(`LOGIN ${credential.user} ${credential.password()}`));
      return { kind: 'more' };
    },
    receive: (frame) => (frame.type === PLUS ? { kind: 'ready' } : { kind: 'failed', error: LOGIN_FAILED }),
    secured: () => ({ kind: 'more' }),
  };
}

interface LineRequest extends PendingRequest {
  readonly frame: Frame;
}

/** One answer that the upstream owes: `cut` replaces what is left of it. */
interface Expected {
  readonly running: RunningRequest;
  columns: readonly string[];
  cut: GatewayError | null;
}

class LineRelay implements Relay {
  readonly #queue = new ReplyQueue<Expected>();

  classify(frame: Frame, out: Outbox): Verdict {
    const text = textOf(frame);
    if (text === 'QUIT') return { kind: 'goodbye' };
    if (text === '') return HANDLED;
    const statement = understand(text);
    if (statement === null) {
      this.#queue.answer(
        errorLine(new GatewayError('protocol', 'not-a-command', 'expected GET, PUT or QUIT')),
        out,
      );
      return HANDLED;
    }
    const pending: LineRequest = {
      frame,
      statements: [statement],
      via: 'line',
      phase: 'run',
      text: () => text,
      parameters: () => undefined,
    };
    return { kind: 'request', pending };
  }

  permit(pending: PendingRequest, running: RunningRequest, out: Outbox): void {
    this.#queue.expect({ running, columns: [], cut: null });
    out.forwardToUpstream((pending as LineRequest).frame);
  }

  refuse(_pending: PendingRequest, denial: { readonly error: GatewayError }, out: Outbox): void {
    this.#queue.answer(errorLine(denial.error), out);
  }

  reply(frame: Frame, out: Outbox): void {
    const expected = this.#queue.head;
    if (expected === null) throw new WireError('malformed', 'reply without a request');
    if (frame.type === HASH) expected.columns = textOf(frame).slice(1).split('\t');
    if (frame.type === HASH || frame.type === STAR) this.#row(frame, expected, out);
    else this.#end(frame, expected, out);
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#queue.pending()) if (expected.running === running) expected.cut ??= error;
    out.cancelUpstream();
  }

  cancelPlan() {
    return { via: 'close' } as const;
  }

  farewell(error: GatewayError): Buffer {
    return this.#queue.length === 0 ? errorLine(error) : Buffer.alloc(0);
  }

  isIdle(): boolean {
    return this.#queue.length === 0;
  }

  running(): readonly RunningRequest[] {
    return [...this.#queue.pending()].map((expected) => expected.running);
  }

  #row(frame: Frame, expected: Expected, out: Outbox): void {
    const { running } = expected;
    if (expected.cut !== null) return;
    if (frame.type === HASH) {
      out.forwardToClient(frame);
      return;
    }
    if (running.rows === running.obligations.limits.rows) {
      expected.cut = new GatewayError(
        'limit',
        'row-limit',
        `more than ${running.rows} rows, the limit for you here`,
      );
      return;
    }
    running.rows += 1;
    running.bytes += frame.end - frame.start;
    if (running.obligations.masks.length === 0) out.forwardToClient(frame);
    else out.client(maskedRow(textOf(frame), expected.columns, running));
  }

  #end(frame: Frame, expected: Expected, out: Outbox): void {
    const failed = frame.type === MINUS;
    if (frame.type === PLUS) expected.running.affectedRows = Number(textOf(frame).slice(1));
    if (expected.cut !== null) out.client(errorLine(expected.cut));
    else if (failed && expected.running.obligations.redactDiagnostics)
      out.client(line('-failed the database refused the statement'));
    else out.forwardToClient(frame);
    out.finish(expected.running, expected.cut !== null ? 'cut' : failed ? 'error' : 'ok', expected.cut?.code);
    this.#queue.settle(out);
  }
}

function maskedRow(row: string, columns: readonly string[], running: RunningRequest): Buffer {
  const values = row.slice(1).split('\t');
  return line(`*${values.map((value, i) => maskedValue(value, columns[i], running)).join('\t')}`);
}

/** A value without a column has an unknown origin and does not leave. */
function maskedValue(value: string, column: string | undefined, running: RunningRequest): string {
  const masks: Obligations['masks'] = running.obligations.masks;
  const mask = masks.find(
    ({ field, object }) => field === '*' || column === `${object.path.join('.')}.${field}`,
  );
  if (column !== undefined && mask === undefined) return value;
  running.maskedCells += 1;
  return mask?.masker.kind === 'redact' ? '***' : '';
}

function understand(text: string): Statement | null {
  const [verb = '', object = '', rest = ''] = text.split(' ');
  const path = object.split('.');
  if ((verb !== 'GET' && verb !== 'PUT') || path.length !== 2) return null;
  const ref = { kind: 'relation', path } as const;
  const fields = verb === 'GET' ? rest.split(',') : ['value'];
  const use = verb === 'GET' ? 'output' : 'write';
  return {
    verb: verb.toLowerCase(),
    accesses: known([
      {
        action: verb === 'GET' ? 'read' : 'insert',
        object: known(ref),
        fields: known(fields.map((field) => ({ field, use }))),
      },
    ]),
    bounded: known(verb === 'PUT'),
    limit: known(null),
    functions: known([]),
    output: known(
      verb === 'GET'
        ? fields.map((field) => ({ name: field, kind: 'value', sources: known([{ object: ref, field }]) }))
        : [],
    ),
    irreversible: false,
    fingerprint: `${verb} ${object}`,
  };
}

const textOf = (frame: Frame): string =>
  frame.bytes.toString('utf8', frame.start, frame.end).replace(/\r?\n$/, '');
const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const errorLine = (error: GatewayError): Buffer => line(`-${error.kind} ${error.message}`);
const LOGIN_FAILED = new GatewayError(
  'unavailable',
  'upstream-login-failed',
  'the database refused the gateway',
);
const [LF, PLUS, MINUS, HASH, STAR] = [0x0a, 0x2b, 0x2d, 0x23, 0x2a];
