import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { journalDir, openStore, storedLines, verifyJournal, verifyStored } from '@gatehouse/audit';
import { type Fleet, freePort, startFleet } from '@gatehouse/fleet';
import pg from 'pg';
import { stringify } from 'yaml';
import { allowAllPolicies } from '../stage/policies.ts';
import { BlockablePort } from './blockable-port.ts';
import { Collector } from './collector.ts';

const BIN = fileURLToPath(new URL('../../packages/cli/src/bin.ts', import.meta.url));
const NODE_ARGS = ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), BIN];

/** A part that can be killed without a word and started again. */
export interface Part {
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
  /** How long after the load the store had everything. */
  readonly caughtUpSeconds: number;
  /** Events of the journal that the collector does not have, null without one. */
  readonly notCollected: number | null;
}

/** What a stage has beside the parts that every one has. */
export interface StageOptions {
  /** The store on a server of its own, Redis behind ports that can fall silent, and a collector as a sink. */
  readonly apart?: boolean;
  /** Where the gateway's data lies; inside the stage's folder when absent. */
  readonly dataDir?: string;
}

/** How fast the load was. */
export interface Load {
  readonly statements: number;
  /** Over all, with the time in which the fault itself stops statements. */
  readonly perSecond: number;
  /** Before the fault and behind it. */
  readonly steadyPerSecond: number;
}

/** A gateway and a worker as processes of their own, Redis and Postgres from the fleet, and a load through the gateway. */
export class FaultStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-faults-'));
  /** The gateway and the worker each have one, so that either can be cut off alone. */
  readonly #config = join(this.folder, 'gatehouse.yaml');
  readonly #workerConfig = join(this.folder, 'worker.yaml');
  readonly #dataDir: string;
  readonly #fleet: Fleet;
  readonly #storeFleet: Fleet;
  readonly #port: number;
  /** Redis as the gateway and as the worker reach it. */
  readonly gatewayLink: BlockablePort | null;
  readonly workerLink: BlockablePort | null;
  readonly collector: Collector | null;
  #secret = '';
  #gateway: ChildProcess | null = null;
  #worker: ChildProcess | null = null;
  #next = 1;

  private constructor(servers: Servers, port: number, { dataDir }: StageOptions) {
    this.#fleet = servers.fleet;
    this.#storeFleet = servers.storeFleet;
    this.gatewayLink = servers.gatewayLink;
    this.workerLink = servers.workerLink;
    this.collector = servers.collector;
    this.#port = port;
    this.#dataDir = dataDir ?? join(this.folder, 'data');
  }

  static async open(options: StageOptions = {}): Promise<FaultStage> {
    const stage = new FaultStage(await openServers(options), await freePort(), options);
    await stage.#prepare();
    return stage;
  }

  /** The parts that can fail. */
  get parts(): Readonly<Record<'redis' | 'worker' | 'gateway' | 'store', Part>> {
    const { redis } = this.#fleet;
    const { postgres } = this.#storeFleet;
    return {
      store: { kill9: () => postgres!.kill9(), start: () => postgres!.restart() },
      redis: { kill9: () => redis!.kill9(), start: () => redis!.restart() },
      worker: { kill9: () => killed(this.#worker), start: () => this.#startWorker() },
      gateway: { kill9: () => killed(this.#gateway), start: () => this.#startGateway() },
    };
  }

  get journalDir(): string {
    return journalDir(this.#dataDir);
  }

  /** What the gateway's process holds in memory, in MB; null where the system does not tell. */
  gatewayMemoryMb(): number | null {
    try {
      const status = readFileSync(`/proc/${this.#gateway?.pid}/status`, 'utf8');
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    } catch {
      return null;
    }
  }

  /** One more worker on the same queue, until the returned function is called. */
  async startAnotherWorker(): Promise<() => Promise<void>> {
    const another = await started('worker', this.#workerConfig, 'taking events');
    return () => killed(another);
  }

  /** Runs a command of the program with the gateway's configuration and gives what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...NODE_ARGS,
      ...args,
      '--config',
      this.#config,
    ]);
    return stdout;
  }

  /** The store, to be closed by the caller. */
  openStore(): ReturnType<typeof openStore> {
    return openStore({ kind: 'server', url: this.#storeUrl() }, () => undefined);
  }

  /** Runs a statement on the store's database behind everybody's back. */
  async onStore(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#storeUrl() });
    await client.connect();
    await client.query(text);
    await client.end();
  }

  async close(): Promise<void> {
    await Promise.all([killed(this.#gateway), killed(this.#worker)]);
    await Promise.all([this.gatewayLink?.close(), this.workerLink?.close(), this.collector?.close()]);
    await this.#fleet.stop();
    if (this.#storeFleet !== this.#fleet) await this.#storeFleet.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Four clients insert numbers through the gateway at a steady pace while the work goes on. */
  async underLoad(work: () => Promise<void>): Promise<Load> {
    let stopped = false;
    const first = this.#next;
    const begun = performance.now();
    const clients = Array.from({ length: CLIENTS }, () => this.#client(() => stopped));
    const steady: Pace[] = [];
    try {
      steady.push(await this.#steadily());
      await work();
      await sleep(RECONNECT_MS);
      steady.push(await this.#steadily());
    } finally {
      // A load that outlives its test would be found unrecorded by the next one.
      stopped = true;
    }
    const seconds = (performance.now() - begun) / 1_000;
    await Promise.all(clients);
    const statements = this.#next - first;
    return {
      statements,
      perSecond: Math.round(statements / seconds),
      steadyPerSecond: Math.round(
        steady.reduce((sum, pace) => sum + pace.statements, 0) /
          steady.reduce((sum, pace) => sum + pace.seconds, 0),
      ),
    };
  }

  /** Waits until the store has what the journal has, then compares what ran with what is recorded. */
  async check(): Promise<Differences> {
    const store = await this.openStore();
    try {
      const [journal] = await verifyJournal(this.journalDir);
      const last = journal?.last?.seq ?? 0;
      // Batches arrive in any order: the last number may be there before those in between.
      const begun = performance.now();
      await reached(last, async () => (await store.verifyInfo())[0]?.events ?? 0);
      const caughtUpSeconds = Math.round((performance.now() - begun) / 1_000);
      await reached(last, async () => last - (this.collector?.missing(last) ?? 0));
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
        notCollected: this.collector?.missing(last) ?? null,
        caughtUpSeconds,
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
    await owner.end();
    const { host, port, user, password } = this.#storeFleet.postgres!;
    const store = new pg.Client({ host, port, user, password, database: 'postgres' });
    await store.connect();
    await store.query('create database audit');
    await store.end();
    const counter = this.#owner('faults');
    await counter.connect();
    await counter.query('create table counter (n int primary key); grant all on counter to public');
    await counter.end();
    this.#writeConfig(this.#config, this.gatewayLink);
    this.#writeConfig(this.#workerConfig, this.workerLink);
    this.#secret = execFileSync(
      process.execPath,
      [...NODE_ARGS, 'token', 'create', 'load', '--config', this.#config],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    ).trim();
    await this.#startWorker();
    await this.#startGateway();
  }

  #owner(database: string): pg.Client {
    const { host, port, user, password } = this.#fleet.postgres!;
    return new pg.Client({ host, port, user, password, database });
  }

  #storeUrl(): string {
    const { host, port, user, password } = this.#storeFleet.postgres!;
    return `postgres://${user}:${password}@${host}:${port}/audit`;
  }

  #writeConfig(path: string, link: BlockablePort | null): void {
    const { host, port, app, user, password } = this.#fleet.postgres!;
    const secrets = join(this.folder, 'secrets');
    mkdirSync(secrets, { recursive: true, mode: 0o700 });
    const secret = (name: string, value: string): string => {
      writeFileSync(join(secrets, name), value, { mode: 0o600 });
      return `file:secrets/${name}`;
    };
    writeFileSync(
      join(this.folder, 'principals.yaml'),
      'principals: [{ name: load, kind: service, groups: [] }]\n',
    );
    const own = { user, password: secret('own', password) };
    const redis = new URL(this.#fleet.redis!.url);
    if (link !== null) redis.port = String(link.port);
    const sinks =
      this.collector === null
        ? []
        : [{ name: 'collector', kind: 'http', url: this.collector.url, secret: secret('sink', 'shared') }];
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
      path,
      stringify({
        node: 'faults',
        dataDir: this.#dataDir,
        policies: allowAllPolicies(),
        principals: './principals.yaml',
        databases: [{ name: 'faults', dialect: 'postgres', upstream }],
        listeners: [{ name: 'pg', dialect: 'postgres', port: this.#port, databases: ['faults'] }],
        admin: { port: 0 },
        audit: {
          redis: secret(`redis-${redis.port}`, redis.href),
          store: secret('store', this.#storeUrl()),
          worker: 'separate',
          maxBacklogBytes: MAX_BACKLOG_BYTES,
          texts: 'keep',
          parameters: 'keep',
          sinks,
        },
        log: { level: 'error' },
      }),
    );
  }

  async #startGateway(): Promise<void> {
    this.#gateway = await started('serve', this.#config, 'admin:');
  }

  async #startWorker(): Promise<void> {
    this.#worker = await started('worker', this.#workerConfig, 'taking events');
  }

  async #client(isStopped: () => boolean): Promise<void> {
    const pace = createPace(STATEMENTS_PER_SECOND / CLIENTS);
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
          await pace();
        }
      } catch {
        // The gateway is away, or was when the answer should have come: whether it ran is what the checker finds out.
        await sleep(50);
      }
      await client.end().catch(() => undefined);
    }
  }

  /** Lets the load run, without its beginning, when the clients connect. */
  async #steadily(): Promise<Pace> {
    await sleep(300);
    const first = this.#next;
    const begun = performance.now();
    await sleep(1_200);
    return { statements: this.#next - first, seconds: (performance.now() - begun) / 1_000 };
  }

  async #numbers(): Promise<readonly number[]> {
    const owner = this.#owner('faults');
    await owner.connect();
    const { rows } = await owner.query('select n from counter');
    await owner.end();
    return rows.map(({ n }) => n);
  }
}

interface Pace {
  readonly statements: number;
  readonly seconds: number;
}

const CLIENTS = 4;
/** Clients that were cut off try again within this. */
const RECONNECT_MS = 300;
/** Steady, and more than what the promise is tested with; what was missed in an outage is not caught up. */
const STATEMENTS_PER_SECOND = Number(process.env['GATEHOUSE_LOAD_PER_SECOND'] ?? 1_000);
/** Room in the journal for hours of that load. */
const MAX_BACKLOG_BYTES = 32 * 1024 ** 3;

/** Gives a function that waits until the next statement is due. */
function createPace(perSecond: number): () => Promise<void> {
  let due = performance.now();
  return async () => {
    due = Math.max(due + 1_000 / perSecond, performance.now() - 100);
    const wait = due - performance.now();
    if (wait >= 1) await sleep(wait);
  };
}

interface Servers {
  readonly fleet: Fleet;
  readonly storeFleet: Fleet;
  readonly gatewayLink: BlockablePort | null;
  readonly workerLink: BlockablePort | null;
  readonly collector: Collector | null;
}

async function openServers({ apart = false }: StageOptions): Promise<Servers> {
  const report = () => undefined;
  const fleet = await startFleet({ need: ['postgres', 'redis'], report });
  if (!apart) return { fleet, storeFleet: fleet, gatewayLink: null, workerLink: null, collector: null };
  const { host, port } = fleet.redis!;
  return {
    fleet,
    storeFleet: await startFleet({ need: ['postgres'], report }),
    gatewayLink: await BlockablePort.open(host, port),
    workerLink: await BlockablePort.open(host, port),
    collector: await Collector.open(),
  };
}

/** Waits as long as the count grows towards its goal; what is missing when it has stood still is what the checker reports. */
async function reached(goal: number, count: () => Promise<number>): Promise<void> {
  let most = -1;
  let grewAt = performance.now();
  for (;;) {
    const now = await count();
    if (now >= goal || performance.now() - grewAt > STANDS_STILL_MS) return;
    if (now > most) grewAt = performance.now();
    most = Math.max(most, now);
    await sleep(100);
  }
}

const STANDS_STILL_MS = 90_000;

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
