import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { CommandFailed } from '../failure.ts';
import { formatTable, type Terminal } from '../terminal.ts';
import { DEFAULT_CONFIG } from './open-config.ts';

/** `gatehouse config check`: every mistake of a configuration with its place, and nothing started. */
export function addConfigCommand(program: Command, terminal: Terminal): void {
  program
    .command('config')
    .description('look at the configuration')
    .command('check')
    .description('check a configuration file and say what it would start')
    .argument('[file]', 'configuration file', process.env.GATEHOUSE_CONFIG ?? DEFAULT_CONFIG)
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse config check gatehouse.yaml\n')
    .action((file: string, options: { json?: boolean }) =>
      checkConfig(file, options.json === true, terminal),
    );
}

function checkConfig(file: string, asJson: boolean, terminal: Terminal): void {
  const result = loadConfig(file);
  if (asJson) terminal.json(result.ok ? { ok: true, problems: [] } : result);
  else if (result.ok) {
    terminal.line(`${file} is good:`);
    terminal.line(
      formatTable([
        ['LISTENER', 'DIALECT', 'ADDRESS', 'TLS', 'DATABASES'],
        ...result.config.listeners.map(({ name, dialect, host, port, tls, databases }) => [
          name,
          dialect,
          `${host}:${port}`,
          tls,
          databases.join(', '),
        ]),
      ]),
    );
  } else {
    for (const { line, column, message } of result.problems)
      terminal.line(`${file}:${line}:${column}: ${message}`);
  }
  if (!result.ok) throw new CommandFailed();
}
