import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAuthority,
  type Fleet,
  fillDemo,
  type Login,
  type RunningServer,
  type ServerKind,
  startFleet,
} from '@gatehouse/fleet';
import { createToken } from '@gatehouse/identity';
import { GatewayError } from '@gatehouse/model';
import type { Logger } from 'pino';
import { stringify } from 'yaml';
import { type Running, serve } from '../compose/serve.ts';
import { type LoadedConfig, parseConfig } from '../config/load-config.ts';

export interface DemoOptions {
  readonly need: readonly ServerKind[];
  readonly want?: readonly ServerKind[];
  /** Folder with the policies in force. */
  readonly policies: string;
  /** Principals by the YAML of a principals file; the demo's three when absent. */
  readonly principals?: string;
  /** Names that get a token; all of the demo's when absent. */
  readonly tokensFor?: readonly string[];
  /** Settings that take the place of the demo's own, merged one level deep. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Whose rights the gateway uses at the databases: the plain role, or the owner's (so that only the gateway stands in the way). */
  readonly upstreamAs?: 'app' | 'owner';
  /** Whether the business is filled in; true unless told. */
  readonly fill?: boolean;
  /** Called before the gateway starts with the folder that it will keep its data in, which is not there yet. */
  readonly prepareData?: (folder: string) => Promise<void>;
  readonly log: Logger;
  report(line: string): void;
}

/** A fleet with one business in it and a gateway in front. */
export interface Demo {
  readonly fleet: Fleet;
  readonly running: Running;
  readonly loaded: LoadedConfig;
  readonly folder: string;
  /** The certificate that clients can verify the gateway with, as a file. */
  readonly caFile: string;
  /** Port of the gateway by dialect. */
  port(dialect: string): number;
  /** Secret of a token by principal. */
  token(principal: string): string;
  rowCount: number;
  close(): Promise<void>;
}

/** Starts everything; what was started is stopped again when something fails. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
  const fleet = await startFleet({
    need: options.need,
    ...(options.want === undefined ? {} : { want: options.want }),
    report: options.report,
  });
  const stop = async (): Promise<void> => {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const rowCount = options.fill === false ? 0 : (await fillDemo(fleet)).total;
    const loaded = writeConfig(folder, fleet, options);
    await options.prepareData?.(join(folder, 'data'));
    const running = await serve(loaded, options.log);
    const tokens = await createTokens(running, options.tokensFor ?? DEMO_PRINCIPALS);
    return {
      fleet,
      running,
      loaded,
      folder,
      caFile: join(folder, 'ca.pem'),
      rowCount,
      port: (dialect) =>
        found(running.gateway.listeners.find(({ adapter }) => adapter.dialect === dialect)?.port, dialect),
      token: (principal) => found(tokens.get(principal), principal),
      async close() {
        await running.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined)
    throw new GatewayError('config', 'not-in-demo', `\`${name}\` is not part of this demo`);
  return value;
}

async function createTokens(
  { identity }: Running,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const tokens = new Map<string, string>();
  for (const name of names) {
    const principal = identity.principals().find(name)?.principal;
    if (principal === undefined) continue;
    const { secret } = await createToken({ principal, label: 'demo', sha1: true }, identity.tokens, Date.now);
    tokens.set(name, secret);
  }
  return tokens;
}

/** The demo's configuration as a file, so that every other command can be tried against it too. */
function writeConfig(folder: string, fleet: Fleet, options: DemoOptions): LoadedConfig {
  const authority = createAuthority('Gatehouse demo');
  const identity = authority.issue(['localhost', '127.0.0.1']);
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { mode: 0o700 });
  const secret = (name: string, value: string): string => {
    writeFileSync(join(secrets, name), value, { mode: 0o600 });
    return `file:secrets/${name}`;
  };
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'principals.yaml'), options.principals ?? PRINCIPALS);
  const databases = DATABASES.flatMap(({ name, dialect, kind }) => {
    const server = fleet[kind];
    return server === undefined
      ? []
      : [
          databaseOf(
            name,
            dialect,
            server as RunningServer & { readonly app: Login },
            secret,
            options.upstreamAs ?? 'app',
          ),
        ];
  });
  const text = stringify({
    node: 'demo',
    dataDir: './data',
    policies: options.policies,
    principals: './principals.yaml',
    tls: { cert: secret('cert.pem', identity.certificate), key: secret('key.pem', identity.key) },
    databases,
    listeners: databases.map(({ name, dialect }) => ({ name: dialect, dialect, port: 0, databases: [name] })),
    admin: { port: 0 },
    audit: fleet.redis === undefined ? {} : { redis: secret('redis', fleet.redis.url) },
    ...options.config,
  });
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(file, text);
  const result = parseConfig(text, file);
  if (!result.ok)
    throw new GatewayError(
      'config',
      'demo-config',
      result.problems.map(({ line, message }) => `${line}: ${message}`).join('; '),
    );
  return result;
}

function databaseOf(
  name: string,
  dialect: string,
  server: RunningServer & { readonly app: Login },
  secret: (name: string, value: string) => string,
  upstreamAs: 'app' | 'owner',
) {
  const { caCertificate } = server;
  const login = upstreamAs === 'app' ? server.app : server;
  return {
    name,
    dialect,
    labels: { env: 'production' },
    upstream: {
      host: server.host,
      port: server.port,
      database: name,
      user: login.user,
      password: secret(`${name}-app`, login.password),
      own: { user: server.user, password: secret(`${name}-own`, server.password) },
      tls:
        caCertificate === undefined
          ? { mode: 'disable' }
          : { mode: 'verify-ca', ca: secret(`${name}-ca.pem`, caCertificate) },
    },
  };
}

const DATABASES: readonly {
  readonly name: string;
  readonly dialect: string;
  readonly kind: 'postgres' | 'mysql' | 'mongodb';
}[] = [
  { name: 'shop', dialect: 'postgres', kind: 'postgres' },
  { name: 'billing', dialect: 'mysql', kind: 'mysql' },
  { name: 'support', dialect: 'mongodb', kind: 'mongodb' },
];

const DEMO_PRINCIPALS = ['ana', 'ci-migrate', 'fixbot'];

const PRINCIPALS = `# The three principals of the demo.
principals:
  - { name: ana, kind: human, groups: [analysts] }
  - { name: ci-migrate, kind: service, groups: [ci, deployers] }
  - { name: fixbot, kind: agent, actingFor: ana, groups: [agents] }
`;
