import { GatewayError, known, type Statement } from '@gatehouse/model';
import { type Frame, type FrameLimits, WireError } from '@gatehouse/wire';
import type { Adapter } from '../adapter.ts';
import type { Credentials } from '../credentials.ts';
import type { ClientLogin, LoginOutbox, LoginStep, UpstreamLogin, UpstreamTarget } from '../login.ts';
import { HANDLED, type Outbox, type PendingRequest, type Relay, type RunningRequest } from '../relay.ts';
import { ReplyQueue } from '../reply-queue.ts';
import { WholeFrameCodec } from '../whole-frame-codec.ts';

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
  createSession: ({ limits }) => ({
    clientCodec: createCodec(limits),
    upstreamCodec: createCodec(limits),
    clientLogin: new LineLogin(),
    openUpstream: createUpstreamLogin,
    openRelay: () => new LineRelay(),
  }),
  loadCatalog: async () => null,
  readServerFacts: async () => ({ version: '1', details: {} }),
};

const createCodec = (limits: FrameLimits) =>
  new WholeFrameCodec(limits, (bytes, offset) => {
    const end = bytes.indexOf(LF, offset);
    return end < 0 ? null : end + 1 - offset;
  });

class LineLogin implements ClientLogin {
  #secret = '';
  greet(): void {}
  secured(): void {}

  receive(frame: Frame): LoginStep {
    const [verb, user = '', secret = ''] = textOf(frame).split(' ');
    this.#secret = secret;
    if (verb === 'LOGIN') return { kind: 'identify', claim: { user } };
    return { kind: 'violation', code: 'login-expected', detail: 'first line is not LOGIN' };
  }

  identified(credentials: Credentials): LoginStep {
    const proof = credentials.secret(this.#secret);
    this.#secret = '';
    if (proof.ok) return { kind: 'proved', tokenId: proof.tokenId, method: 'secret' };
    return { kind: 'failed', method: 'secret' };
  }

  admit(_admission: unknown, out: LoginOutbox): void {
    out.client(line('+welcome'));
  }

  reject(error: GatewayError, out: LoginOutbox): void {
    out.client(errorLine(error));
  }
}

function createUpstreamLogin({ credential }: UpstreamTarget): UpstreamLogin {
  return {
    start(out) {
      out.upstream(line(`LOGIN ${credential.user} ${credential.password()}`));
      return { kind: 'more' };
    },
    receive: (frame) => (frame.type === PLUS ? { kind: 'ready' } : { kind: 'failed', error: LOGIN_FAILED }),
    secured: () => ({ kind: 'more' }),
  };
}

/** One answer that the upstream owes: `cut` replaces what is left of it. */
interface Expected {
  readonly running: RunningRequest;
  columns: readonly string[];
  cut: GatewayError | null;
}

class LineRelay implements Relay {
  readonly #queue = new ReplyQueue<Expected>();

  classify(frame: Frame, out: Outbox) {
    const text = textOf(frame);
    if (text === 'QUIT') return { kind: 'goodbye' } as const;
    const statement = understand(text);
    if (statement === null) {
      this.#queue.answer(errorLine(NOT_A_COMMAND), out);
      return HANDLED;
    }
    const request = { statements: [statement], via: 'line', phase: 'run' } as const;
    const pending = { ...request, frame, text: () => text, parameters: () => undefined };
    return { kind: 'request', pending } as const;
  }

  permit(pending: PendingRequest & { readonly frame: Frame }, running: RunningRequest, out: Outbox): void {
    this.#queue.expect({ running, columns: [], cut: null });
    out.forwardToUpstream(pending.frame);
  }

  refuse(_pending: PendingRequest, denial: { readonly error: GatewayError }, out: Outbox): void {
    this.#queue.answer(errorLine(denial.error), out);
  }

  reply(frame: Frame, out: Outbox): void {
    const expected = this.#queue.head;
    if (expected === null) throw new WireError('malformed', 'reply without a request');
    if (frame.type === STAR) this.#row(frame, expected, out);
    else if (frame.type !== HASH) this.#end(frame, expected, out);
    else {
      expected.columns = textOf(frame).slice(1).split('\t');
      if (expected.cut === null) out.forwardToClient(frame);
    }
  }

  expire(running: RunningRequest, error: GatewayError, out: Outbox): void {
    for (const expected of this.#queue.pending()) if (expected.running === running) expected.cut ??= error;
    out.cancelUpstream();
  }

  cancelPlan = () => ({ via: 'close' }) as const;
  farewell = (error: GatewayError) => (this.isIdle() ? errorLine(error) : Buffer.alloc(0));
  isIdle = () => this.#queue.length === 0;
  running = () => [...this.#queue.pending()].map((expected) => expected.running);

  #row(frame: Frame, expected: Expected, out: Outbox): void {
    const { running } = expected;
    const { limits, masks } = running.obligations;
    if (running.rows === limits.rows) expected.cut ??= TOO_MANY_ROWS;
    if (expected.cut !== null) return;
    running.rows += 1;
    running.bytes += frame.end - frame.start;
    if (masks.length === 0) out.forwardToClient(frame);
    else {
      const values = textOf(frame).slice(1).split('\t');
      out.client(
        line(`*${values.map((each, i) => maskedValue(each, expected.columns[i], running)).join('\t')}`),
      );
    }
  }

  #end(frame: Frame, { running, cut }: Expected, out: Outbox): void {
    const failed = frame.type === MINUS;
    if (frame.type === PLUS) running.affectedRows = Number(textOf(frame).slice(1));
    if (cut !== null) out.client(errorLine(cut));
    else if (failed && running.obligations.redactDiagnostics) out.client(line('-failed it was refused'));
    else out.forwardToClient(frame);
    out.finish(running, cut !== null ? 'cut' : failed ? 'error' : 'ok', cut?.code);
    this.#queue.settle(out);
  }
}

/** A value without a column has an unknown origin and does not leave. */
function maskedValue(value: string, column: string | undefined, running: RunningRequest): string {
  const mask = running.obligations.masks.find(
    ({ field, object }) => field === '*' || column === `${object.path.join('.')}.${field}`,
  );
  if (column !== undefined && mask === undefined) return value;
  running.maskedCells += 1;
  return mask?.masker.kind === 'redact' ? '***' : '';
}

function understand(text: string): Statement | null {
  const [verb = '', name = '', rest = ''] = text.split(' ');
  const object = { kind: 'relation', path: name.split('.') } as const;
  if ((verb !== 'GET' && verb !== 'PUT') || object.path.length !== 2) return null;
  const isRead = verb === 'GET';
  const fields = isRead ? rest.split(',') : [];
  const uses = isRead ? fields.map((field) => ({ field, use: 'output' }) as const) : [VALUE];
  return {
    verb: verb.toLowerCase(),
    accesses: known([{ action: isRead ? 'read' : 'insert', object: known(object), fields: known(uses) }]),
    bounded: known(!isRead),
    limit: known(null),
    functions: known([]),
    output: known(fields.map((name) => ({ name, kind: 'value', sources: known([{ object, field: name }]) }))),
    irreversible: false,
    fingerprint: `${verb} ${name}`,
  };
}

const textOf = (frame: Frame): string =>
  frame.bytes.toString('utf8', frame.start, frame.end).replace(/\r?\n$/, '');
const line = (text: string): Buffer => Buffer.from(`${text}\n`);
const errorLine = (error: GatewayError): Buffer => line(`-${error.kind} ${error.message}`);
const LOGIN_FAILED = new GatewayError('unavailable', 'upstream-login-failed', 'the database refused us');
const VALUE = { field: 'value', use: 'write' } as const;
const NOT_A_COMMAND = new GatewayError('protocol', 'not-a-command', 'expected GET, PUT or QUIT');
const TOO_MANY_ROWS = new GatewayError('limit', 'row-limit', 'more rows than the limit for you here');
const [LF, PLUS, MINUS, HASH, STAR] = [0x0a, 0x2b, 0x2d, 0x23, 0x2a];
