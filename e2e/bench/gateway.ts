/**
 * Gatehouse as it is deployed: the gateway in a process of its own, its audit with journal, Redis queue and
 * a worker in another process, the shipped policies in force.
 *
 * Two principals read the same tables: `officer` sees them as they are, `ana` sees masks. So the same
 * statement is measured without and with masks.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@gatehouse/fleet';
import { stringify } from 'yaml';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { type Processes, untilPrinted } from './processes.ts';
import { runTool } from './run-tool.ts';
import type { Target } from './target.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STARTS_WITHIN_MS = 60_000;

/** The name of the measured database everywhere, which the classification below names. */
export const DATABASE = 'bench';

export interface GatewaySpec {
  readonly dialect: 'postgres' | 'mysql' | 'mongodb';
  readonly direct: Target;
  /** Account for the gateway's own connection. */
  readonly own: { readonly user: string; readonly password: string };
  readonly redisUrl: string;
  /** Options for Node, such as those of its profiler. */
  readonly nodeOptions: readonly string[];
  /** The file of a heap profile; see `heap-profile.ts`. */
  readonly heapProfile?: string;
  /** Further principals, analysts, with a policy document that speaks of them. */
  readonly more?: { readonly principals: readonly string[]; readonly policies: string };
}

export interface BenchGateway {
  readonly pid: number;
  readonly plain: Target;
  readonly masked: Target;
  /** The way in of a principal of `more`. */
  login(name: string, user: string): Promise<Target>;
}

/** Starts one gateway in front of one server, and its worker. */
export async function startGateway(processes: Processes, spec: GatewaySpec): Promise<BenchGateway> {
  const { dialect, direct } = spec;
  const port = await freePort();
  const config = writeConfig(mkdtempSync(join(processes.folder, dialect)), port, spec);
  const run = (name: string, node: readonly string[], ...args: string[]) =>
    processes.start({
      name,
      command: process.execPath,
      args: [...node, ...programArguments(), ...args, '--config', config],
      env: { ...process.env, GATEHOUSE_HEAP_PROFILE: spec.heapProfile },
    });
  const gateway = run(`the gateway for ${dialect}`, spec.nodeOptions, 'serve');
  await untilPrinted(gateway, /admin:/, STARTS_WITHIN_MS);
  const worker = run(`the audit worker for ${dialect}`, [], 'worker');
  await untilPrinted(worker, /taking events/, STARTS_WITHIN_MS);
  // A worker has a machine of its own; here it gets the time that nobody else wants.
  setPriority(worker.pid, 19);
  const login = async (name: string, user: string): Promise<Target> => ({
    name,
    port,
    user,
    password: await createToken(config, user),
    database: direct.database,
    pid: gateway.pid,
  });
  return {
    pid: gateway.pid,
    plain: await login('Gatehouse', 'officer'),
    masked: await login('Gatehouse, masked', 'ana'),
    login,
  };
}

/** How the command line is started: its build where `tools/bootstrap.mjs build` has finished after the last change, else its source. */
function programArguments(): readonly string[] {
  return isBuilt()
    ? [join(ROOT, 'packages/cli/dist/bin.js')]
    : sourceArguments(join(ROOT, 'packages/cli/src/bin.ts'));
}

/** How a TypeScript file is started, with the packages from their source. */
export function sourceArguments(file: string): readonly string[] {
  return ['--conditions=gatehouse-source', '--import', import.meta.resolve('tsx'), file];
}

/** True when the gateway runs from its build. */
export function isBuilt(): boolean {
  const script = `import { buildIsCurrent } from ${JSON.stringify(join(ROOT, 'tools/build-stamp.mjs'))}; process.exit(buildIsCurrent(${JSON.stringify(ROOT)}) ? 0 : 1);`;
  try {
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    return true;
  } catch {
    return false;
  }
}

async function createToken(config: string, user: string): Promise<string> {
  const args = [...programArguments(), 'token', 'create', user, '--json', '--config', config];
  const { secret } = JSON.parse(await runTool(process.execPath, args, {}, STARTS_WITHIN_MS)) as {
    secret: string;
  };
  return secret;
}

function writeConfig(folder: string, port: number, spec: GatewaySpec): string {
  const { dialect, direct, own } = spec;
  const secret = (name: string, value: string): string => {
    writeFileSync(join(folder, name), value, { mode: 0o600 });
    return `file:${name}`;
  };
  cpSync(SHIPPED_POLICIES, join(folder, 'policies'), { recursive: true });
  mkdirSync(join(folder, 'policies/bench'));
  const { principals, policies } = spec.more ?? { principals: [], policies: '' };
  writeFileSync(join(folder, 'policies/bench/policy.yaml'), CLASSIFICATION + policies);
  const more = principals.map((name) => `  - { name: ${name}, kind: human, groups: [analysts] }\n`);
  writeFileSync(join(folder, 'principals.yaml'), PRINCIPALS + more.join(''));
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(
    file,
    stringify({
      dataDir: './data',
      policies: './policies',
      principals: './principals.yaml',
      databases: [
        {
          name: DATABASE,
          dialect,
          labels: { env: 'production' },
          upstream: {
            host: '127.0.0.1',
            port: direct.port,
            database: direct.database,
            user: direct.user,
            password: secret('app', direct.password),
            own: { user: own.user, password: secret('own', own.password) },
            tls: { mode: 'disable' },
          },
        },
      ],
      listeners: [{ name: dialect, dialect, port, databases: [DATABASE], maxSessions: 2000 }],
      admin: { port: 0 },
      audit: {
        redis: secret('redis', spec.redisUrl),
        worker: 'separate',
        // A run writes faster than a worker with a share of two cores stores.
        maxBacklogBytes: 64 * 1024 ** 3,
      },
      log: { level: 'error' },
    }),
  );
  return file;
}

const PRINCIPALS = `principals:
  - { name: ana, kind: human, groups: [analysts] }
  - { name: officer, kind: human, groups: [privacy-officers] }
`;

/** What the load reads is personal data here; an amount gets a mask of its own, because the shipped ones are for texts. */
const CLASSIFICATION = `kind: policy
name: bench
rules:
  - name: round-amounts
    effect: mask
    unless: { principals: { groups: [privacy-officers] } }
    mask: { labels: { amount: { kind: round, step: 100 } } }
---
kind: classification
name: bench
databases: { names: [${DATABASE}] }
objects:
  public.pgbench_accounts: { abalance: amount }
  ${DATABASE}.sbtest1: { c: pii.card }
  ${DATABASE}.accounts: { email: pii.email }
`;
