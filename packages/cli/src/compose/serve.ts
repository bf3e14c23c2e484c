import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Adapter } from '@gatehouse/adapter';
import {
  type ColumnLabels,
  createPolicyFolder,
  formatProblem,
  type LabelledColumn,
  type PolicyFolder,
} from '@gatehouse/core';
import {
  type AdminServer,
  createGateway,
  createMetrics,
  type Gateway,
  type GatewayServices,
  type Health,
  type ListenerOptions,
  openAdminServer,
  ProbeMeter,
  SessionDirectory,
} from '@gatehouse/gateway';
import { GatewayError } from '@gatehouse/model';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/resolve-secret.ts';
import { suggest } from '../config/suggest.ts';
import { readTlsMaterial } from '../config/tls-material.ts';
import { DIALECTS } from './dialects.ts';
import { keepMeasured, measure } from './measure.ts';
import { type GatewayAudit, openAudit } from './open-audit.ts';
import { type OpenDatabase, openDatabase } from './open-database.ts';
import { dataFolder, type Identity, openIdentity } from './open-identity.ts';

/** A running gateway and everything that was opened for it. */
export interface Running {
  readonly gateway: Gateway;
  readonly identity: Identity;
  readonly audit: GatewayAudit;
  readonly adminPort: number;
  /** Shuts down in order: no new sessions, sessions drained, journal shipped, connections closed. */
  close(): Promise<void>;
}

/** Opens everything that a configuration names. Throws GatewayError for what is wrong with it; nothing stays open then. */
export async function serve(loaded: LoadedConfig, log: Logger): Promise<Running> {
  const opened: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    return await compose(loaded, log, opened, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function compose(
  loaded: LoadedConfig,
  log: Logger,
  opened: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<Running> {
  const { config, folder } = loaded;
  const databases = new Map<string, OpenDatabase>();
  const policies = createPolicyFolder(resolve(folder, config.policies), {
    columnLabels: createColumnLabels(databases),
  });
  opened.push(() => policies.close());
  const identity = await openIdentity(loaded, (error) =>
    log.error({ err: error }, 'principals not reloaded'),
  );
  const key = maskingKey(loaded);
  const audit = await openAudit(loaded, key, log);
  opened.push(() => audit.close());
  for (const database of await openDatabases(loaded, log)) {
    databases.set(database.facts.name, database);
    opened.push(() => database.close());
  }

  const metrics = createMetrics();
  opened.push(keepMeasured(() => measure(audit, databases.values(), metrics)));
  const services: GatewayServices = {
    node: config.node,
    authenticator: identity.authenticator,
    policy: { decide: (request) => policies.current().decide(request) },
    journal: audit.journal,
    recording: audit.recording,
    directory: new SessionDirectory(),
    metrics,
    probeMeter: new ProbeMeter(),
    limits: {
      frames: { maxFrameBytes: config.limits.maxFrameBytes, wholeFrameBytes: config.limits.wholeFrameBytes },
      loginMs: config.limits.loginMs,
      upstreamLoginMs: config.limits.upstreamLoginMs,
      knowledgeMs: config.limits.knowledgeMs,
      recheckMs: config.limits.recheckMs,
    },
    maskingKey: key,
    log,
  };
  recordPolicies(policies, audit, log);
  // A first session should not meet a gateway that knows nothing yet; a server that is away does not keep it closed.
  await Promise.race([
    Promise.allSettled([...databases.values()].map(({ ready }) => ready)),
    delay(config.limits.knowledgeMs, undefined, { ref: false }),
  ]);
  const gateway = createGateway(listenerOptions(loaded, databases), services);
  await gateway.open();
  opened.push(() => gateway.close(config.limits.shutdownGraceMs));
  const admin: AdminServer = await openAdminServer({
    ...config.admin,
    metrics,
    health: () => health(databases, audit),
  });
  opened.push(() => admin.close());
  audit.record('started', {
    listeners: gateway.listeners.map(({ name, port }) => `${name}:${port}`),
    policies: policies.current().revision,
  });
  opened.push(() => audit.record('stopped', {}));
  return { gateway, identity, audit, adminPort: admin.port, close: closeAll };
}

/** Labels of the databases that are open; a database that is not has no sessions. */
function createColumnLabels(databases: ReadonlyMap<string, OpenDatabase>): ColumnLabels {
  const none: readonly LabelledColumn[] = [];
  return (name) => databases.get(name)?.columnLabels() ?? none;
}

async function openDatabases(
  { config, folder }: LoadedConfig,
  log: Logger,
): Promise<readonly OpenDatabase[]> {
  const adapters = new Map<string, Adapter>();
  const databases: OpenDatabase[] = [];
  for (const database of config.databases) {
    const dialect = Object.hasOwn(DIALECTS, database.dialect) ? DIALECTS[database.dialect] : undefined;
    if (dialect === undefined) {
      throw new GatewayError(
        'config',
        'unknown-dialect',
        `database \`${database.name}\`: no dialect \`${database.dialect}\`${suggest(database.dialect, Object.keys(DIALECTS))}`,
      );
    }
    const adapter = adapters.get(database.dialect) ?? (await dialect.createAdapter());
    adapters.set(database.dialect, adapter);
    databases.push(openDatabase(database, dialect, adapter, folder, log));
  }
  return databases;
}

function listenerOptions(
  { config, folder }: LoadedConfig,
  databases: ReadonlyMap<string, OpenDatabase>,
): ListenerOptions[] {
  const tls =
    config.tls === undefined
      ? null
      : readTlsMaterial(resolveSecret(config.tls.cert, folder), resolveSecret(config.tls.key, folder));
  return config.listeners.map((listener) => {
    const behind = listener.databases.map((name) => databases.get(name)!);
    if (listener.tls === 'required' && tls === null) {
      throw new GatewayError(
        'config',
        'tls-without-certificate',
        `listener \`${listener.name}\` requires TLS, but the configuration has no \`tls\` with cert and key`,
      );
    }
    return {
      name: listener.name,
      host: listener.host,
      port: listener.port,
      adapter: behind[0]!.adapter,
      databases: behind,
      tls: listener.tls === 'off' ? null : tls,
      tlsRequired: listener.tls === 'required',
      maxSessions: listener.maxSessions,
      options: listener.options,
    };
  });
}

/** The configured key, or one that is made once and kept in the data folder. */
function maskingKey(loaded: LoadedConfig): Buffer {
  const { config, folder } = loaded;
  if (config.maskingKey !== undefined) return Buffer.from(resolveSecret(config.maskingKey, folder), 'utf8');
  const file = join(dataFolder(loaded), 'masking.key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}

function recordPolicies(policies: PolicyFolder, audit: GatewayAudit, log: Logger): void {
  policies.onChange((change) => {
    if (change.kind === 'loaded') {
      log.info({ revision: change.engine.revision }, 'policies loaded');
      audit.record('policies-loaded', { revision: change.engine.revision });
      return;
    }
    const problems = change.problems.map(formatProblem);
    log.error({ problems }, 'policies refused; the last good ones stay in force');
    audit.record('policies-refused', { problems: problems.slice(0, 10) });
  });
}

function health(databases: ReadonlyMap<string, OpenDatabase>, audit: GatewayAudit): Health {
  const parts: Record<string, { ok: boolean; detail: string }> = { audit: audit.health() };
  for (const [name, database] of databases) {
    const problem = database.problem();
    parts[`database:${name}`] = {
      ok: problem === null,
      detail: problem === null ? 'catalog is current' : 'catalog could not be read',
    };
  }
  return { ok: Object.values(parts).every((part) => part.ok), parts };
}
