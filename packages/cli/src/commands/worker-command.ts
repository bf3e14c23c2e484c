import { createAuditWorker, logAlert, openStore } from '@gatehouse/audit';
import { GatewayError } from '@gatehouse/model';
import type { Command } from 'commander';
import { redisUrl, storeOf } from '../compose/open-audit.ts';
import { createLogger } from '../logger.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';
import { stopSignal } from './serve-command.ts';

/** `gatehouse worker`: takes audit events from the queue into the store until it is told to stop. */
export function addWorkerCommand(program: Command, terminal: Terminal): void {
  program
    .command('worker')
    .description('take audit events from the queue into the store')
    .option('--config <file>', 'configuration file')
    .addHelpText(
      'after',
      '\nExample:\n  $ gatehouse worker --config gatehouse.yaml\n\nSeveral workers may run on one queue; the gateway needs `audit: { worker: separate }`.\nThe Redis may stand behind Sentinels or be a cluster; `docs/audit.md` has the forms of its URL.\n',
    )
    .action(async (options: { config?: string }) => {
      const loaded = openConfig(options.config, terminal);
      const redis = redisUrl(loaded);
      if (redis === null) {
        throw new GatewayError(
          'config',
          'worker-without-redis',
          'the configuration names no Redis; without it the gateway feeds the store itself',
        );
      }
      const log = createLogger(loaded.config.log.level);
      const store = await openStore(storeOf(loaded), (error) =>
        log.error({ err: error }, 'store connection lost'),
      );
      await store.migrate().catch((error: unknown) => {
        // Events wait in the queue; the first insert makes the schema.
        if (!(error instanceof GatewayError && error.kind === 'unavailable')) throw error;
        log.warn({ err: error }, 'audit: the store is away; events wait in the queue');
      });
      const worker = createAuditWorker({ redisUrl: redis, store, onAlert: (alert) => logAlert(log, alert) });
      terminal.note('taking events; Ctrl-C stops');
      await stopSignal();
      await worker.close();
      await store.close();
      terminal.note(`${worker.status().storedEvents} events stored`);
    });
}
