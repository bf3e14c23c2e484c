import type { Demo } from '@gatehouse/cli';
import { createToken } from '@gatehouse/identity';
import pg from 'pg';
import { logIn, openRaw, type RawClient } from '../clients/postgres-wire.ts';
import { openStage } from '../stage/open-stage.ts';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import { POSTGRES_STATE, POSTGRES_VICTIMS } from './postgres-victims.ts';

const PRINCIPALS = `principals:
  - { name: ana, kind: human, groups: [analysts] }
  - { name: ci-migrate, kind: service, groups: [ci, deployers] }
  - { name: fixbot, kind: agent, actingFor: ana, groups: [agents] }
`;

/** A server with victims on it, a gateway that has all rights there, and what somebody needs to attack them. */
export interface BypassStage {
  readonly port: number;
  /** The role whose rights the gateway has: the server's superuser. */
  readonly user: string;
  /** Past the gateway. */
  readonly owner: pg.Client;
  /** A deployer who has stated a purpose, as whom only the guardrails stand in the way. */
  openWriter(): Promise<pg.Client>;
  /** The same deployer without a purpose, who may not write. */
  openReader(): Promise<pg.Client>;
  openRawWriter(extra?: Readonly<Record<string, string>>): Promise<RawClient>;
  /** Everything that the attacks are after. */
  state(): Promise<string>;
  close(): Promise<void>;
}

/** Opens it; close it in `afterAll`. */
export async function openBypassStage(): Promise<BypassStage> {
  const stage: Demo = await openStage({
    need: ['postgres'],
    policies: SHIPPED_POLICIES,
    principals: PRINCIPALS,
    upstreamAs: 'owner',
  });
  const { host, port, user, password } = stage.fleet.postgres!;
  const owner = new pg.Client({ host, port, user, password, database: 'shop' });
  await owner.connect();
  await owner.query(POSTGRES_VICTIMS);
  const { identity } = stage.running;
  const principal = identity.principals().find('ci-migrate')!.principal;
  const { secret } = await createToken(
    { principal, label: 'writer', purpose: 'ticket 4711' },
    identity.tokens,
    Date.now,
  );
  const login = { host: '127.0.0.1', port: stage.port('postgres'), user: 'ci-migrate', database: 'shop' };
  const open = async (token: string): Promise<pg.Client> => {
    const client = new pg.Client({ ...login, password: token });
    await client.connect();
    return client;
  };
  return {
    port: login.port,
    user,
    owner,
    openWriter: () => open(secret),
    openReader: () => open(stage.token('ci-migrate')),
    async openRawWriter(extra = {}) {
      const raw = openRaw(login.port);
      await logIn(raw, { ...login, password: secret }, undefined, extra);
      return raw;
    },
    async state() {
      return JSON.stringify((await owner.query({ name: 'state', text: POSTGRES_STATE })).rows);
    },
    async close() {
      await owner.end();
      await stage.close();
    },
  };
}
