import { createHmac } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chainedLines } from '../../testkit/chained-lines.ts';
import { intent, outcome } from '../../testkit/event-bodies.ts';
import { openJournal } from '../journal/journal.ts';
import { startShipper } from '../shipping/shipper.ts';
import { createFileSink } from './file-sink.ts';
import { openSink } from './open-sink.ts';
import { createStreamSink } from './stream-sink.ts';

const LINES = chainedLines(Array.from({ length: 40 }, (_, index) => outcome(`s1-${index}`)));
const same = (line: string) => line;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatehouse-sinks-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('a file', () => {
  const path = () => join(dir, 'inner', 'audit.jsonl');
  const open = (maxBytes = 1 << 20, keep = 3) =>
    createFileSink({ path: path(), maxBytes, keep, format: same });

  test('has every line, readable for its owner only, and goes on after a restart', async () => {
    const first = open();
    await first.write(LINES.slice(0, 10), 1);
    await first.close();
    const second = open();
    await second.write(LINES.slice(10, 20), 11);
    await second.close();
    expect(linesOf(path())).toEqual(LINES.slice(0, 20));
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('is put aside when it is large enough, and so many are kept', async () => {
    const size = Buffer.byteLength(`${LINES.slice(0, 10).join('\n')}\n`);
    const sink = open(size, 2);
    for (let first = 0; first < 40; first += 10) await sink.write(LINES.slice(first, first + 10), first + 1);
    await sink.close();
    expect(linesOf(path())).toEqual(LINES.slice(30));
    expect(linesOf(`${path()}.1`)).toEqual(LINES.slice(20, 30));
    expect(linesOf(`${path()}.2`)).toEqual(LINES.slice(10, 20));
    expect(existsSync(`${path()}.3`)).toBe(false);
  });

  test('loses what a crash left half-written, and nothing else', async () => {
    const first = open();
    await first.write(LINES.slice(0, 5), 1);
    await first.close();
    appendFileSync(path(), LINES[5]!.slice(0, 40));
    const second = open();
    await second.write(LINES.slice(5, 10), 6);
    await second.close();
    expect(linesOf(path())).toEqual(LINES.slice(0, 10));
  });

  test('says that it cannot be written, and is written when it can be', async () => {
    const sink = createFileSink({ path: join(dir, 'a', 'b'), maxBytes: 1 << 20, keep: 1, format: same });
    appendFileSync(join(dir, 'a'), 'a file where a folder should be');
    await expect(sink.write(LINES, 1)).rejects.toMatchObject({ code: 'EEXIST' });
    rmSync(join(dir, 'a'));
    await sink.write(LINES, 1);
    await sink.close();
    expect(linesOf(join(dir, 'a', 'b'))).toEqual(LINES);
  });
});

describe('a stream', () => {
  test('takes a batch when the reader has made room', async () => {
    const stream = new PassThrough({ highWaterMark: 64 });
    const sink = createStreamSink(stream, same);
    let taken = false;
    const writing = sink.write(LINES.slice(0, 3), 1).then(() => sink.write(LINES.slice(3, 6), 4));
    void writing.then(() => {
      taken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBe(false);
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await writing;
    await expect.poll(() => text.split('\n').slice(0, -1), { timeout: 10_000 }).toEqual(LINES.slice(0, 6));
  });
});

describe('a collector', () => {
  interface Request {
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }
  let server: Server;
  let requests: Request[];
  /** What the collector answers; null for silence. */
  let status: number | null;

  beforeEach(async () => {
    requests = [];
    status = 204;
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        requests.push({ headers: request.headers, body });
        if (status === null) return;
        response.writeHead(status, { location: 'http://127.0.0.1:1/' });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function open(timeoutMs = 30_000) {
    const { port } = server.address() as AddressInfo;
    return openSink('gw-1', {
      kind: 'http',
      url: `http://127.0.0.1:${port}/events`,
      format: 'ocsf',
      secret: 'shared',
      timeoutMs,
    });
  }

  test('gets batches with a signature that it can check, in OCSF form', async () => {
    const sink = open();
    await sink.write(chainedLines([intent('s1-1'), outcome('s1-1')]), 1);
    await sink.close();
    const [{ headers, body }] = requests as [Request];
    const signed = `${headers['x-gatehouse-time']}.gw-1.1-2.${body}`;
    expect(headers).toMatchObject({
      'x-gatehouse-batch': 'gw-1.1-2',
      'x-gatehouse-signature': `v1=${createHmac('sha256', 'shared').update(signed).digest('hex')}`,
    });
    const events = body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { class_uid: 6005, activity_id: 1, actor: { user: { name: 'ada' } }, metadata: { uid: 'gw-1/1' } },
      { class_uid: 6005, status_id: 1, metadata: { uid: 'gw-1/2', correlation_uid: 's1-1' } },
    ]);
  });

  test.each([500, 404, 301])('has not taken a batch that it answers with %s', async (answer) => {
    status = answer;
    const sink = open();
    await expect(sink.write(LINES, 1)).rejects.toMatchObject({
      code: 'sink-unavailable',
      kind: 'unavailable',
    });
    await sink.close();
    expect(requests).toHaveLength(1);
  });

  test('has not taken a batch that it never answers', async () => {
    status = null;
    const sink = open(200);
    await expect(sink.write(LINES, 1)).rejects.toMatchObject({ code: 'sink-unavailable' });
    await sink.close();
  });

  test('gets everything in order when it comes back, and has held nobody meanwhile', async () => {
    status = 500;
    const limits = { segmentBytes: 20_000, maxBacklogBytes: 1 << 30 };
    const journal = openJournal({ dir, node: 'gw-1', ...limits });
    const sinks = [
      open(),
      createFileSink({ path: join(dir, 'audit.jsonl'), maxBytes: 1 << 20, keep: 1, format: same }),
    ];
    const shippers = sinks.map((sink, index) =>
      startShipper({
        journal,
        dir,
        node: 'gw-1',
        cursorPath: join(dir, `gw-1.sink-${index}.cursor`),
        countsAsBacklog: false,
        settleMs: 0,
        lingerMs: 10,
        deliver: ({ lines, first }) => sink.write(lines, first),
        onTrouble: () => undefined,
      }),
    );
    const [collector, file] = shippers as [(typeof shippers)[0], (typeof shippers)[0]];
    for (let index = 1; index <= 350; index += 1) journal.append(outcome(`s1-${index}`));
    await expect.poll(() => file.status().deliveredSeq, { timeout: 20_000 }).toBe(350);
    await expect
      .poll(() => collector.status().failure, { timeout: 20_000 })
      .toMatchObject({ code: 'sink-unavailable' });
    expect(collector.status()).toMatchObject({ deliveredSeq: 0, safeSeq: 0, backlogEvents: 350 });
    // Nobody has acknowledged anything: that is the store's business.
    expect(journal.status().backlogEvents).toBe(350);
    status = 200;
    requests = [];
    await expect.poll(() => collector.status().deliveredSeq, { timeout: 20_000 }).toBe(350);
    const numbers = requests.flatMap(({ body }) =>
      body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).metadata.sequence as number),
    );
    expect(numbers).toEqual(Array.from({ length: 350 }, (_, index) => index + 1));
    for (const shipper of shippers) await shipper.close(5_000);
    for (const sink of sinks) await sink.close();
    await journal.close();
    expect(linesOf(join(dir, 'audit.jsonl'))).toHaveLength(350);
  }, 60_000);
});
