/**
 * Starts a MongoDB-compatible server with authentication, as a replica set of one member.
 *
 * `mongod` where the PATH has it, else SecantusDB from PyPI: a separate program under its own licence, downloaded
 * when needed and never a part of this repository. It takes its first user only while authentication is off, so
 * it is started twice: once closed in on a port that nobody was told of, then with authentication.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { findProgram } from './find-program.ts';
import { installWithApt, installWithPip, type PythonPackage } from './install-packages.ts';
import { type Lifecycle, type LifecyclePlan, launch, leaveAlone } from './lifecycle.ts';
import { MissingServerError } from './missing-server-error.ts';
import { prepareFolder } from './prepared-folder.ts';
import type { Login, MongodbServer, ServerSource } from './running-server.ts';
import { createLogin, makeFolder, type Workshop } from './workshop.ts';

const REQUIREMENT = 'SecantusDB==0.7.0b3';
const PYTHONS = ['3.13', '3.12', '3.11', '3.10'];
const REPLICA_SET = 'gatehouse';

/** Starts a server of our own, or uses the one that GATEHOUSE_MONGODB_URL names. */
export async function startMongodb(workshop: Workshop): Promise<MongodbServer> {
  const given = workshop.env['GATEHOUSE_MONGODB_URL'];
  if (given !== undefined && given !== '') return useGiven(new URL(given));

  const mongod = findProgram('mongod', workshop.env);
  const { life, source, logins } =
    mongod !== null
      ? await startMongod(workshop, mongod)
      : await startSecantus(workshop, await findSecantus(workshop));
  const version = await serverVersion(url(logins.owner, '127.0.0.1', life.port));
  return {
    ...describe(logins.owner, '127.0.0.1', life.port, life),
    source,
    version: mongod === null ? `SecantusDB (speaks as MongoDB ${version})` : `MongoDB ${version}`,
    app: logins.app,
  };
}

interface Started {
  readonly life: Lifecycle;
  readonly source: ServerSource;
  readonly logins: Logins;
}

interface Logins {
  readonly owner: Login;
  readonly app: Login;
}

function createLogins(): Logins {
  return { owner: createLogin('gatehouse_owner'), app: createLogin('app') };
}

async function findSecantus(workshop: Workshop): Promise<PythonPackage> {
  const brought =
    (await installWithPip(workshop, REQUIREMENT, 120, PYTHONS)) ??
    ((await installWithApt(workshop, ['python3', 'python3-pip']))
      ? await installWithPip(workshop, REQUIREMENT, 120, PYTHONS)
      : null);
  if (brought !== null) return brought;
  throw new MissingServerError(
    'mongodb',
    [
      'no `mongod` on the PATH',
      `no Python 3.10 to 3.13 with pip for ${REQUIREMENT}`,
      'no GATEHOUSE_MONGODB_URL',
    ],
    'sudo apt-get install -y python3 python3-pip (Debian, Ubuntu), or set GATEHOUSE_MONGODB_URL=mongodb://user:password@host:27017/?authSource=admin',
  );
}

async function startSecantus(workshop: Workshop, secantus: PythonPackage): Promise<Started> {
  const data = makeFolder(workshop, 'mongodb', null);
  const plan = (probeAs: Login | null): LifecyclePlan => ({
    name: 'mongodb',
    readyWithinMs: 60_000,
    spec: (port) => ({
      name: 'mongodb',
      command: secantus.python,
      args: [
        ...['-m', 'secantus', '--host', '127.0.0.1', '--port', String(port), '--storage-path', data],
        ...['--cache-size', '256M', '--log-level', 'WARNING'],
        ...(probeAs === null ? [] : ['--auth']),
      ],
      env: { ...workshop.env, PYTHONPATH: secantus.folder, PYTHONDONTWRITEBYTECODE: '1' },
      cwd: data,
      logFile: join(workshop.folder, 'mongodb.log'),
      runAs: null,
      stopSignal: 'SIGTERM',
    }),
    probe: (port) =>
      ping(
        probeAs === null
          ? `mongodb://127.0.0.1:${port}/?directConnection=true`
          : url(probeAs, '127.0.0.1', port),
      ),
  });
  const logins = await prepareFolder(workshop, ['mongodb', secantus.folder], data, async () => {
    const made = createLogins();
    const open = await launch(plan(null), workshop.watchdog);
    try {
      await createUsers(`mongodb://127.0.0.1:${open.port}/?directConnection=true`, made);
    } finally {
      await open.stop();
    }
    return made;
  });
  return { life: await launch(plan(logins.app), workshop.watchdog), source: 'pypi', logins };
}

/** With a key file the server asks for logins from the start, but lets the first user in from localhost. */
async function startMongod(workshop: Workshop, mongod: string): Promise<Started> {
  const data = makeFolder(workshop, 'mongodb', null);
  const keyFile = join(workshop.folder, 'mongodb.key');
  writeFileSync(keyFile, randomBytes(96).toString('base64'), { mode: 0o600 });
  const anonymous = (port: number) => `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const life = await launch(
    {
      name: 'mongodb',
      readyWithinMs: 60_000,
      spec: (port) => ({
        name: 'mongodb',
        command: mongod,
        args: [
          ...['--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', data, '--nounixsocket'],
          ...['--replSet', REPLICA_SET, '--keyFile', keyFile, '--wiredTigerCacheSizeGB', '0.25'],
        ],
        cwd: data,
        logFile: join(workshop.folder, 'mongodb.log'),
        runAs: null,
        stopSignal: 'SIGTERM',
      }),
      probe: (port) => ping(anonymous(port)),
    },
    workshop.watchdog,
  );
  const client = new MongoClient(anonymous(life.port));
  try {
    const members = [{ _id: 0, host: `127.0.0.1:${life.port}` }];
    await client.db('admin').command({ replSetInitiate: { _id: REPLICA_SET, members } });
    await untilPrimary(client);
  } finally {
    await client.close();
  }
  const logins = createLogins();
  await createUsers(anonymous(life.port), logins);
  return { life, source: 'path', logins };
}

async function untilPrimary(client: MongoClient): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const hello = await client.db('admin').command({ hello: 1 });
    if (hello['isWritablePrimary'] === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('mongodb did not become primary within 30 s');
}

async function createUsers(anonymous: string, { owner, app }: Logins): Promise<void> {
  const first = new MongoClient(anonymous);
  try {
    await first.db('admin').command({ createUser: owner.user, pwd: owner.password, roles: ['root'] });
  } finally {
    await first.close();
  }
  const client = new MongoClient(anonymous, { auth: { username: owner.user, password: owner.password } });
  try {
    const roles = [{ role: 'readWriteAnyDatabase', db: 'admin' }];
    await client.db('admin').command({ createUser: app.user, pwd: app.password, roles });
  } finally {
    await client.close();
  }
}

async function useGiven(given: URL): Promise<MongodbServer> {
  const owner = { user: decodeURIComponent(given.username), password: decodeURIComponent(given.password) };
  const port = given.port === '' ? 27_017 : Number(given.port);
  const version = await serverVersion(given.href);
  return {
    ...describe(owner, given.hostname, port, leaveAlone('mongodb')),
    url: given.href,
    source: 'environment',
    version: `MongoDB ${version}`,
    app: owner,
  };
}

function describe(
  owner: Login,
  host: string,
  port: number,
  life: Pick<Lifecycle, 'stop' | 'kill9' | 'restart'>,
) {
  return {
    kind: 'mongodb' as const,
    host,
    port,
    user: owner.user,
    password: owner.password,
    database: 'admin',
    url: url(owner, host, port),
    stop: () => life.stop(),
    kill9: () => life.kill9(),
    restart: () => life.restart(),
  };
}

function url(login: Login, host: string, port: number): string {
  return `mongodb://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${host}:${port}/?authSource=admin&directConnection=true`;
}

async function ping(target: string): Promise<void> {
  const client = new MongoClient(target, { serverSelectionTimeoutMS: 1_500, connectTimeoutMS: 1_500 });
  try {
    await client.db('admin').command({ ping: 1 });
  } finally {
    await client.close();
  }
}

async function serverVersion(target: string): Promise<string> {
  const client = new MongoClient(target, { serverSelectionTimeoutMS: 10_000 });
  try {
    const info = await client.db('admin').command({ buildInfo: 1 });
    return String(info['version']);
  } finally {
    await client.close();
  }
}
