import { fileURLToPath } from 'node:url';
import { SERVER_KINDS } from '@gatehouse/fleet';
import type { Command } from 'commander';
import { DEMO_STEPS, shellLine, stepsOf } from '../demo/demo-steps.ts';
import { type Demo, openDemo } from '../demo/open-demo.ts';
import { playScript } from '../demo/play-script.ts';
import { CommandFailed } from '../failure.ts';
import { createLogger } from '../logger.ts';
import { formatTable, type Terminal } from '../terminal.ts';
import { stopSignal } from './serve-command.ts';

interface StartOptions {
  readonly script?: boolean;
  readonly json?: boolean;
  readonly policies?: string;
}

const SHIPPED_POLICIES = fileURLToPath(new URL('../../../../policies', import.meta.url));

/** `gatehouse start`: the demo. Real servers, one business, the gateway with the shipped policies, three principals. */
export function addStartCommand(program: Command, terminal: Terminal): void {
  program
    .command('start')
    .description('start a demo: real databases, the gateway in front, and lines to paste')
    .option('--script', 'play the lines with real clients, check what comes back, and exit')
    .option('--policies <folder>', 'policies in force', SHIPPED_POLICIES)
    .option('--json', 'print one JSON document (ports, tokens, configuration; with --script the results)')
    .addHelpText('after', '\nExample:\n  $ gatehouse start\n  $ gatehouse start --script\n')
    .action((options: StartOptions) => start(options, terminal));
}

async function start(options: StartOptions, terminal: Terminal): Promise<void> {
  const report = (line: string): void => terminal.note(line);
  report('starting Postgres, MariaDB, MongoDB and Redis with one business in them …');
  const demo = await openDemo({
    need: ['postgres'],
    want: SERVER_KINDS.filter((kind) => kind !== 'postgres'),
    policies: options.policies ?? SHIPPED_POLICIES,
    log: createLogger(process.env.GATEHOUSE_LOG ?? 'error'),
    report,
  });
  try {
    if (options.script === true) await script(demo, options, terminal);
    else await show(demo, options, terminal);
  } finally {
    report('stopping …');
    await demo.close();
  }
}

async function script(demo: Demo, options: StartOptions, terminal: Terminal): Promise<void> {
  const results = await playScript(demo, (line) => options.json !== true && terminal.line(line));
  const failed = results.filter(({ problem }) => problem !== null);
  if (options.json === true)
    terminal.json({ results, missing: demo.fleet.missing.map(({ server, remedy }) => ({ server, remedy })) });
  else terminal.line(`\n${results.length - failed.length} of ${results.length} steps are as expected`);
  // A demo that could not show all of it has not passed.
  if (failed.length > 0 || results.length < DEMO_STEPS.length) {
    for (const { server, remedy } of demo.fleet.missing) terminal.note(`${server} is missing: ${remedy}`);
    throw new CommandFailed();
  }
}

async function show(demo: Demo, options: StartOptions, terminal: Terminal): Promise<void> {
  if (options.json === true) terminal.json(describe(demo));
  else introduce(demo, terminal);
  await stopSignal();
}

function describe(demo: Demo) {
  return {
    config: demo.loaded.file,
    ca: demo.caFile,
    admin: `http://127.0.0.1:${demo.running.adminPort}`,
    listeners: Object.fromEntries(demo.running.gateway.listeners.map(({ name, port }) => [name, port])),
    tokens: Object.fromEntries(['ana', 'ci-migrate', 'fixbot'].map((name) => [name, demo.token(name)])),
    lines: stepsOf(demo).map((step) => ({ title: step.title, line: shellLine(demo, step) })),
  };
}

function introduce(demo: Demo, terminal: Terminal): void {
  const { fleet, running } = demo;
  const servers = [fleet.postgres, fleet.mysql, fleet.mongodb, fleet.redis].filter(
    (server) => server !== undefined,
  );
  terminal.line();
  terminal.line(`Gatehouse is in front of ${demo.rowCount.toLocaleString('en')} rows and documents.`);
  terminal.line();
  terminal.line(
    formatTable([
      ['LISTENER', 'GATEWAY', 'BEHIND IT'],
      ...running.gateway.listeners.map(({ name, port }) => {
        const server = servers.find(({ kind }) => kind === name);
        return [
          name,
          `127.0.0.1:${port}`,
          server === undefined ? '' : `${server.version} on port ${server.port}`,
        ];
      }),
    ]),
  );
  terminal.line();
  terminal.line(
    'Three principals have a token: ana (a person), ci-migrate (a service), fixbot (an agent that works for ana).',
  );
  terminal.line('Paste these into another terminal:');
  for (const step of stepsOf(demo)) {
    terminal.line();
    terminal.line(`# ${step.title}`);
    terminal.line(shellLine(demo, step));
  }
  terminal.line();
  terminal.line('# what was asked, by whom, and what came of it');
  terminal.line(`npm run -s gatehouse -- audit search --decision deny --config ${demo.loaded.file}`);
  terminal.line(`npm run -s gatehouse -- audit tail --config ${demo.loaded.file}`);
  for (const { server, remedy } of fleet.missing) {
    terminal.line();
    terminal.line(`${server} is not on this machine: ${remedy}`);
  }
  terminal.line();
  terminal.line(`health and metrics: http://127.0.0.1:${running.adminPort}/healthz and /metrics`);
  terminal.line('Ctrl-C stops everything and leaves nothing behind.');
}
