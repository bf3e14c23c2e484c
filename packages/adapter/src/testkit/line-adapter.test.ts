import { DEFAULT_FRAME_LIMITS } from '@gatehouse/wire';
import type { Credentials, UpstreamCredential } from '../credentials.ts';
import type { ScriptedServer } from './bench.ts';
import {
  type ConformanceHarness,
  describeConformance,
  type Message,
  PLAIN_VALUES,
  SECRET_VALUES,
} from './conformance.ts';
import { lineAdapter } from './line-adapter.ts';

const ROWS = PLAIN_VALUES.map((name, i) => `*${name}\t${SECRET_VALUES[i]}\n`).join('');
const ANSWERS: Readonly<Record<string, string>> = {
  'LOGIN gateway pw': '+in\n',
  'GET conformance.people name,secret': `#conformance.people.name\tconformance.people.secret\n${ROWS}.\n`,
  'PUT conformance.people x': '+1\n',
  'GET conformance.people fail': `-bad near ${SECRET_VALUES[0]}\n`,
};

function createServer(): ScriptedServer {
  return {
    receive: (bytes) =>
      Buffer.from(
        bytes
          .toString()
          .split('\n')
          .map((line) => ANSWERS[line] ?? '')
          .join(''),
      ),
  };
}

const MESSAGES: Readonly<Record<Message, string>> = {
  read: 'GET conformance.people name,secret\n',
  write: 'PUT conformance.people x\n',
  'failing-read': 'GET conformance.people fail\n',
  malformed: '\x00\x01garbage\n',
  oversized: 'x'.repeat(DEFAULT_FRAME_LIMITS.wholeFrameBytes + 1),
};

const harness = (): ConformanceHarness => ({
  adapter: lineAdapter,
  catalog: null,
  serverFacts: { version: '1', details: {} },
  upstreamCredential: { user: 'gateway', password: () => 'pw' } as UpstreamCredential,
  createServer,
  credentials: (good) =>
    ({ secret: () => (good ? { ok: true, tokenId: 't1' } : { ok: false }) }) as unknown as Credentials,
  login: (bench) => bench.send(Buffer.from('LOGIN ana secret\n')),
  message: (kind) => Buffer.from(MESSAGES[kind]),
  countErrors: (received) =>
    received
      .toString()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('-')).length,
  expect: { readRows: 3, writtenRows: 1, rowsBeforeCut: 2 },
});

describeConformance('the line adapter', harness);
