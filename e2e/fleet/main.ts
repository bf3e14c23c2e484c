/**
 * Starts every server that this machine can run, fills the demo's data, prints how to reach them, and stays
 * until Ctrl-C:
 *
 *   npx tsx --conditions gatehouse-source e2e/fleet/main.ts [postgres mysql mongodb redis] [--empty] [--json]
 *   npx tsx --conditions gatehouse-source e2e/fleet/main.ts --check
 *
 * `--check` brings what is missing, starts each server once, says which they are and ends; with 1 if one is missing.
 */
import { fillDemo } from './demo-data/fill-demo.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { SERVER_KINDS, type ServerKind } from './running-server.ts';

async function main(args: readonly string[]): Promise<void> {
  const named = SERVER_KINDS.filter((kind) => args.includes(kind));
  const unknown = args.filter((arg) => !['--check', '--empty', '--json', ...SERVER_KINDS].includes(arg));
  if (unknown.length > 0) throw new Error(`unknown argument \`${unknown[0]}\``);

  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const stay = setInterval(() => undefined, 60_000);
  const began = Date.now();
  const fleet = await startFleet({ need: named, want: named.length === 0 ? SERVER_KINDS : [] });
  try {
    if (args.includes('--check')) {
      printVersions(fleet);
      process.exitCode = fleet.missing.length === 0 ? 0 : 1;
      return;
    }
    const demo = args.includes('--empty') ? null : await fillDemo(fleet);
    if (args.includes('--json')) {
      process.stdout.write(`${JSON.stringify({ servers: describeServers(fleet), demo }, null, 2)}\n`);
    } else {
      printTable(fleet);
      if (demo !== null) console.log(`\n${demo.total} rows and documents in shop, billing and support`);
      console.log(`ready after ${((Date.now() - began) / 1000).toFixed(1)} s; Ctrl-C stops everything`);
    }
    await ended;
  } finally {
    clearInterval(stay);
    await fleet.stop();
  }
}

function printVersions(fleet: Fleet): void {
  for (const kind of SERVER_KINDS) {
    const server = fleet[kind];
    if (server !== undefined) console.log(`${kind.padEnd(9)} ${server.version} (${server.source})`);
  }
  for (const missing of fleet.missing) console.log(`${missing.server.padEnd(9)} ${missing.message}`);
}

function describeServers(fleet: Fleet): Partial<Record<ServerKind, unknown>> {
  const entries = SERVER_KINDS.flatMap((kind) => {
    const server = fleet[kind];
    // Functions fall out of JSON; everything else is data.
    return server === undefined ? [] : [[kind, server] as const];
  });
  return Object.fromEntries(entries);
}

function printTable(fleet: Fleet): void {
  for (const kind of SERVER_KINDS) {
    const server = fleet[kind];
    if (server === undefined) continue;
    console.log(`${kind.padEnd(9)} ${server.version} (${server.source})\n          owner ${server.url}`);
    if ('app' in server)
      console.log(`          app   user \`${server.app.user}\` password \`${server.app.password}\``);
  }
  for (const missing of fleet.missing) console.log(`${missing.server.padEnd(9)} ${missing.message}`);
  console.log(`logs      ${fleet.folder}`);
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`fleet: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
