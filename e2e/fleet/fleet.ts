/**
 * Starts real servers for tests, the demo and the bench, and leaves nothing behind.
 *
 * Every server listens on a free port of 127.0.0.1 and keeps its data in one fresh folder. Servers that are
 * asked for start side by side. When this process ends in whatever way, a watchdog ends the servers and removes
 * the folder. A server whose URL is in the environment (GATEHOUSE_POSTGRES_URL and so on) is used as it is.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createAuthority } from './certificate.ts';
import { MissingServerError } from './missing-server-error.ts';
import { startMongodb } from './mongodb.ts';
import { startMysql } from './mysql.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import type {
  MongodbServer,
  MysqlServer,
  PostgresServer,
  RedisServer,
  RunningServer,
  ServerKind,
} from './running-server.ts';
import { SERVER_KINDS } from './running-server.ts';
import { openToEveryone } from './tools-folder.ts';
import { startWatchdog } from './watchdog.ts';
import { NOBODY, type Workshop } from './workshop.ts';

export interface FleetOptions {
  /** The servers that must run; `startFleet` throws when one of them cannot be started. */
  readonly need: readonly ServerKind[];
  /** Servers to start where that is possible; what is not stands in `missing`. */
  readonly want?: readonly ServerKind[];
  /** Where the fleet's own folder is made; the system's folder for temporary files unless told. */
  readonly dir?: string;
  /** The environment to look for URLs and programs in. */
  readonly env?: NodeJS.ProcessEnv;
  /** Install system packages where that is the last way left; unless told, as root with CI set or without a terminal. */
  readonly installSystem?: boolean;
  /** Told of steps that take long (downloads, installations); standard error unless told. */
  readonly report?: (line: string) => void;
}

/** The servers that run, and one way to end them all. */
export interface Fleet {
  readonly postgres?: PostgresServer;
  readonly mysql?: MysqlServer;
  readonly mongodb?: MongodbServer;
  readonly redis?: RedisServer;
  /** What was wanted and could not be started, with the way to get it. */
  readonly missing: readonly MissingServerError[];
  /** The fleet's own folder, with one log file per server. */
  readonly folder: string;
  /** Stops every server and removes the folder; calling it twice is harmless. */
  stop(): Promise<void>;
}

const STARTERS = {
  postgres: startPostgres,
  mysql: startMysql,
  mongodb: startMongodb,
  redis: startRedis,
} as const;

/**
 * Starts the servers and returns when all of them answer.
 *
 * @throws MissingServerError when a needed server is not on this machine and could not be brought here.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const env = options.env ?? process.env;
  const folder = mkdtempSync(join(options.dir ?? tmpdir(), 'gatehouse-fleet-'));
  // Servers that run as another user must reach their folders in it; the folders themselves are closed.
  chmodSync(folder, 0o711);
  const runAs = process.getuid?.() === 0 ? NOBODY : null;
  if (runAs !== null && !openToEveryone(folder)) {
    rmSync(folder, { recursive: true });
    throw new Error(
      `\`${dirname(folder)}\` cannot be reached by user ${runAs}, who runs Postgres for root: give another \`dir\``,
    );
  }
  const watchdog = startWatchdog();
  watchdog.watchFolder(folder);
  const workshop: Workshop = {
    folder,
    env,
    watchdog,
    authority: createAuthority('Gatehouse fleet'),
    installSystem: options.installSystem ?? installsByItself(env),
    runAs,
    report: options.report ?? ((line) => void process.stderr.write(`fleet: ${line}\n`)),
  };

  const running: RunningServer[] = [];
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= (async () => {
      await Promise.all(running.map(end));
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
      watchdog.dismiss();
    })();
    return stopped;
  };

  const wanted = options.want ?? [];
  const kinds = SERVER_KINDS.filter((kind) => options.need.includes(kind) || wanted.includes(kind));
  const results = await Promise.allSettled(
    kinds.map(async (kind) => {
      const server = await STARTERS[kind](workshop);
      running.push(server);
      return server;
    }),
  );
  const missing: MissingServerError[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') continue;
    const error: unknown = result.reason;
    if (error instanceof MissingServerError && !options.need.includes(kinds[index]!)) {
      missing.push(error);
      continue;
    }
    await stop();
    throw error;
  }
  return { ...byKind(running), missing, folder, stop };
}

/** The data goes with the folder; SecantusDB would take two seconds to bring it in order first. */
function end(server: RunningServer): Promise<void> {
  return server.kind === 'mongodb' && server.source === 'pypi' ? server.kill9() : server.stop();
}

function byKind(servers: readonly RunningServer[]): Partial<Pick<Fleet, ServerKind>> {
  return Object.fromEntries(servers.map((server) => [server.kind, server]));
}

/** Root in CI, or root where nobody sits at a terminal: then nobody could paste the command either. */
function installsByItself(env: NodeJS.ProcessEnv): boolean {
  const inCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  return process.getuid?.() === 0 && (inCi || !process.stdin.isTTY);
}
