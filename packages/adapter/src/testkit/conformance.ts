import { ERROR_KINDS, GatewayError, type Obligations, type Statement } from '@gatehouse/model';
import type { FrameLimits } from '@gatehouse/wire';
import { describe, expect, it } from 'vitest';
import type { Adapter } from '../adapter.ts';
import type { ServerFacts } from '../catalog.ts';
import type { Credentials, UpstreamCredential } from '../credentials.ts';
import { AdapterBench, type BenchOptions, type BenchVerdict, type ScriptedServer } from './bench.ts';

/** What a message of the harness is about; every adapter gives all of them. */
export type Message =
  /** Reads three rows of `conformance.people` with the fields `name` and `secret`; the server answers with the values below. */
  | 'read'
  /** Writes one row to `conformance.people`. */
  | 'write'
  /** A read that the scripted server answers with an error that carries `SECRET_VALUES[0]` in its text. */
  | 'failing-read'
  /** Bytes that do not follow the protocol. */
  | 'malformed'
  /** The beginning of a message that declares more than `maxFrameBytes` of 1 MiB. */
  | 'oversized';

export const SECRET_VALUES = ['s3cr3t-one', 's3cr3t-two', 's3cr3t-three'] as const;
export const PLAIN_VALUES = ['ana', 'bob', 'cyd'] as const;
export const PEOPLE = { kind: 'relation', path: ['conformance', 'people'] } as const;

/** One factory and one expectation map: all that an adapter gives to run the suite. */
export interface ConformanceHarness {
  readonly adapter: Adapter;
  readonly catalog: unknown;
  readonly serverFacts: ServerFacts;
  readonly upstreamCredential: UpstreamCredential;
  readonly options?: Readonly<Record<string, unknown>>;
  createServer(): ScriptedServer;
  /** Credentials for which the harness's own `login` succeeds (`good`) or does not. */
  credentials(good: boolean): Credentials;
  /** Plays the client's part of the login until the bench is in the relay phase or closed. */
  login(bench: AdapterBench): void;
  message(kind: Message): Buffer;
  /** How many errors of this dialect stand in what the client received; an unfinished message at the end is left out. */
  countErrors(received: Buffer): number;
  readonly expect: Readonly<Record<'readRows' | 'writtenRows', number>> & {
    /** Rows of `read` that still reach the client under a limit of two rows; 0 where a whole batch is one message. */
    readonly rowsBeforeCut: 2 | 0;
  };
}

/** Runs the whole suite for one adapter. Tests for capabilities that are not declared are skipped and say so. */
export function describeConformance(name: string, create: () => ConformanceHarness): void {
  describe(`${name} conforms to the adapter contract`, () => {
    describe('login', () => loginSuite(create));
    describe('decision', () => decisionSuite(create));
    describe('obligations', () => obligationSuite(create));
    describe('hostile bytes', () => hostileSuite(create));
  });
}

function loginSuite(create: () => ConformanceHarness): void {
  it('reaches the relay with a good proof', () => {
    const { bench } = open(create(), () => PERMIT);
    expect(bench.phase).toBe('relay');
    expect(bench.relay.isIdle()).toBe(true);
  });

  it('refuses a wrong proof in its own words and never opens the upstream', () => {
    const harness = create();
    const bench = createBench(harness, () => PERMIT, harness.credentials(false));
    harness.login(bench);
    expect(bench.phase).toBe('closed');
    expect(harness.countErrors(bench.takeClient())).toBe(1);
    expect(bench.upstreamBytes).toBe(0);
  });

  it.each(ERROR_KINDS)('words a rejected login of kind %s', (kind) => {
    const harness = create();
    const bench = createBench(harness, () => PERMIT);
    bench.takeClient();
    bench.dialect.clientLogin.reject(new GatewayError(kind, 'some-code', 'some message'), bench);
    expect(bench.takeClient().length).toBeGreaterThan(0);
  });
}

function decisionSuite(create: () => ConformanceHarness): void {
  it('sends nothing upstream before the request was decided', () => {
    const { harness, bench } = open(create(), () => PERMIT);
    bench.send(harness.message('write'));
    expect(bench.upstreamAtDecision.length).toBeGreaterThan(0);
    expect(bench.upstreamAtDecision[0]).toBe(0);
    expect(bench.upstreamBytes).toBeGreaterThan(0);
  });

  it('finishes each permitted request exactly once, with its counters', () => {
    const { harness, bench } = open(create(), () => PERMIT);
    bench.send(harness.message('read'));
    expect(bench.relay.isIdle()).toBe(false);
    bench.settle();
    bench.send(harness.message('write'));
    bench.settle();
    const runs = bench.finished.filter(({ running }) => running.phase === 'run');
    expect(runs.map(({ result }) => result)).toEqual(['ok', 'ok']);
    expect(runs[0]!.running.rows).toBe(harness.expect.readRows);
    expect(runs[1]!.running.affectedRows).toBe(harness.expect.writtenRows);
    expect(
      bench.permitted.every(
        (running) => bench.finished.filter((done) => done.running === running).length === 1,
      ),
    ).toBe(true);
    expect(bench.relay.isIdle()).toBe(true);
    expect(bench.relay.running()).toEqual([]);
  });

  it('gives the same answer whether bytes come one by one or at once, in both directions', () => {
    const whole = play(create(), Number.POSITIVE_INFINITY);
    const single = play(create(), 1);
    expect(single.equals(whole)).toBe(true);
    for (const value of [...PLAIN_VALUES, ...SECRET_VALUES]) expect(whole.includes(value)).toBe(true);
  });

  it('denies in its own words and stays in step', () => {
    let denials = 1;
    const { harness, bench } = open(create(), () => (denials-- > 0 ? DENY : PERMIT));
    bench.send(harness.message('write'));
    bench.settle();
    expect(harness.countErrors(bench.takeClient())).toBe(1);
    expect(bench.finished).toEqual([]);
    bench.send(harness.message('read'));
    bench.settle();
    const received = bench.takeClient();
    expect(harness.countErrors(received)).toBe(0);
    expect(received.includes(PLAIN_VALUES[2])).toBe(true);
  });

  it('denies in the middle of a pipeline: what went before runs, what comes after runs, the error stands between', () => {
    const { harness, bench } = open(create(), (pending) =>
      pending.statements.some(isWrite) ? DENY : PERMIT,
    );
    bench.send(Buffer.concat([harness.message('read'), harness.message('write'), harness.message('read')]));
    bench.settle();
    const received = bench.takeClient();
    expect(harness.countErrors(received)).toBe(1);
    expect(received.indexOf(PLAIN_VALUES[0])).toBeLessThan(received.lastIndexOf(PLAIN_VALUES[0]));
    const first = received.subarray(0, received.lastIndexOf(PLAIN_VALUES[0]));
    expect(harness.countErrors(first)).toBe(1);
  });

  it.each(ERROR_KINDS)('words a denial of kind %s', (kind) => {
    const { harness, bench } = open(create(), () => ({
      effect: 'deny',
      error: new GatewayError(kind, 'some-code', 'some message'),
    }));
    bench.send(harness.message('read'));
    bench.settle();
    expect(harness.countErrors(bench.takeClient())).toBe(1);
  });

  it('names what still runs when the upstream is lost', () => {
    const { harness, bench } = open(create(), () => PERMIT);
    bench.send(harness.message('read'));
    expect(bench.relay.running().filter((running) => running.phase === 'run')).toHaveLength(1);
    expect(() =>
      bench.relay.farewell(new GatewayError('unavailable', 'upstream-lost', 'gone')),
    ).not.toThrow();
  });
}

function obligationSuite(create: () => ConformanceHarness): void {
  const { capabilities } = create().adapter;
  for (const kind of ['null', 'redact'] as const) {
    it.skipIf(!capabilities.maskers.includes(kind))(`lets no masked value leave (masker ${kind})`, () => {
      const { harness, bench } = open(create(), () => ({
        effect: 'permit',
        obligations: { masks: [maskOf(kind)] },
      }));
      bench.send(harness.message('read'));
      bench.settle();
      const received = bench.takeClient();
      for (const value of SECRET_VALUES) expect(received.includes(value)).toBe(false);
      for (const value of PLAIN_VALUES) expect(received.includes(value)).toBe(true);
      expect(bench.finished.at(-1)!.running.maskedCells).toBe(SECRET_VALUES.length);
    });
  }

  it.skipIf(!capabilities.limits.includes('rows'))(
    'cuts at the row limit with an error and stays in step',
    () => {
      let limited = true;
      const { harness, bench } = open(create(), () =>
        limited ? { effect: 'permit', obligations: { limits: { rows: 2 } } } : PERMIT,
      );
      bench.send(harness.message('read'));
      bench.settle();
      const received = bench.takeClient();
      const left = PLAIN_VALUES.filter((value) => received.includes(value));
      expect(left).toEqual(PLAIN_VALUES.slice(0, harness.expect.rowsBeforeCut));
      expect(harness.countErrors(received)).toBe(1);
      expect(bench.finished.at(-1)!.result).toBe('cut');
      limited = false;
      bench.send(harness.message('read'));
      bench.settle();
      expect(bench.takeClient().includes(PLAIN_VALUES[2])).toBe(true);
    },
  );

  it.skipIf(!capabilities.limits.includes('rows'))(
    'lets exactly as many rows pass as the limit allows',
    () => {
      const { harness, bench } = open(create(), () => ({
        effect: 'permit',
        obligations: { limits: { rows: 3 } },
      }));
      bench.send(harness.message('read'));
      bench.settle();
      expect(bench.finished.at(-1)!.result).toBe('ok');
      expect(harness.countErrors(bench.takeClient())).toBe(0);
    },
  );

  it.skipIf(!capabilities.limits.includes('seconds'))(
    'withholds what comes after a time limit and asks the upstream to stop',
    () => {
      const { harness, bench } = open(create(), () => PERMIT);
      bench.send(harness.message('read'));
      const running = bench.relay.running().find(({ phase }) => phase === 'run')!;
      bench.relay.expire(running, new GatewayError('timeout', 'statement-seconds', 'too slow'), bench);
      bench.settle();
      const received = bench.takeClient();
      expect(received.includes(PLAIN_VALUES[0])).toBe(false);
      expect(harness.countErrors(received)).toBe(1);
      expect(bench.cancels).toHaveLength(1);
      expect(bench.finished.at(-1)!.result).toBe('cut');
    },
  );

  it.skipIf(!capabilities.redactDiagnostics)(
    'keeps values out of error texts where they may be protected',
    () => {
      const { harness, bench } = open(create(), () => ({
        effect: 'permit',
        obligations: { redactDiagnostics: true },
      }));
      bench.send(harness.message('failing-read'));
      bench.settle();
      const received = bench.takeClient();
      expect(harness.countErrors(received)).toBe(1);
      expect(received.includes(SECRET_VALUES[0])).toBe(false);
      expect(bench.finished.at(-1)!.result).toBe('error');
    },
  );
}

function hostileSuite(create: () => ConformanceHarness): void {
  it('never sends malformed bytes upstream, and does not go on after them', () => {
    const { harness, bench } = open(create(), () => PERMIT);
    const before = bench.upstreamBytes;
    const outcome = attempt(() => bench.send(harness.message('malformed')));
    const refused =
      outcome === 'threw' || bench.violations.length > 0 || harness.countErrors(bench.takeClient()) > 0;
    expect(refused).toBe(true);
    expect(bench.upstreamBytes).toBe(before);
  });

  it('refuses a declared length over the limit before the bytes have come', () => {
    const { harness, bench } = open(create(), () => PERMIT, LOW_LIMITS);
    const outcome = attempt(() => bench.send(harness.message('oversized')));
    expect(outcome === 'threw' || bench.violations.length > 0).toBe(true);
    if (outcome === 'threw') expect(() => bench.dialect.clientCodec.next()).toThrow();
  });

  it('does not accept a reply that nobody asked for as the answer to the next request', () => {
    const { harness, bench } = open(create(), () => PERMIT);
    const stolen = create().createServer();
    const reply = answerTo(harness, stolen);
    attempt(() => bench.receive(reply));
    expect(bench.finished).toEqual([]);
  });
}

function play(harness: ConformanceHarness, chunk: number): Buffer {
  const { bench } = open(harness, () => PERMIT);
  const message = harness.message('read');
  bench.send(message, Math.min(chunk, message.length));
  bench.settle(chunk);
  return bench.takeClient();
}

/** What the scripted server says to a read of another, logged-in session. */
function answerTo(harness: ConformanceHarness, server: ScriptedServer): Buffer {
  let answer: Buffer = Buffer.alloc(0);
  const spy: ScriptedServer = {
    ...(server.greeting === undefined ? {} : { greeting: () => server.greeting!() }),
    receive(bytes) {
      answer = server.receive(bytes);
      return answer;
    },
  };
  const bench = createBench({ ...harness, createServer: () => spy }, () => PERMIT);
  harness.login(bench);
  bench.send(harness.message('read'));
  bench.settle();
  return answer;
}

function open(harness: ConformanceHarness, decide: Decide, limits?: FrameLimits) {
  const bench = createBench(harness, decide, harness.credentials(true), limits);
  harness.login(bench);
  bench.takeClient();
  return { harness, bench };
}

function createBench(
  harness: ConformanceHarness,
  decide: Decide,
  credentials = harness.credentials(true),
  limits?: FrameLimits,
): AdapterBench {
  return new AdapterBench({
    adapter: harness.adapter,
    catalog: harness.catalog,
    serverFacts: harness.serverFacts,
    server: harness.createServer(),
    credentials,
    upstreamCredential: harness.upstreamCredential,
    ...(harness.options === undefined ? {} : { options: harness.options }),
    ...(limits === undefined ? {} : { limits }),
    decide,
  });
}

function attempt(work: () => void): 'threw' | 'returned' {
  try {
    work();
    return 'returned';
  } catch {
    return 'threw';
  }
}

function isWrite({ accesses }: Statement): boolean {
  return !accesses.known || accesses.value.some(({ action }) => action === 'insert');
}

function maskOf(kind: 'null' | 'redact'): Obligations['masks'][number] {
  return { object: PEOPLE, field: 'secret', masker: { kind }, rule: { policy: 'conformance', rule: kind } };
}

type Decide = BenchOptions['decide'];

const PERMIT: BenchVerdict = { effect: 'permit' };
const DENY: BenchVerdict = {
  effect: 'deny',
  error: new GatewayError('denied', 'denied-by-rule', 'not for you'),
};
const LOW_LIMITS = { wholeFrameBytes: 64 * 1024, maxFrameBytes: 1024 * 1024 };
