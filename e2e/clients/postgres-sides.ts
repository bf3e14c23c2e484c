import { type ExecFileException, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Demo } from '@gatehouse/cli';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';

/** One way to the same database: past the gateway, or through it. */
export interface Side {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** A stage with an allow-all policy and both ways to its `shop` database, which end in the same role. */
export interface Sides {
  readonly stage: Demo;
  readonly direct: Side;
  readonly through: Side;
}

export async function openSides(): Promise<Sides> {
  const stage = await openStage({ need: ['postgres'], policies: allowAllPolicies() });
  const { host, port, app } = stage.fleet.postgres!;
  return {
    stage,
    direct: { host, port, ...app, database: 'shop' },
    through: {
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
    },
  };
}

/** The variables that libpq reads; TLS as the test says. */
export function libpqEnvironment(
  side: Side,
  extra: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LC_ALL: 'C.UTF-8',
    PGHOST: side.host,
    PGPORT: String(side.port),
    PGUSER: side.user,
    PGPASSWORD: side.password,
    PGDATABASE: side.database,
    PGSSLMODE: 'disable',
    PGCONNECT_TIMEOUT: '10',
    ...extra,
  };
}

/** How a program ended and what it wrote. */
export interface ProgramResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client program to its end; a program that fails is a result, not an error. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly input?: string },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const limits = { timeout: 50_000, maxBuffer: 64 * 1024 * 1024 };
    const done = (error: ExecFileException | null, stdout: string, stderr: string): void =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'unknown'), stdout, stderr });
    const child = execFile(command, args, { env: options.env, ...limits }, done);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** Whether a program stands in one of the folders of the PATH. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));
}
