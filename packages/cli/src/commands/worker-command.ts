import {
  createAuditWorker,
  logAlert,
  openStore,
  serveStore,
  startStoreRetention,
  storeSocketPath,
} from '@gatehouse/audit';
import { GatewayError } from '@gatehouse/model';
import type { Command } from 'commander';
import { redisUrl, storeOf, storeRetentionOf } from '../compose/open-audit.ts';
import { dataFolder } from '../compose/open-identity.ts';
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
      const target = storeOf(loaded);
      const store = await openStore(target, (error) => log.error({ err: error }, 'store connection lost'));
      await store.migrate().catch((error: unknown) => {
        // Events wait in the queue; the first insert makes the schema.
        if (!(error instanceof GatewayError && error.kind === 'unavailable')) throw error;
        log.warn({ err: error }, 'audit: the store is away; events wait in the queue');
      });
      // An embedded store belongs to this process now; others read it through the socket.
      const stopServing =
        target.kind === 'embedded' ? await serveStore(store, storeSocketPath(dataFolder(loaded))) : null;
      const worker = createAuditWorker({ redisUrl: redis, store, onAlert: (alert) => logAlert(log, alert) });
      // It has no journal to sign in: it takes away what the gateways have signed.
      const { storeRetention } = storeRetentionOf(loaded);
      const retention =
        storeRetention === undefined
          ? null
          : startStoreRetention({ store, limits: storeRetention, signer: null }, (error) =>
              log.warn({ err: error }, 'audit: old days of the store could not be taken away'),
            );
      terminal.note('taking events; Ctrl-C stops');
      await stopSignal();
      await retention?.stop();
      await worker.close();
      await stopServing?.();
      await store.close();
      terminal.note(`${worker.status().storedEvents} events stored`);
    });
}
