import type { Command } from 'commander';
import { serve } from '../compose/serve.ts';
import { createLogger } from '../logger.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

/** `gatehouse serve`: runs the gateway until it is told to stop. */
export function addServeCommand(program: Command, terminal: Terminal): void {
  program
    .command('serve')
    .description('run the gateway')
    .option('--config <file>', 'configuration file (default: gatehouse.yaml, or GATEHOUSE_CONFIG)')
    .addHelpText(
      'after',
      '\nExample:\n  $ gatehouse serve --config gatehouse.yaml\n\nSIGTERM and SIGINT shut down in order; SIGHUP is not needed, policies and principals reload by themselves.\n',
    )
    .action(async (options: { config?: string }) => {
      const loaded = openConfig(options.config, terminal);
      const running = await serve(loaded, createLogger(loaded.config.log.level));
      for (const { name, adapter, port } of running.gateway.listeners)
        terminal.note(`${name}: ${adapter.dialect} on port ${port}`);
      terminal.note(`admin: http://${loaded.config.admin.host}:${running.adminPort}/healthz and /metrics`);
      await stopSignal();
      terminal.note('shutting down');
      await running.close();
    });
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
