import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type AuditPipelineOptions,
  type AuditPipelineStatus,
  type AuditReader,
  assertRedisUrl,
  connectStore,
  createLiteralPolicy,
  type NamedSink,
  openAuditPipeline,
  openStore,
  type RetentionLimits,
  type ShipperStatus,
  type StoreTarget,
  storeSocketPath,
} from '@gatehouse/audit';
import type { JournalPort, RecorderSettings } from '@gatehouse/gateway';
import type { JsonValue } from '@gatehouse/model';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/resolve-secret.ts';
import type { RetentionConfig, SinkConfig } from '../config/schema.ts';
import { dataFolder } from './open-identity.ts';

/** One stage on an event's way. */
export interface AuditStage {
  /** `journal`, `queue` or `store`, or `sink:NAME`. */
  readonly stage: string;
  /** Last event of this node that has passed it. */
  readonly seq: number;
  readonly lagEvents: number;
  readonly lagSeconds: number;
}

/** The audit of a running gateway. */
export interface GatewayAudit {
  readonly journal: JournalPort;
  readonly recording: RecorderSettings;
  /** Null when the store is somewhere else. */
  readonly reader: AuditReader | null;
  /** Records what the gateway itself did. */
  record(what: string, detail: Readonly<Record<string, JsonValue>>): void;
  /** Every stage that an event passes, for metrics. */
  stages(): readonly AuditStage[];
  health(): { readonly ok: boolean; readonly detail: string };
  close(): Promise<void>;
}

/** Where the store is: `embedded`, or the URL of a server. */
export function storeTarget({ config, folder }: LoadedConfig): string {
  const { store } = config.audit;
  return store === 'embedded' ? store : resolveSecret(store, folder);
}

/** The Redis URL, or null when the journal feeds the store directly. Throws GatewayError `redis-url` for one that is of no known form. */
export function redisUrl({ config, folder }: LoadedConfig): string | null {
  if (config.audit.redis === undefined) return null;
  const url = resolveSecret(config.audit.redis, folder);
  assertRedisUrl(url);
  return url;
}

export async function openAudit(
  loaded: LoadedConfig,
  maskingKey: Buffer,
  log: Logger,
): Promise<GatewayAudit> {
  const { config } = loaded;
  const { segmentBytes, maxBacklogBytes, maxBacklogSeconds, readsBeyondBacklogBytes, worker } = config.audit;
  const redis = redisUrl(loaded);
  const pipeline = await openAuditPipeline({
    dataDir: dataFolder(loaded),
    node: config.node,
    ...(redis === null ? {} : { redisUrl: redis }),
    store: storeTarget(loaded),
    worker,
    segmentBytes,
    maxBacklogBytes,
    ...(maxBacklogSeconds === undefined ? {} : { maxBacklogMs: maxBacklogSeconds * 1_000 }),
    readsBeyondBacklogBytes,
    ...(config.audit.retention === undefined ? {} : { retention: limitsOf(config.audit.retention) }),
    ...storeRetentionOf(loaded),
    sinks: config.audit.sinks.map((sink) => openableSink(sink, loaded)),
    log,
  });
  return {
    journal: pipeline.journal,
    recording: {
      keepTexts: config.audit.texts === 'keep',
      parameter: createLiteralPolicy(config.audit.parameters, maskingKey),
    },
    reader: pipeline.store,
    record(what, detail) {
      try {
        pipeline.journal.append({ kind: 'gateway', what, detail });
      } catch (error) {
        log.error({ err: error, what }, 'event not recorded');
      }
    },
    stages: () => stagesOf(pipeline.status(), redis === null ? 'store' : 'queue'),
    health() {
      const { failure, backlogEvents } = pipeline.journal.status();
      const detail =
        failure === null
          ? `the journal takes events; ${backlogEvents} are not in the store yet`
          : failure.code;
      return { ok: failure === null, detail };
    },
    close: () => pipeline.close(),
  };
}

/** What has passed the queue is known to the worker only; `gatehouse doctor` asks the store. */
function stagesOf({ journal, shipper, sinks }: AuditPipelineStatus, next: string): readonly AuditStage[] {
  const stage = (name: string, { deliveredSeq, backlogEvents, lagMs }: ShipperStatus): AuditStage => ({
    stage: name,
    seq: deliveredSeq,
    lagEvents: backlogEvents,
    lagSeconds: lagMs / 1_000,
  });
  return [
    { stage: 'journal', seq: journal.seq, lagEvents: 0, lagSeconds: 0 },
    stage(next, shipper),
    ...[...sinks].map(([name, sink]) => stage(`sink:${name}`, sink)),
  ];
}

const DAY_MS = 86_400_000;

/** What of the store is to stay, as packages/audit takes it; empty when everything is. */
export function storeRetentionOf({ config }: LoadedConfig): Pick<AuditPipelineOptions, 'storeRetention'> {
  const { storeRetention } = config.audit;
  return storeRetention === undefined ? {} : { storeRetention: limitsOf(storeRetention) };
}

function limitsOf({ days, bytes }: RetentionConfig): RetentionLimits {
  return {
    ...(days === undefined ? {} : { maxAgeMs: days * DAY_MS }),
    ...(bytes === undefined ? {} : { maxBytes: bytes }),
  };
}

/** Paths are relative to the configuration, and the secret is read now. */
function openableSink(sink: SinkConfig, { folder }: LoadedConfig): NamedSink {
  const { name, ...options } = sink;
  switch (options.kind) {
    case 'file':
      return { name, options: { ...options, path: resolve(folder, options.path) } };
    case 'stdout':
      return { name, options };
    case 'http':
      return { name, options: { ...options, secret: resolveSecret(options.secret, folder) } };
  }
}

/** The store for a command in a process of its own: through the socket of the process that owns it, or by itself. */
export async function openReader(loaded: LoadedConfig): Promise<AuditReader> {
  const dataDir = dataFolder(loaded);
  const socket = storeSocketPath(dataDir);
  if (storeTarget(loaded) === 'embedded' && existsSync(socket)) {
    try {
      return await connectStore(socket);
    } catch {
      // Nobody answers: the owner has gone without taking its socket away.
    }
  }
  return openStore(storeOf(loaded), () => undefined);
}

/** The store of a configuration as packages/audit opens it. */
export function storeOf(loaded: LoadedConfig): StoreTarget {
  const target = storeTarget(loaded);
  return target === 'embedded'
    ? { kind: 'embedded', dir: join(dataFolder(loaded), 'store') }
    : { kind: 'server', url: target };
}
