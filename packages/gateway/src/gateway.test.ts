import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineAdapter } from '@gatehouse/adapter/testkit';
import {
  createAuthenticator,
  createLoginGuard,
  createPrincipalDirectory,
  createToken,
  createUpstreamCredential,
  openTokenFile,
} from '@gatehouse/identity';
import {
  type AccessRequest,
  type AuditBody,
  type Decision,
  GatewayError,
  NO_OBLIGATIONS,
  type Obligations,
  type Principal,
} from '@gatehouse/model';
import { DEFAULT_FRAME_LIMITS } from '@gatehouse/wire';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCatalogLoader } from './catalog-loader.ts';
import type { Database } from './database.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { createMetrics } from './metrics.ts';
import type { JournalPort } from './session/journal-port.ts';
import { ProbeMeter } from './session/probe-meter.ts';
import { SessionDirectory } from './session/session-directory.ts';

const ANA: Principal = { kind: 'human', name: 'ana', groups: [], claims: {} };

/** Keeps events in memory; `hold` keeps their confirmation back, `fail` makes writing fail. */
class MemoryJournal implements JournalPort {
  readonly events: AuditBody[] = [];
  mode: 'ok' | 'hold' | 'fail' | 'full' = 'ok';
  readonly held: (() => void)[] = [];

  append(body: AuditBody): void {
    if (this.mode === 'full') throw new GatewayError('audit', 'journal-full', 'the journal is full');
    this.events.push(body);
  }

  afterWritten(callback: (error: GatewayError | null) => void): void {
    if (this.mode === 'hold') this.held.push(() => callback(null));
    else if (this.mode === 'fail')
      setImmediate(() => callback(new GatewayError('audit', 'journal-failed', 'disk')));
    else setImmediate(() => callback(null));
  }

  afterSynced(callback: (error: GatewayError | null) => void): void {
    this.afterWritten(callback);
  }

  kinds(): string[] {
    return this.events.map((event) => (event.kind === 'outcome' ? `outcome:${event.result}` : event.kind));
  }
}

/** The other end: a line server that remembers what it was sent. */
class LineServer {
  readonly received: string[] = [];
  readonly sockets = new Set<Socket>();
  readonly server: Server;
  answer: (line: string, socket: Socket) => void = (line, socket) => socket.write(reply(line));

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      let rest = '';
      socket.on('data', (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          this.received.push(line);
          this.answer(line, socket);
        }
      });
    });
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

function reply(line: string): string {
  if (line.startsWith('LOGIN')) return '+in\n';
  if (line.startsWith('PUT')) return '+1\n';
  return '#s.people.name\n*ana\n*bob\n.\n';
}

/** A line client that collects what it is sent. */
class LineClient {
  readonly socket: Socket;
  text = '';
  closed = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.text += chunk.toString();
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => undefined);
  }

  send(...lines: string[]): this {
    this.socket.write(lines.map((line) => `${line}\n`).join(''));
    return this;
  }

  /** Waits until the condition holds; the test's own time limit is the bound. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async reads(end: string): Promise<string> {
    await this.until(() => this.text.endsWith(end));
    const text = this.text;
    this.text = '';
    return text;
  }
}

describe('gateway', () => {
  let folder: string;
  let upstream: LineServer;
  let gateway: Gateway;
  let journal: MemoryJournal;
  let secret: string;
  let decide: (request: AccessRequest) => Partial<Decision>;
  let directory: SessionDirectory;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
    upstream = new LineServer();
    const port = await upstream.open();
    const tokens = await openTokenFile(join(folder, 'tokens.json'));
    secret = (await createToken({ principal: ANA }, tokens, Date.now)).secret;
    journal = new MemoryJournal();
    decide = () => ({});
    directory = new SessionDirectory();
    const database: Database = {
      facts: { name: 'main', labels: {} },
      adapter: lineAdapter,
      upstream: {
        host: '127.0.0.1',
        port,
        database: 'main',
        credential: createUpstreamCredential({ user: 'gateway', password: 'pw' }),
        tls: { mode: 'disable' },
      },
      catalog: createCatalogLoader({ load: async () => null, loaded: () => undefined }),
      serverFacts: () => null,
      ask: async () => null,
    };
    gateway = createGateway(
      [
        {
          name: 'line',
          host: '127.0.0.1',
          port: 0,
          adapter: lineAdapter,
          databases: [database],
          tls: null,
          tlsRequired: false,
          maxSessions: 3,
          options: {},
        },
      ],
      {
        node: 'n1',
        authenticator: createAuthenticator({
          principals: () => createPrincipalDirectory([{ principal: ANA, disabled: false }]),
          tokens,
          guard: createLoginGuard({ clock: Date.now }),
          clock: Date.now,
        }),
        policy: { decide: (request) => permit(decide(request)) },
        journal,
        recording: { keepTexts: true, parameter: null },
        directory,
        metrics: createMetrics(),
        probeMeter: new ProbeMeter(),
        limits: {
          frames: DEFAULT_FRAME_LIMITS,
          loginMs: 2_000,
          upstreamLoginMs: 2_000,
          knowledgeMs: 500,
          recheckMs: 50,
        },
        maskingKey: Buffer.alloc(32),
        log: pino({ level: 'silent' }),
      },
    );
    await gateway.open();
  });

  afterEach(async () => {
    await gateway.close(0);
    upstream.close();
    rmSync(folder, { recursive: true });
  });

  const open = (): LineClient => new LineClient(gateway.listeners[0]!.port);

  async function login(): Promise<LineClient> {
    const client = open().send(`LOGIN ana ${secret}`);
    await client.reads('+welcome\n');
    return client;
  }

  it('carries a statement from client to server and back, and records intent before outcome', async () => {
    const client = await login();
    expect(await client.send('GET s.people name').reads('.\n')).toBe('#s.people.name\n*ana\n*bob\n.\n');
    expect(journal.kinds()).toEqual(['login', 'intent', 'outcome:ok']);
    expect(journal.events[2]).toMatchObject({ rows: 2, affectedRows: 0 });
  });

  it('accepts statements that were sent together with the login', async () => {
    const client = open().send(`LOGIN ana ${secret}`, 'GET s.people name', 'PUT s.people x');
    expect(await client.reads('+1\n')).toBe('+welcome\n#s.people.name\n*ana\n*bob\n.\n+1\n');
  });

  it('refuses a wrong secret without telling why and without touching the upstream', async () => {
    const client = open().send('LOGIN ana wrong');
    await client.until(() => client.closed);
    expect(client.text).toBe('-authentication login failed for `ana`\n');
    expect(upstream.received).toEqual([]);
    expect(journal.events[0]).toMatchObject({ kind: 'login', result: 'refused', claimedName: 'ana' });
  });

  it('says the same for a name that does not exist', async () => {
    const client = open().send('LOGIN eve wrong');
    await client.until(() => client.closed);
    expect(client.text).toBe('-authentication login failed for `eve`\n');
  });

  it('refuses a principal that may not connect and never opens the upstream', async () => {
    decide = () => ({ effect: 'deny', reason: { code: 'no-permit', text: 'not here' } });
    const client = open().send(`LOGIN ana ${secret}`);
    await client.until(() => client.closed);
    expect(client.text).toBe('-denied not here\n');
    expect(upstream.received).toEqual([]);
  });

  it('I1: sends nothing of a statement upstream before its intent is written', async () => {
    const client = await login();
    journal.mode = 'hold';
    client.send('PUT s.people x');
    await client.until(() => journal.held.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(upstream.received).toEqual(['LOGIN gateway pw']);
    expect(journal.kinds()).toEqual(['login', 'intent']);
    journal.mode = 'ok';
    journal.held.shift()!();
    expect(await client.reads('+1\n')).toBe('+1\n');
  });

  it('does not look at the next statement before a synced one is on the disk', async () => {
    const synced: Obligations = { ...NO_OBLIGATIONS, durability: 'synced' };
    const client = await login();
    decide = () => ({ obligations: synced });
    journal.mode = 'hold';
    client.send('PUT s.people x', 'PUT s.people y');
    await client.until(() => journal.held.length === 1);
    expect(journal.kinds()).toEqual(['login', 'intent']);
    journal.mode = 'ok';
    journal.held.shift()!();
    expect(await client.reads('+1\n+1\n')).toBe('+1\n+1\n');
  });

  it('I4: denies with an error at its place in a pipeline and keeps the session', async () => {
    decide = (request) =>
      request.statements[0]!.verb === 'put'
        ? { effect: 'deny', reason: { code: 'denied-by-rule', text: 'read only' } }
        : {};
    const client = await login();
    const text = await client.send('GET s.people name', 'PUT s.people x', 'GET s.people name').reads('.\n');
    expect(text).toBe('#s.people.name\n*ana\n*bob\n.\n-denied read only\n#s.people.name\n*ana\n*bob\n.\n');
    expect(upstream.received.filter((line) => line.startsWith('PUT'))).toEqual([]);
    expect(journal.kinds().filter((kind) => kind === 'outcome:denied')).toHaveLength(1);
  });

  it('I3: denies what throws while it is decided, by ending the session with an error', async () => {
    const client = await login();
    decide = () => {
      throw new Error('bug');
    };
    client.send('PUT s.people x');
    await client.until(() => client.closed);
    expect(client.text).toContain('-internal');
    expect(client.text).not.toContain('bug');
    expect(upstream.received).toEqual(['LOGIN gateway pw']);
  });

  it('refuses statements and keeps the session when the journal is full', async () => {
    const client = await login();
    journal.mode = 'full';
    expect(await client.send('PUT s.people x').reads('\n')).toBe('-audit the journal is full\n');
    journal.mode = 'ok';
    expect(await client.send('PUT s.people x').reads('+1\n')).toBe('+1\n');
    expect(upstream.received.filter((line) => line.startsWith('PUT'))).toHaveLength(1);
  });

  it('sends nothing and ends the session when writing the journal fails', async () => {
    const client = await login();
    journal.mode = 'fail';
    client.send('PUT s.people x');
    await client.until(() => client.closed);
    expect(upstream.received).toEqual(['LOGIN gateway pw']);
  });

  it('tells the client when the upstream dies in the middle of a row, and records it as lost', async () => {
    upstream.answer = (line, socket) => {
      if (line.startsWith('GET')) {
        socket.write('#s.people.name\n*an');
        socket.destroySoon();
      } else socket.write(reply(line));
    };
    const client = await login();
    client.send('GET s.people name');
    await client.until(() => client.closed);
    expect(journal.kinds()).toEqual(['login', 'intent', 'outcome:lost', 'logout']);
  });

  it('refuses a session too many in words of the dialect', async () => {
    const clients = [await login(), await login(), await login()];
    const fourth = open();
    await fourth.until(() => fourth.closed);
    expect(fourth.text).toContain('-overloaded');
    expect(await clients[0]!.send('PUT s.people x').reads('+1\n')).toBe('+1\n');
  });

  it('stops reading from the upstream while the client does not read', async () => {
    const row = `*${'x'.repeat(8_000)}\n`;
    let sent = 0;
    upstream.answer = (line, socket) => {
      if (!line.startsWith('GET')) {
        socket.write(reply(line));
        return;
      }
      socket.write('#s.people.name\n');
      const more = (): void => {
        let room = true;
        while (sent < 6_000 && room) {
          room = socket.write(row);
          sent += 1;
        }
        if (sent < 6_000) socket.once('drain', more);
        else socket.write('.\n');
      };
      more();
    };
    const client = await login();
    client.socket.pause();
    client.send('GET s.people name');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = sent;
    expect(before).toBeLessThan(6_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sent - before).toBeLessThan(100);
    client.socket.resume();
    await client.until(() => client.text.endsWith('.\n'));
    expect(client.text.length).toBe('#s.people.name\n'.length + 6_000 * row.length + 2);
  });

  it('cuts off what a token no longer carries', async () => {
    const client = await login();
    const tokens = await openTokenFile(join(folder, 'tokens.json'));
    await tokens.revoke((await tokens.list())[0]!.id, Date.now());
    await client.until(() => client.closed);
    expect(client.text).toContain('-authentication');
  });

  it('shuts down idle sessions with a word and waits for running statements', async () => {
    let finish = (): void => undefined;
    upstream.answer = (line, socket) => {
      if (line.startsWith('GET')) finish = () => socket.write(reply(line));
      else socket.write(reply(line));
    };
    const idle = await login();
    const busy = await login();
    busy.send('GET s.people name');
    await busy.until(() => upstream.received.some((line) => line.startsWith('GET')));
    const closing = gateway.close(5_000);
    await idle.until(() => idle.closed);
    expect(idle.text).toContain('-shutdown');
    expect(busy.closed).toBe(false);
    finish();
    await closing;
    await busy.until(() => busy.closed);
    expect(busy.text.startsWith('#s.people.name\n*ana\n*bob\n.\n')).toBe(true);
  });

  it('lets a goodbye wait for what was asked before', async () => {
    const client = await login();
    client.send('PUT s.people x', 'QUIT');
    await client.until(() => upstream.received.includes('QUIT'));
    expect(upstream.received).toEqual(['LOGIN gateway pw', 'PUT s.people x', 'QUIT']);
  });
});

function permit(decision: Partial<Decision>): Decision {
  return {
    effect: 'permit',
    reason: { code: 'permitted', text: 'permitted' },
    obligations: NO_OBLIGATIONS,
    alerts: [],
    observed: [],
    policyRevision: 'r1',
    ...decision,
  };
}
