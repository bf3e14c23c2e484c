import { Command } from 'commander';
import { addAuditCommand } from './commands/audit-command.ts';
import { addClassifyCommand } from './commands/classify-command.ts';
import { addConfigCommand } from './commands/config-command.ts';
import { addDoctorCommand } from './commands/doctor-command.ts';
import { addInspectCommand } from './commands/inspect-command.ts';
import { addPolicyCommand } from './commands/policy-command.ts';
import { addServeCommand } from './commands/serve-command.ts';
import { addStartCommand } from './commands/start-command.ts';
import { addTokenCommand } from './commands/token-command.ts';
import { addWorkerCommand } from './commands/worker-command.ts';
import { reportFailure } from './failure.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/** The whole command line; parsing it runs a command. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('gatehouse')
    .description('One guarded entrance in front of Postgres, MySQL/MariaDB and MongoDB')
    .showHelpAfterError('(add --help for the options and an example)')
    .configureHelp({ showGlobalOptions: true });
  addStartCommand(program, terminal);
  addServeCommand(program, terminal);
  addWorkerCommand(program, terminal);
  addConfigCommand(program, terminal);
  addDoctorCommand(program, terminal);
  addInspectCommand(program, terminal);
  addPolicyCommand(program, terminal);
  addClassifyCommand(program, terminal);
  addTokenCommand(program, terminal);
  addAuditCommand(program, terminal);
  return program;
}

/** Runs one command line and gives the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const terminal = createTerminal();
  try {
    await createProgram(terminal).parseAsync([...argv]);
    return 0;
  } catch (error) {
    return reportFailure(error, terminal, argv.includes('--json'));
  }
}
