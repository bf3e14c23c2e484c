import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuditReader,
  connectStore,
  createLiteralPolicy,
  openAuditPipeline,
  openStore,
  type StoreTarget,
  storeSocketPath,
} from '@gatehouse/audit';
import type { JournalPort, RecorderSettings } from '@gatehouse/gateway';
import type { JsonValue } from '@gatehouse/model';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load-config.ts';
import { resolveSecret } from '../config/resolve-secret.ts';
import { dataFolder } from './open-identity.ts';

/** The audit of a running gateway. */
export interface GatewayAudit {
  readonly journal: JournalPort;
  readonly recording: RecorderSettings;
  /** Null when the store is somewhere else. */
  readonly reader: AuditReader | null;
  /** Records what the gateway itself did. */
  record(what: string, detail: Readonly<Record<string, JsonValue>>): void;
  health(): { readonly ok: boolean; readonly detail: string };
  close(): Promise<void>;
}

/** Where the store is: `embedded`, or the URL of a server. */
export function storeTarget({ config, folder }: LoadedConfig): string {
  const { store } = config.audit;
  return store === 'embedded' ? store : resolveSecret(store, folder);
}

/** The Redis URL, or null when the journal feeds the store directly. */
export function redisUrl({ config, folder }: LoadedConfig): string | null {
  return config.audit.redis === undefined ? null : resolveSecret(config.audit.redis, folder);
}

export async function openAudit(
  loaded: LoadedConfig,
  maskingKey: Buffer,
  log: Logger,
): Promise<GatewayAudit> {
  const { config } = loaded;
  const { segmentBytes, maxBacklogBytes, worker } = config.audit;
  const redis = redisUrl(loaded);
  const pipeline = await openAuditPipeline({
    dataDir: dataFolder(loaded),
    node: config.node,
    ...(redis === null ? {} : { redisUrl: redis }),
    store: storeTarget(loaded),
    worker,
    segmentBytes,
    maxBacklogBytes,
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
