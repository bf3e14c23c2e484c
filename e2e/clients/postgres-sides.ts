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
