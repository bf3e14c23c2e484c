import { existsSync, statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  journalDir,
  type NodeInfo,
  openRedis,
  type RetentionPlan,
  readStages,
  verifyJournal,
} from '@gatehouse/audit';
import { createPolicyFolder } from '@gatehouse/core';
import { DIALECTS } from '../compose/dialects.ts';
import { openReader, redisUrl, storeRetentionOf, storeTarget } from '../compose/open-audit.ts';
import { ownConnectionOptions } from '../compose/open-database.ts';
import { dataFolder, openTokens, readPrincipals } from '../compose/open-identity.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { DatabaseConfig } from '../config/schema.ts';

export interface DoctorCheck {
  readonly what: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Every check of a configuration, each to be run in order; none throws. */
export function createGroupedChecks(
  loaded: LoadedConfig,
): readonly (() => Promise<readonly DoctorCheck[]>)[] {
  return [
    guarded('node', async () => [nodeCheck()]),
    guarded('policies', async () => [policyCheck(loaded)]),
    guarded('principals', () => principalChecks(loaded)),
    ...loaded.config.databases.map((database) =>
      guarded(`database ${database.name}`, () => databaseChecks(database, loaded)),
    ),
    guarded('listeners', async () => listenerChecks(loaded)),
    guarded('journal', () => journalChecks(loaded)),
    guarded('queue', () => queueChecks(loaded)),
    guarded('store', () => storeChecks(loaded)),
  ];
}

function guarded(
  what: string,
  check: () => Promise<readonly DoctorCheck[]>,
): () => Promise<readonly DoctorCheck[]> {
  return async () => {
    try {
      return await check();
    } catch (error) {
      return [{ what, result: 'problem', detail: error instanceof Error ? error.message : String(error) }];
    }
  };
}

function nodeCheck(): DoctorCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const good = major > 20 || (major === 20 && minor >= 19);
  const detail = `Node ${process.versions.node}`;
  return good
    ? { what: 'node', result: 'ok', detail }
    : { what: 'node', result: 'problem', detail, remedy: 'install Node 20.19 or newer' };
}

function policyCheck({ config, folder }: LoadedConfig): DoctorCheck {
  const policies = createPolicyFolder(resolve(folder, config.policies));
  policies.close();
  return { what: 'policies', result: 'ok', detail: `revision ${policies.current().revision}` };
}

async function principalChecks(loaded: LoadedConfig): Promise<DoctorCheck[]> {
  const { size } = readPrincipals(loaded);
  const tokens = await (await openTokens(loaded)).list();
  const live = tokens.filter(({ expiresAt, revokedAt }) => revokedAt === undefined && expiresAt > Date.now());
  const detail = `${size} principals, ${live.length} live tokens`;
  if (live.length > 0) return [{ what: 'principals', result: 'ok', detail }];
  return [
    {
      what: 'principals',
      result: 'warning',
      detail,
      remedy: 'nobody can log in yet: gatehouse token create NAME',
    },
  ];
}

async function databaseChecks(database: DatabaseConfig, { folder }: LoadedConfig): Promise<DoctorCheck[]> {
  const what = `database ${database.name}`;
  const dialect = Object.hasOwn(DIALECTS, database.dialect) ? DIALECTS[database.dialect] : undefined;
  if (dialect === undefined)
    return [
      {
        what,
        result: 'problem',
        detail: `no dialect \`${database.dialect}\``,
        remedy: `use one of ${Object.keys(DIALECTS).join(', ')}`,
      },
    ];
  const connection = dialect.openConnection(ownConnectionOptions(database, folder));
  try {
    const adapter = await dialect.createAdapter();
    const { version } = await adapter.readServerFacts(connection.ask);
    await adapter.loadCatalog(connection.ask, () => setImmediate());
    return [
      { what, result: 'ok', detail: `version ${version}, its catalog can be read` },
      ...tlsCheck(database),
    ];
  } finally {
    await connection.close();
  }
}

function tlsCheck({ name, upstream }: DatabaseConfig): DoctorCheck[] {
  const { mode } = upstream.tls;
  if (mode === 'verify-full' || mode === 'verify-ca') return [];
  const detail =
    mode === 'disable'
      ? 'statements and rows cross the network in clear'
      : 'the server’s certificate is not verified';
  return [
    {
      what: `database ${name}`,
      result: 'warning',
      detail,
      remedy: 'set upstream.tls.mode to verify-full, and ca to the authority’s certificate',
    },
  ];
}

function listenerChecks({ config }: LoadedConfig): DoctorCheck[] {
  return config.listeners.map(({ name, host, tls }) => {
    const isLocal = host === '127.0.0.1' || host === '::1' || host === 'localhost';
    if (tls === 'required' || isLocal)
      return {
        what: `listener ${name}`,
        result: 'ok' as const,
        detail: tls === 'required' ? 'TLS is required' : 'reached from this machine only',
      };
    return {
      what: `listener ${name}`,
      result: 'warning' as const,
      detail: 'clients may connect without TLS',
      remedy: 'set tls: required, with tls.cert and tls.key',
    };
  });
}

async function journalChecks(loaded: LoadedConfig): Promise<DoctorCheck[]> {
  const dir = journalDir(dataFolder(loaded));
  const { bavail, bsize } = statfsSync(dataFolder(loaded));
  const free = bavail * bsize;
  const needed = loaded.config.audit.maxBacklogBytes;
  const space: DoctorCheck =
    free > needed
      ? { what: 'journal', result: 'ok', detail: `${Math.round(free / 1e6)} MB free` }
      : {
          what: 'journal',
          result: 'warning',
          detail: `${Math.round(free / 1e6)} MB free, less than audit.maxBacklogBytes`,
          remedy: 'make room, or lower the limit',
        };
  if (!existsSync(dir)) return [space];
  const results = await verifyJournal(dir);
  return [
    space,
    ...results.map(({ node, events, problem, place }): DoctorCheck => {
      if (problem === null)
        return { what: 'journal', result: 'ok', detail: `${node}: ${events} events, the chain is whole` };
      return {
        what: 'journal',
        result: 'problem',
        detail: `${node}: ${problem.kind} at event ${problem.seq} (${place ?? ''})`,
        remedy: 'gatehouse audit verify says more',
      };
    }),
  ];
}

async function queueChecks(loaded: LoadedConfig): Promise<DoctorCheck[]> {
  const url = redisUrl(loaded);
  if (url === null)
    return [
      { what: 'queue', result: 'ok', detail: 'no Redis configured: the journal feeds the store directly' },
    ];
  const redis = openRedis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 3_000,
    retryStrategy: () => null,
  });
  try {
    await redis.connect();
    const info = await redis.info();
    const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const evicts = /maxmemory_policy:(\S+)/.exec(info)?.[1] ?? 'unknown';
    const checks: DoctorCheck[] = [{ what: 'queue', result: 'ok', detail: `Redis ${version} answers` }];
    if (evicts !== 'noeviction')
      checks.push({
        what: 'queue',
        result: 'problem',
        detail: `maxmemory-policy is ${evicts}: events can be thrown away`,
        remedy: 'set maxmemory-policy noeviction',
      });
    if (!/aof_enabled:1/.test(info))
      checks.push({
        what: 'queue',
        result: 'warning',
        detail: 'appendonly is off: queued events are gone when Redis dies; the journal still has them',
        remedy: 'set appendonly yes',
      });
    return checks;
  } finally {
    redis.disconnect();
  }
}

/** Which way events go, and how far each stage is behind the one before it. */
function stagesCheck(loaded: LoadedConfig, nodes: readonly NodeInfo[]): DoctorCheck {
  const { node, audit } = loaded.config;
  const { written, passedOn, sinks } = readStages(journalDir(dataFolder(loaded)), node);
  const stored = nodes.find((info) => info.node === node)?.lastSeq ?? 0;
  const behind = (name: string, seq: number): string =>
    `${name} ${seq === written ? 'has all' : `is ${written - seq} behind`}`;
  const way =
    redisUrl(loaded) === null ? 'journal > store' : `journal > queue > worker (${audit.worker}) > store`;
  const parts = [
    ...(redisUrl(loaded) === null ? [] : [behind('queue', passedOn)]),
    behind('store', stored),
    ...audit.sinks.map(({ name }) => behind(`sink ${name}`, sinks.get(name) ?? 0)),
  ];
  return {
    what: 'audit',
    result: 'ok',
    detail: `${way}; of ${written} events of ${node}: ${parts.join(', ')}`,
  };
}

/** How large the store is, and whether days stay in it that should go. */
function retentionCheck({ config }: LoadedConfig, plan: RetentionPlan): DoctorCheck {
  const { days, bytes, oldest, due, kept } = plan;
  const size =
    oldest === null ? 'no days yet' : `${days} days since ${oldest}, ${Math.round(bytes / 1e6)} MB`;
  const what = 'store retention';
  if (config.audit.storeRetention === undefined)
    return { what, result: 'ok', detail: `${size}; everything stays` };
  if (kept === null) {
    const next = due === null ? 'nothing is due' : `${due.days.length} days are about to go`;
    return { what, result: 'ok', detail: `${size}; ${next}` };
  }
  const remedy = 'gatehouse audit verify, audit search --code gap; audit retain --dry-run says more';
  return { what, result: 'warning', detail: `${size}; days that should go stay: ${kept}`, remedy };
}

async function storeChecks(loaded: LoadedConfig): Promise<DoctorCheck[]> {
  const target = storeTarget(loaded);
  const reader = await openReader(loaded);
  try {
    const nodes = await reader.verifyInfo();
    const detail = nodes
      .map(
        ({ node, events, missing }) =>
          `${node}: ${events} events${missing > 0 ? `, ${missing} missing` : ''}`,
      )
      .join('; ');
    const gaps = nodes.some(({ missing }) => missing > 0);
    return [
      {
        what: target === 'embedded' ? 'store (embedded)' : 'store',
        result: gaps ? 'warning' : 'ok',
        detail: detail === '' ? 'empty' : detail,
      },
      retentionCheck(
        loaded,
        await reader.planRetention(storeRetentionOf(loaded).storeRetention ?? {}, Date.now()),
      ),
      stagesCheck(loaded, nodes),
    ];
  } finally {
    await reader.close();
  }
}
