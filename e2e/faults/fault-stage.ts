import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { journalDir, openStore, storedLines, verifyJournal, verifyStored } from '@gatehouse/audit';
import { type Fleet, freePort, startFleet } from '@gatehouse/fleet';
import pg from 'pg';
import { stringify } from 'yaml';
import { allowAllPolicies } from '../stage/policies.ts';

const BIN = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url));
const NODE_ARGS = ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), BIN];

/** A part that can be killed without a word and started again. */
interface Part {
  kill9(): Promise<void>;
  start(): Promise<void>;
}

/** What the checker compared after a fault. */
export interface Differences {
  readonly ran: number;
  readonly recorded: number;
  /** Ran on the database, and the store has no intent for it. */
  readonly unrecorded: number;
  /** Sequence numbers that the store has twice, or not at all. */
  readonly storeProblem: string | null;
  readonly journalProblem: string | null;
  /** Intents whose outcome nobody will ever tell; only a killed gateway leaves some. */
  readonly withoutOutcome: number;
}

/** A gateway and a worker as processes of their own, Redis and Postgres from the fleet, and a load through the gateway. */
export class FaultStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-faults-'));
  readonly #config = join(this.folder, 'gatehouse.yaml');
  readonly #fleet: Fleet;
  readonly #port: number;
  #secret = '';
  #gateway: ChildProcess | null = null;
  #worker: ChildProcess | null = null;
  #next = 1;

  private constructor(fleet: Fleet, port: number) {
    this.#fleet = fleet;
    this.#port = port;
  }

  static async open(): Promise<FaultStage> {
    const fleet = await startFleet({ need: ['postgres', 'redis'], report: () => undefined });
    const stage = new FaultStage(fleet, await freePort());
    await stage.#prepare();
    return stage;
  }

  /** The parts that can fail. */
  get parts(): Readonly<Record<'redis' | 'worker' | 'gateway', Part>> {
    const { redis } = this.#fleet;
    return {
      redis: { kill9: () => redis!.kill9(), start: () => redis!.restart() },
      worker: { kill9: () => killed(this.#worker), start: () => this.#startWorker() },
      gateway: { kill9: () => killed(this.#gateway), start: () => this.#startGateway() },
    };
  }

  async close(): Promise<void> {
    await Promise.all([killed(this.#gateway), killed(this.#worker)]);
    await this.#fleet.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Four clients insert numbers through the gateway, as fast as they are answered, while the work goes on. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    let stopped = false;
    const clients = Array.from({ length: 4 }, () => this.#client(() => stopped));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await work();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    stopped = true;
    await Promise.all(clients);
  }

  /** Waits until the store has what the journal has, then compares what ran with what is recorded. */
  async check(): Promise<Differences> {
    const store = await openStore({ kind: 'server', url: this.#storeUrl() }, () => undefined);
    try {
      const [journal] = await verifyJournal(journalDir(join(this.folder, 'data')));
      const last = journal?.last?.seq ?? 0;
      // Batches arrive in any order: the last number may be there before those in between.
      for (let tries = 0; tries < 600 && ((await store.verifyInfo())[0]?.events ?? 0) < last; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const intents = new Map<string, number>();
      const outcomes = new Set<string>();
      for await (const line of storedLines(store, 'faults')) {
        const { body } = JSON.parse(line);
        if (body.kind === 'intent' && body.text?.startsWith('insert into counter') === true)
          intents.set(body.request, Number(body.parameters[0]));
        if (body.kind === 'outcome') outcomes.add(body.request);
      }
      const recorded = new Set(intents.values());
      const ran = await this.#numbers();
      const stored = await verifyStored(store, 'faults', { after: 'start' });
      return {
        ran: ran.length,
        recorded: recorded.size,
        unrecorded: ran.filter((number) => !recorded.has(number)).length,
        storeProblem:
          stored.problem === null
            ? stored.events >= last
              ? null
              : `${stored.events} of ${last} events`
            : stored.problem.kind,
        journalProblem: journal?.problem?.kind ?? null,
        withoutOutcome: [...intents.keys()].filter((request) => !outcomes.has(request)).length,
      };
    } finally {
      await store.close();
    }
  }

  async #prepare(): Promise<void> {
    const owner = this.#owner('postgres');
    await owner.connect();
    await owner.query('create database faults');
    await owner.query('create database audit');
    await owner.end();
    const counter = this.#owner('faults');
    await counter.connect();
    await counter.query('create table counter (n int primary key); grant all on counter to public');
    await counter.end();
    this.#writeConfig();
    this.#secret = execFileSync(
      process.execPath,
      [...NODE_ARGS, 'token', 'create', 'load', '--config', this.#config],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    ).trim();
    await this.#startWorker();
    await this.#startGateway();
  }

  #owner(database: string): pg.Client {
    const { host, port, user, password } = this.#fleet.postgres!;
    return new pg.Client({ host, port, user, password, database });
  }

  #storeUrl(): string {
    const { host, port, user, password } = this.#fleet.postgres!;
    return `postgres://${user}:${password}@${host}:${port}/audit`;
  }

  #writeConfig(): void {
    const { host, port, app, user, password } = this.#fleet.postgres!;
    const secrets = join(this.folder, 'secrets');
    mkdirSync(secrets, { mode: 0o700 });
    const secret = (name: string, value: string): string => {
      writeFileSync(join(secrets, name), value, { mode: 0o600 });
      return `file:secrets/${name}`;
    };
    writeFileSync(
      join(this.folder, 'principals.yaml'),
      'principals: [{ name: load, kind: service, groups: [] }]\n',
    );
    const own = { user, password: secret('own', password) };
    const upstream = {
      host,
      port,
      database: 'faults',
      user: app.user,
      password: secret('app', app.password),
      own,
      tls: { mode: 'disable' },
    };
    writeFileSync(
      this.#config,
      stringify({
        node: 'faults',
        dataDir: './data',
        policies: allowAllPolicies(),
        principals: './principals.yaml',
        databases: [{ name: 'faults', dialect: 'postgres', upstream }],
        listeners: [{ name: 'pg', dialect: 'postgres', port: this.#port, databases: ['faults'] }],
        admin: { port: 0 },
        audit: {
          redis: secret('redis', this.#fleet.redis!.url),
          store: secret('store', this.#storeUrl()),
          worker: 'separate',
          texts: 'keep',
          parameters: 'keep',
        },
        log: { level: 'error' },
      }),
    );
  }

  async #startGateway(): Promise<void> {
    this.#gateway = await started('serve', this.#config, 'admin:');
  }

  async #startWorker(): Promise<void> {
    this.#worker = await started('worker', this.#config, 'taking events');
  }

  async #client(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: this.#port,
        user: 'load',
        password: this.#secret,
        database: 'faults',
        connectionTimeoutMillis: 2_000,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!isStopped()) {
          await client.query('insert into counter values ($1)', [this.#next++]);
        }
      } catch {
        // The gateway is away, or was when the answer should have come: whether it ran is what the checker finds out.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await client.end().catch(() => undefined);
    }
  }

  async #numbers(): Promise<readonly number[]> {
    const owner = this.#owner('faults');
    await owner.connect();
    const { rows } = await owner.query('select n from counter');
    await owner.end();
    return rows.map(({ n }) => n);
  }
}

/** Starts a command and waits for the line that says that it is ready. */
function started(command: string, config: string, ready: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...NODE_ARGS, command, '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-10_000);
      if (output.includes(ready)) resolve(child);
    });
    child.once('exit', (code) => reject(new Error(`\`${command}\` ended with ${code}: ${output}`)));
  });
}

async function killed(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
