/**
 * Starts Postgres with TLS, SCRAM-SHA-256, and roles for the older password methods.
 *
 * Durability is off (`fsync`): the data lives as long as the run, and a killed process loses nothing by it.
 */
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type Lifecycle, launch, leaveAlone } from './lifecycle.ts';
import { MissingServerError } from './missing-server-error.ts';
import { findPostgres } from './postgres-binaries.ts';
import { prepareFolder } from './prepared-folder.ts';
import { runStep } from './run-step.ts';
import type { Login, PostgresServer } from './running-server.ts';
import { createLogin, makeFolder, type Workshop } from './workshop.ts';

const OWNER = 'gatehouse_owner';

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  wal_level: 'logical',
  ssl: 'on',
  fsync: 'off',
  shared_buffers: '128MB',
  password_encryption: 'scram-sha-256',
  md5_password_warnings: 'off',
};

/** Starts a server of our own, or uses the one that GATEHOUSE_POSTGRES_URL names. */
export async function startPostgres(workshop: Workshop): Promise<PostgresServer> {
  const given = workshop.env['GATEHOUSE_POSTGRES_URL'];
  if (given !== undefined && given !== '') return useGiven(new URL(given));

  const binaries = await findPostgres(workshop);
  if (binaries === null) {
    throw new MissingServerError(
      'postgres',
      [
        'no npm package for this platform',
        'no `postgres` and `initdb` on the PATH',
        'no GATEHOUSE_POSTGRES_URL',
      ],
      'install postgresql, or set GATEHOUSE_POSTGRES_URL=postgres://user:password@host:5432/postgres',
    );
  }
  const data = makeFolder(workshop, 'postgres', workshop.runAs);
  const owner = await prepareFolder(workshop, ['postgres', binaries.initdb], data, () =>
    initialize(workshop, binaries.initdb, data),
  );
  await configure(workshop, data);
  const life = await launch(
    {
      name: 'postgres',
      readyWithinMs: 30_000,
      spec: (port) => ({
        name: 'postgres',
        command: binaries.postgres,
        args: ['-D', data, '-p', String(port)],
        cwd: data,
        logFile: join(workshop.folder, 'postgres.log'),
        runAs: workshop.runAs,
        stopSignal: 'SIGINT',
      }),
      probe: async (port) => void (await query(owner, '127.0.0.1', port, 'select 1')),
    },
    workshop.watchdog,
  );
  const version = await serverVersion(owner, '127.0.0.1', life.port);
  const logins = await createRoles(owner, life.port);
  return {
    ...logins,
    ...describe(owner, '127.0.0.1', life.port, 'postgres', life),
    source: binaries.source,
    version,
    caCertificate: workshop.authority.certificate,
  };
}

/** Gives the login of the owner. */
async function initialize(workshop: Workshop, initdb: string, data: string): Promise<Login> {
  const owner = createLogin(OWNER);
  const passwordFile = join(workshop.folder, 'postgres-password');
  writeFileSync(passwordFile, owner.password, { mode: 0o600 });
  if (workshop.runAs !== null) chownSync(passwordFile, workshop.runAs, workshop.runAs);
  const how = ['--encoding=UTF8', '--no-locale', '--auth=scram-sha-256', '--no-sync', '--no-instructions'];
  await runStep(initdb, ['-D', data, '-U', owner.user, `--pwfile=${passwordFile}`, ...how], {
    runAs: workshop.runAs,
    cwd: data,
  });
  return owner;
}

async function configure(workshop: Workshop, data: string): Promise<void> {
  const identity = workshop.authority.issue(['localhost', '127.0.0.1']);
  const major = await majorVersion(data);
  const lines = Object.entries(SETTINGS)
    .filter(([name]) => name !== 'md5_password_warnings' || major >= 18)
    .map(([name, value]) => `${name} = '${value}'\n`);
  const files: Record<string, string> = {
    'server.crt': identity.certificate,
    'server.key': identity.key,
    'pg_hba.conf': HOST_RULES,
    'postgresql.auto.conf': lines.join(''),
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    if (workshop.runAs !== null) chownSync(join(data, name), workshop.runAs, workshop.runAs);
  }
}

async function majorVersion(data: string): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  return Number.parseInt(await readFile(join(data, 'PG_VERSION'), 'utf8'), 10);
}

/** The first line that fits decides. */
const HOST_RULES = `
host all app_md5       127.0.0.1/32 md5
host all app_cleartext 127.0.0.1/32 password
host all all           127.0.0.1/32 scram-sha-256
host replication ${OWNER} 127.0.0.1/32 scram-sha-256
`;

async function createRoles(
  owner: Login,
  port: number,
): Promise<{ readonly app: Login; readonly md5: Login; readonly cleartext: Login }> {
  const logins = {
    app: createLogin('app'),
    md5: createLogin('app_md5'),
    cleartext: createLogin('app_cleartext'),
  };
  const text = [
    `create role app login password '${logins.app.password}'`,
    `create role app_cleartext login in role app password '${logins.cleartext.password}'`,
    `set password_encryption = 'md5'`,
    `create role app_md5 login in role app password '${logins.md5.password}'`,
  ].join(';');
  await query(owner, '127.0.0.1', port, text);
  return logins;
}

async function useGiven(url: URL): Promise<PostgresServer> {
  const owner = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const port = url.port === '' ? 5432 : Number(url.port);
  const database = url.pathname.slice(1) === '' ? 'postgres' : url.pathname.slice(1);
  const version = await serverVersion(owner, url.hostname, port, database);
  const app = createLogin('app');
  const text = `do $$ begin
    if not exists (select from pg_roles where rolname = 'app') then create role app login; end if;
    alter role app password '${app.password}';
  end $$`;
  await query(owner, url.hostname, port, text, database);
  return {
    ...describe(owner, url.hostname, port, database, leaveAlone('postgres')),
    source: 'environment',
    version,
    app,
  };
}

function describe(
  owner: Login,
  host: string,
  port: number,
  database: string,
  life: Pick<Lifecycle, 'stop' | 'kill9' | 'restart'>,
) {
  return {
    kind: 'postgres' as const,
    host,
    port,
    user: owner.user,
    password: owner.password,
    database,
    url: `postgres://${encodeURIComponent(owner.user)}:${encodeURIComponent(owner.password)}@${host}:${port}/${database}`,
    stop: () => life.stop(),
    kill9: () => life.kill9(),
    restart: () => life.restart(),
  };
}

async function serverVersion(
  owner: Login,
  host: string,
  port: number,
  database = 'postgres',
): Promise<string> {
  const answer = await query(owner, host, port, 'show server_version', database);
  return `PostgreSQL ${String(answer.rows[0]?.['server_version'])}`;
}

async function query(
  login: Login,
  host: string,
  port: number,
  text: string,
  database = 'postgres',
): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ host, port, ...login, database, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.query<Record<string, unknown>>(text);
  } finally {
    await client.end().catch(() => undefined);
  }
}
