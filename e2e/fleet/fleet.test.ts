import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoCounts, fillDemo } from './demo-data/fill-demo.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { MissingServerError } from './missing-server-error.ts';
import type { Login, MysqlServer, PostgresServer } from './running-server.ts';

async function askPostgres(
  server: PostgresServer,
  login: Login,
  text: string,
  more: Partial<pg.ClientConfig> = {},
): Promise<Record<string, unknown>[]> {
  const { host, port } = server;
  const client = new pg.Client({ host, port, ...login, database: 'shop', ...more });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function askMysql(server: MysqlServer, login: Login, text: string, ca?: string): Promise<unknown[]> {
  const { host, port } = server;
  const ssl = ca === undefined ? {} : { ssl: { ca, rejectUnauthorized: true } };
  const connection = await mysql.createConnection({
    host,
    port,
    user: login.user,
    password: login.password,
    ...ssl,
  });
  try {
    const [rows] = await connection.query<mysql.RowDataPacket[]>(text);
    return rows;
  } finally {
    await connection.end();
  }
}

async function askMongodb(url: string, command: Record<string, unknown>, database = 'support') {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  try {
    return await client.db(database).command(command);
  } finally {
    await client.close();
  }
}

/** What a server on this port sends first in return for `text`. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('a whole fleet', () => {
  let fleet: Fleet;
  let counts: DemoCounts;

  beforeAll(async () => {
    fleet = await startFleet({ need: ['postgres', 'mysql', 'mongodb', 'redis'] });
    counts = await fillDemo(fleet);
  });
  afterAll(() => fleet?.stop());

  test('holds at least 50,000 rows', async () => {
    expect(counts.total).toBeGreaterThanOrEqual(50_000);
    const { postgres, mysql: mariadb, mongodb } = fleet;
    for (const [table, count] of Object.entries(counts.shop ?? {})) {
      expect(await askPostgres(postgres!, postgres!.app, `select count(*)::int as n from ${table}`)).toEqual([
        { n: count },
      ]);
    }
    for (const [table, count] of Object.entries(counts.billing ?? {})) {
      expect(await askMysql(mariadb!, mariadb!.app, `select count(*) as n from billing.${table}`)).toEqual([
        { n: count },
      ]);
    }
    for (const [collection, count] of Object.entries(counts.support ?? {})) {
      expect((await askMongodb(mongodb!.url, { count: collection }))['n']).toBe(count);
    }
  });

  test('is the same on every machine', async () => {
    const text = `select md5(string_agg(c::text, '|' order by id)) as sum from customers c`;
    expect(await askPostgres(fleet.postgres!, fleet.postgres!.app, text)).toMatchInlineSnapshot(`
      [
        {
          "sum": "e295cac3fe58ee2bac4265e13f789ed8",
        },
      ]
    `);
  });

  test('runs Postgres 18 with the settings that the gateway meets', async () => {
    const { postgres } = fleet;
    expect(postgres!.version).toMatch(/^PostgreSQL 18\./);
    const rows = await askPostgres(
      postgres!,
      postgres!,
      `select name, setting from pg_settings where name in ('wal_level', 'max_connections', 'ssl', 'password_encryption') order by 1`,
    );
    expect(Object.fromEntries(rows.map((row) => [row['name'], row['setting']]))).toEqual({
      max_connections: '200',
      password_encryption: 'scram-sha-256',
      ssl: 'on',
      wal_level: 'logical',
    });
  });

  test('lets each Postgres role in by its own password method, and the app not be more than an app', async () => {
    const { postgres } = fleet;
    for (const login of [postgres!.app, postgres!.md5!, postgres!.cleartext!]) {
      expect(await askPostgres(postgres!, login, 'select current_user::text as me')).toEqual([
        { me: login.user },
      ]);
      const wrong = { user: login.user, password: 'wrong' };
      await expect(askPostgres(postgres!, wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    }
    const verifiers = await askPostgres(
      postgres!,
      postgres!,
      `select rolname::text, left(rolpassword, 3) as how from pg_authid where rolname like 'app%' order by 1`,
    );
    expect(verifiers).toEqual([
      { rolname: 'app', how: 'SCR' },
      { rolname: 'app_cleartext', how: 'SCR' },
      { rolname: 'app_md5', how: 'md5' },
    ]);
    await expect(askPostgres(postgres!, postgres!.app, 'drop table customers')).rejects.toMatchObject({
      code: '42501',
    });
    await expect(askPostgres(postgres!, postgres!.app, 'create database x')).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('speaks TLS under a certificate that can be verified in full', async () => {
    const { postgres, mysql: mariadb } = fleet;
    const ssl = { ca: postgres!.caCertificate!, rejectUnauthorized: true, servername: 'localhost' };
    const text = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await askPostgres(postgres!, postgres!.app, text, { ssl })).toEqual([{ ssl: true }]);
    expect(await askPostgres(postgres!, postgres!.app, text)).toEqual([{ ssl: false }]);
    const cipher = await askMysql(
      mariadb!,
      mariadb!.app,
      `show status like 'Ssl_version'`,
      mariadb!.caCertificate,
    );
    expect(cipher).toEqual([{ Variable_name: 'Ssl_version', Value: 'TLSv1.3' }]);
  });

  test('lets nobody in without a password', async () => {
    const { mysql: mariadb, mongodb, redis } = fleet;
    await expect(askMysql(mariadb!, { user: 'root', password: '' }, 'select 1')).rejects.toSatisfy(
      // Which of the two depends on who runs the server.
      (error: { readonly errno: number }) => [1045, 1698].includes(error.errno),
    );
    await expect(askMysql(mariadb!, { user: 'app', password: '' }, 'select 1')).rejects.toMatchObject({
      errno: 1045,
    });
    const anonymous = `mongodb://127.0.0.1:${mongodb!.port}/?directConnection=true`;
    await expect(askMongodb(anonymous, { find: 'tickets' })).rejects.toMatchObject({ code: 13 });
    expect(await exchange(redis!.port, 'GET x\r\n')).toMatch(/^-NOAUTH/);
  });

  test('runs Redis as the queue wants it', async () => {
    const client = new Redis(fleet.redis!.url);
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    client.disconnect();
  });

  test('keeps the data of each server over kill -9 and a restart on the same port', async () => {
    const { postgres, mysql: mariadb, mongodb, redis } = fleet;
    const before = new Redis(redis!.url);
    await before.set('kept', 'yes');
    // Redis writes its file before it answers the next command; the process may be killed right after.
    await before.ping();
    before.disconnect();
    await askPostgres(postgres!, postgres!.app, `update customers set notes = 'kept' where id = 7`);
    await askMysql(mariadb!, mariadb!.app, `update billing.accounts set company = 'kept' where id = 7`);
    // Without `j` a write is told before it is in the log.
    await askMongodb(mongodb!.url, {
      update: 'tickets',
      updates: [{ q: { _id: 7 }, u: { $set: { status: 'kept' } } }],
      writeConcern: { w: 1, j: true },
    });

    for (const server of [postgres!, mariadb!, mongodb!, redis!]) {
      await server.kill9();
      expect(await answers(server.port)).toBe(false);
      await server.restart();
    }
    expect(await askPostgres(postgres!, postgres!.app, 'select notes from customers where id = 7')).toEqual([
      { notes: 'kept' },
    ]);
    expect(
      await askMysql(mariadb!, mariadb!.app, 'select company from billing.accounts where id = 7'),
    ).toEqual([{ company: 'kept' }]);
    const found = await askMongodb(mongodb!.url, {
      find: 'tickets',
      filter: { _id: 7 },
      projection: { status: 1 },
    });
    expect(found['cursor'].firstBatch).toEqual([{ _id: 7, status: 'kept' }]);
    const after = new Redis(redis!.url);
    expect(await after.get('kept')).toBe('yes');
    after.disconnect();
  });

  test('leaves no port open and no folder behind when it is stopped, however often', async () => {
    const ports = [fleet.postgres!, fleet.mysql!, fleet.mongodb!, fleet.redis!].map((server) => server.port);
    await Promise.all([fleet.stop(), fleet.stop()]);
    await fleet.stop();
    for (const port of ports) expect(await answers(port)).toBe(false);
    expect(existsSync(fleet.folder)).toBe(false);
  });
});

describe('what can go wrong', () => {
  const parent = mkdtempSync(join(tmpdir(), 'gatehouse-fleet-test-'));
  chmodSync(parent, 0o711);
  const folders = () => readdirSync(parent).filter((name) => name.startsWith('gatehouse-fleet-'));
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'leaves nothing behind when its owner is ended by %s',
    async (signal) => {
      const program = fileURLToPath(new URL('./main.ts', import.meta.url));
      const args = [
        '--import',
        'tsx',
        '--conditions',
        'gatehouse-source',
        program,
        'postgres',
        'redis',
        '--empty',
        '--json',
      ];
      const owner = spawn(process.execPath, args, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, TMPDIR: parent },
      });
      let text = '';
      for await (const line of createInterface({ input: owner.stdout })) {
        text += line;
        if (line === '}') break;
      }
      const { servers } = JSON.parse(text) as {
        servers: { postgres: { port: number }; redis: { port: number } };
      };
      const ports = [servers.postgres.port, servers.redis.port];
      expect(await Promise.all(ports.map(answers))).toEqual([true, true]);
      expect(folders()).toHaveLength(1);
      owner.kill(signal);
      for (let waited = 0; waited < 150 && folders().length > 0; waited++) await sleep(100);
      expect(await Promise.all(ports.map(answers))).toEqual([false, false]);
      expect(folders()).toEqual([]);
    },
  );

  test('names what is missing and the command that brings it', async () => {
    const env = { PATH: '/nonexistent' };
    for (const [kind, remedy] of [
      ['mysql', /apt-get install -y mariadb-server/],
      ['mongodb', /apt-get install -y python3 python3-pip/],
      ['redis', /apt-get install -y redis-server/],
    ] as const) {
      const failure = await startFleet({ need: [kind], env, dir: parent }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(MissingServerError);
      expect(failure).toMatchObject({ server: kind, remedy: expect.stringMatching(remedy) });
      expect((failure as Error).message).toContain('on the PATH');
    }
    expect(folders()).toEqual([]);
  });

  test('starts what is there when a server is only wanted', async () => {
    const fleet = await startFleet({
      need: ['postgres'],
      want: ['mysql'],
      env: { PATH: '/nonexistent' },
      dir: parent,
    });
    try {
      expect(fleet.mysql).toBeUndefined();
      expect(fleet.missing.map((missing) => missing.server)).toEqual(['mysql']);
      expect(await answers(fleet.postgres!.port)).toBe(true);
    } finally {
      await fleet.stop();
    }
  });

  test.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'brings Redis from PyPI where only Python is there',
    async () => {
      const bin = join(parent, 'bin');
      mkdirSync(bin);
      symlinkSync('/usr/bin/python3', join(bin, 'python3'));
      const fleet = await startFleet({
        need: ['redis'],
        env: { ...process.env, PATH: bin },
        dir: parent,
        report: () => {},
      });
      try {
        expect(fleet.redis).toMatchObject({ source: 'pypi', version: expect.stringMatching(/^Valkey /) });
        expect(await exchange(fleet.redis!.port, 'GET x\r\n')).toMatch(/^-NOAUTH/);
      } finally {
        await fleet.stop();
      }
    },
  );

  test('uses a server that is given by URL and never ends it', async () => {
    const own = await startFleet({ need: ['redis'], dir: parent });
    try {
      const env = { PATH: '/nonexistent', GATEHOUSE_REDIS_URL: own.redis!.url };
      const guest = await startFleet({ need: ['redis'], env, dir: parent });
      expect(guest.redis).toMatchObject({ source: 'environment', port: own.redis!.port });
      await expect(guest.redis!.kill9()).rejects.toThrow('given by URL');
      await guest.stop();
      expect(await answers(own.redis!.port)).toBe(true);
    } finally {
      await own.stop();
    }
  });

  test.runIf(process.getuid?.() === 0)('refuses a folder that the servers could not reach', async () => {
    const closed = join(parent, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    await expect(startFleet({ need: ['postgres'], dir: closed })).rejects.toThrow(
      'cannot be reached by user 65534',
    );
    expect(readdirSync(closed)).toEqual([]);
  });

  test('fails, and cleans up, when a given URL does not answer', async () => {
    const failure = await startFleet({
      need: ['redis'],
      env: { PATH: '/nonexistent', GATEHOUSE_REDIS_URL: 'redis://:x@127.0.0.1:1/0' },
      dir: parent,
    }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(MissingServerError);
    expect(folders()).toEqual([]);
  });
});
