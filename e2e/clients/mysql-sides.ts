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

/** A stage with an allow-all policy and both ways to its MariaDB, which end in the same account. */
export interface Sides {
  readonly stage: Demo;
  readonly direct: Side;
  readonly through: Side;
}

/** Both ways are the owner's: routines and temporary tables need rights that the plain account does not have. */
export async function openSides(): Promise<Sides> {
  const stage = await openStage({ need: ['mysql'], policies: allowAllPolicies(), upstreamAs: 'owner' });
  const { host, port, user, password } = stage.fleet.mysql!;
  return {
    stage,
    direct: { host, port, user, password, database: 'billing' },
    through: {
      host: '127.0.0.1',
      port: stage.port('mysql'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'billing',
    },
  };
}
