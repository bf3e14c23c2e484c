import type { Demo } from '@gatehouse/cli';
import { BSON, type Collection, type Db, type Document, type MongoClient } from 'mongodb';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';

/** One way to the same server: past the gateway, or through it. */
export interface Side {
  readonly uri: string;
}

/** What a program does in an empty database, and what it has seen then. */
export type Step = (db: Db, client: MongoClient, c: Collection) => Promise<unknown>;

/** A stage with an allow-all policy and both ways to its MongoDB, which end in the same account. */
export interface Sides {
  readonly stage: Demo;
  readonly direct: Side;
  readonly through: Side;
}

/** Both ways are the owner's; reads are retried by nobody, so that each error is seen as it came. */
export async function openSides(): Promise<Sides> {
  const stage = await openStage({ need: ['mongodb'], policies: allowAllPolicies(), upstreamAs: 'owner' });
  const direct = new URL(stage.fleet.mongodb!.url);
  direct.searchParams.set('directConnection', 'true');
  const through = `mongodb://ana:${stage.token('ana')}@127.0.0.1:${stage.port('mongodb')}/?authSource=admin`;
  return { stage, direct: { uri: direct.href }, through: { uri: through } };
}

/** What a step gave: its value, or its error as a program would look at it. */
export async function outcome(run: () => Promise<unknown>): Promise<string> {
  try {
    return show(await run());
  } catch (error) {
    const { name, message, code, codeName, errorLabels, writeErrors, errorResponse } = error as MongoFailure;
    const reply = errorResponse === undefined ? {} : { codeName: errorResponse['codeName'] };
    return show({ failed: name, message, code, codeName, errorLabels, writeErrors, ...reply });
  }
}

interface MongoFailure extends Error {
  readonly code?: unknown;
  readonly codeName?: unknown;
  readonly errorLabels?: unknown;
  readonly writeErrors?: unknown;
  readonly errorResponse?: Document;
}

/** As extended JSON with every type in it, without what differs between two runs against one server. */
function show(value: unknown): string {
  const text = BSON.EJSON.stringify(value ?? null, (key, each) => (VOLATILE.has(key) ? undefined : each), 0, {
    relaxed: false,
  });
  return text
    .replaceAll(/"id":\{"\$numberLong":"\d+"\}/g, '"id":"cursor"')
    .replaceAll(/\{"\$timestamp":\{[^}]*\}\}/g, '"timestamp"');
}

/**
 * Clocks and elections of the server; sessions and transactions that the driver numbers by itself; and what tells where
 * the server is, which the gateway answers for itself (docs/limits.md).
 */
const VOLATILE: ReadonlySet<string> = new Set([
  ...[
    '$clusterTime',
    'operationTime',
    'electionId',
    'opTime',
    'lsid',
    'txnNumber',
    'localTime',
    'atClusterTime',
  ],
  ...[
    'connectionId',
    'topologyVersion',
    'host',
    'serverInfo',
    '_data',
    'postBatchResumeToken',
    'wallTime',
    'uuid',
  ],
]);
