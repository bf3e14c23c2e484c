import { join } from 'node:path';
import { createLiteralPolicy, openJournal } from '@gatehouse/audit';
import type { JournalPort, RecorderSettings } from '@gatehouse/gateway';
import type { JsonValue } from '@gatehouse/model';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load-config.ts';
import { dataFolder } from './open-identity.ts';

/** The audit of a running gateway. */
export interface AuditPipeline {
  readonly journal: JournalPort;
  readonly recording: RecorderSettings;
  /** Records what the gateway itself did. */
  record(what: string, detail: Readonly<Record<string, JsonValue>>): void;
  health(): { readonly ok: boolean; readonly detail: string };
  close(): Promise<void>;
}

export async function openAudit(
  loaded: LoadedConfig,
  maskingKey: Buffer,
  log: Logger,
): Promise<AuditPipeline> {
  const { config } = loaded;
  const journal = openJournal({
    dir: join(dataFolder(loaded), 'journal'),
    node: config.node,
    segmentBytes: config.audit.segmentBytes,
    maxBacklogBytes: config.audit.maxBacklogBytes,
  });
  return {
    journal,
    recording: {
      keepTexts: config.audit.texts === 'keep',
      parameter: createLiteralPolicy(config.audit.parameters, maskingKey),
    },
    record(what, detail) {
      try {
        journal.append({ kind: 'gateway', what, detail });
      } catch (error) {
        log.error({ err: error, what }, 'event not recorded');
      }
    },
    health() {
      const { failure } = journal.status();
      return { ok: failure === null, detail: failure === null ? 'the journal takes events' : failure.code };
    },
    close: () => journal.close(),
  };
}
