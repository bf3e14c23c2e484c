import type { Command } from 'commander';
import { createGroupedChecks, type DoctorCheck } from '../doctor/checks.ts';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

const MARKS: Readonly<Record<DoctorCheck['result'], string>> = {
  ok: 'ok  ',
  warning: 'WARN',
  problem: 'FAIL',
};

/** `gatehouse doctor`: looks at everything that a configuration needs and says what to do about what is wrong. */
export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('look at databases, secrets, policies, journal, queue and store, and say what is wrong')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse doctor --config gatehouse.yaml\n')
    .action(async (options: { config?: string; json?: boolean }) => {
      const loaded = openConfig(options.config, terminal);
      const results: DoctorCheck[] = [];
      for (const check of createGroupedChecks(loaded)) {
        const result = await check();
        results.push(...result);
        if (options.json !== true) for (const one of result) terminal.line(formatCheck(one));
      }
      const failed = results.filter(({ result }) => result === 'problem');
      if (options.json === true) terminal.json({ ok: failed.length === 0, checks: results });
      if (failed.length > 0) throw new CommandFailed();
    });
}

function formatCheck({ result, what, detail, remedy }: DoctorCheck): string {
  return `${MARKS[result]}  ${what}: ${detail}${remedy === undefined ? '' : `\n      ${remedy}`}`;
}
