/**
 * Starts MariaDB (or MySQL, where the PATH has that) with TLS and password logins.
 *
 * `root` is reachable through the socket only; the owner and the plain user are created by an init file, so that
 * no password-less account is ever open on the port.
 */
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { findProgram } from './find-program.ts';
import { installWithApt } from './install-packages.ts';
import { type Lifecycle, launch, leaveAlone } from './lifecycle.ts';
import { MissingServerError } from './missing-server-error.ts';
import { prepareFolder } from './prepared-folder.ts';
import { runStep } from './run-step.ts';
import type { Login, MysqlServer, ServerSource } from './running-server.ts';
import { createLogin, makeFolder, type Workshop } from './workshop.ts';

interface Programs {
  readonly source: ServerSource;
  readonly server: string;
  /** Null for MySQL, whose server initializes its own folder. */
  readonly install: string | null;
}

/** Starts a server of our own, or uses the one that GATEHOUSE_MYSQL_URL names. */
export async function startMysql(workshop: Workshop): Promise<MysqlServer> {
  const given = workshop.env['GATEHOUSE_MYSQL_URL'];
  if (given !== undefined && given !== '') return useGiven(new URL(given));

  const programs = (await findPrograms(workshop, 'path')) ?? (await installPrograms(workshop));
  if (programs === null) {
    throw new MissingServerError(
      'mysql',
      [
        'no `mariadbd` or `mysqld` on the PATH',
        'system packages are not to be installed here',
        'no GATEHOUSE_MYSQL_URL',
      ],
      'sudo apt-get install -y mariadb-server mariadb-client (Debian, Ubuntu) or brew install mariadb (macOS), or set GATEHOUSE_MYSQL_URL=mysql://user:password@host:3306/',
    );
  }
  const owner = createLogin('gatehouse_owner');
  const app = createLogin('app');
  const data = makeFolder(workshop, 'mysql', null);
  const { server, install } = programs;
  await prepareFolder(workshop, ['mysql', server, install ?? ''], data, async () => {
    await initialize(programs, data);
    return null;
  });
  const identity = workshop.authority.issue(['localhost', '127.0.0.1']);
  const side = makeFolder(workshop, 'mysql-setup', null);
  const files = {
    ca: join(side, 'ca.pem'),
    certificate: join(side, 'server.pem'),
    key: join(side, 'server.key'),
    setup: join(side, 'setup.sql'),
  };
  writeFileSync(files.ca, workshop.authority.certificate);
  writeFileSync(files.certificate, identity.certificate);
  writeFileSync(files.key, identity.key, { mode: 0o600 });
  writeFileSync(files.setup, `${accountStatements(programs, owner, app).join(';\n')};\n`, { mode: 0o600 });

  const life = await launch(
    {
      name: 'mysql',
      readyWithinMs: 60_000,
      spec: (port) => ({
        name: 'mysql',
        command: programs.server,
        args: [
          '--no-defaults',
          ...asRoot(),
          `--datadir=${data}`,
          `--port=${port}`,
          '--bind-address=127.0.0.1',
          `--socket=${join(data, 's')}`,
          `--pid-file=${join(data, 'pid')}`,
          `--init-file=${files.setup}`,
          `--ssl-ca=${files.ca}`,
          `--ssl-cert=${files.certificate}`,
          `--ssl-key=${files.key}`,
          '--skip-name-resolve',
          '--max-connections=200',
          '--character-set-server=utf8mb4',
          '--innodb-flush-log-at-trx-commit=2',
          '--innodb-buffer-pool-size=128M',
          '--local-infile=1',
          '--secure-file-priv=',
          // MySQL alone would open a second port, for its X protocol.
          ...(programs.install === null ? ['--mysqlx=OFF'] : []),
        ],
        cwd: data,
        logFile: join(workshop.folder, 'mysql.log'),
        runAs: null,
        stopSignal: 'SIGTERM',
      }),
      probe: async (port) => void (await serverVersion(app, '127.0.0.1', port)),
    },
    workshop.watchdog,
  );
  const version = await serverVersion(owner, '127.0.0.1', life.port);
  return {
    ...describe(owner, '127.0.0.1', life.port, life),
    source: programs.source,
    version,
    app,
    caCertificate: workshop.authority.certificate,
  };
}

async function findPrograms(workshop: Workshop, source: ServerSource): Promise<Programs | null> {
  const mariadb = findProgram('mariadbd', workshop.env);
  const install = findProgram('mariadb-install-db', workshop.env);
  if (mariadb !== null && install !== null) return { source, server: mariadb, install };
  const server = findProgram('mysqld', workshop.env);
  if (server === null) return null;
  const isMariadb = (await runStep(server, ['--version'])).includes('MariaDB');
  return isMariadb ? null : { source, server, install: null };
}

async function installPrograms(workshop: Workshop): Promise<Programs | null> {
  const done = await installWithApt(workshop, ['mariadb-server']);
  return done ? findPrograms(workshop, 'apt') : null;
}

function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

async function initialize(programs: Programs, data: string): Promise<void> {
  if (programs.install === null) {
    await runStep(programs.server, [
      '--no-defaults',
      ...asRoot(),
      '--initialize-insecure',
      `--datadir=${data}`,
    ]);
    return;
  }
  await runStep(programs.install, [
    '--no-defaults',
    ...asRoot(),
    `--datadir=${data}`,
    '--auth-root-authentication-method=socket',
    `--auth-root-socket-user=${userInfo().username}`,
    '--skip-test-db',
  ]);
}

/** Run at every start; all of them may be repeated. An init file has one statement per line. */
function accountStatements(programs: Programs, owner: Login, app: Login): readonly string[] {
  const accounts = [owner, app].map(
    (login) => `create user if not exists '${login.user}'@'%' identified by '${login.password}'`,
  );
  // MariaDB's root is bound to the socket when its folder is made; MySQL's begins without a password.
  const closeRoot = `alter user 'root'@'localhost' identified by '${createLogin('root').password}'`;
  return [
    ...(programs.install === null ? [closeRoot] : []),
    ...accounts,
    `grant all privileges on *.* to '${owner.user}'@'%' with grant option`,
    ...['create', 'drop', 'alter', 'index', 'insert', 'select', 'update', 'delete', 'references'].map(
      (right) => `grant ${right} on *.* to '${app.user}'@'%'`,
    ),
  ];
}

async function useGiven(url: URL): Promise<MysqlServer> {
  const owner = { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  const port = url.port === '' ? 3306 : Number(url.port);
  const version = await serverVersion(owner, url.hostname, port);
  return {
    ...describe(owner, url.hostname, port, leaveAlone('mysql')),
    source: 'environment',
    version,
    app: owner,
  };
}

function describe(
  owner: Login,
  host: string,
  port: number,
  life: Pick<Lifecycle, 'stop' | 'kill9' | 'restart'>,
) {
  const database = 'mysql';
  return {
    kind: 'mysql' as const,
    host,
    port,
    user: owner.user,
    password: owner.password,
    database,
    url: `mysql://${encodeURIComponent(owner.user)}:${encodeURIComponent(owner.password)}@${host}:${port}/`,
    stop: () => life.stop(),
    kill9: () => life.kill9(),
    restart: () => life.restart(),
  };
}

async function serverVersion(login: Login, host: string, port: number): Promise<string> {
  const connection = await mysql.createConnection({ host, port, ...login, connectTimeout: 5_000 });
  try {
    const [rows] = await connection.query<mysql.RowDataPacket[]>('select version() as version');
    const version = String(rows[0]?.['version']);
    return version.includes('MariaDB') ? `MariaDB ${version.split('-')[0]}` : `MySQL ${version}`;
  } finally {
    await connection.end().catch(() => undefined);
  }
}
