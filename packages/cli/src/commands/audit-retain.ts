import { openStore, type RetentionPlan, type StoreLimits, startStoreRetention } from '@gatehouse/audit';
import { GatewayError } from '@gatehouse/model';
import type { Command } from 'commander';
import { storeOf, storeRetentionOf } from '../compose/open-audit.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';
import { withReader } from './with-reader.ts';

interface RetainOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `gatehouse audit retain`: what of the store may go, and takes away what every node has signed. */
export function addRetain(audit: Command, terminal: Terminal): void {
  audit
    .command('retain')
    .description(
      'take days out of the store that `audit.storeRetention` does not keep, where every node has signed',
    )
    .option('--dry-run', 'only say what may go, and why something may not')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ gatehouse audit retain --dry-run
  $ gatehouse audit retain --json

Gateways and workers do the same once a minute. Only gateways sign: what is due and not signed yet stays
until theirs have. An embedded store is the gateway’s while it runs; --dry-run asks it.
`,
    )
    .action((options: RetainOptions) => retain(options, terminal));
}

async function retain(options: RetainOptions, terminal: Terminal): Promise<void> {
  const loaded = openConfig(options.config, terminal);
  const { storeRetention } = storeRetentionOf(loaded);
  if (storeRetention === undefined) {
    throw new GatewayError(
      'config',
      'store-retention-missing',
      'the configuration has no `audit.storeRetention`: everything stays in the store',
    );
  }
  const plan = await planned(options, terminal, storeRetention);
  const days = options.dryRun === true ? [] : await taken(options, terminal, storeRetention);
  if (options.json === true) terminal.json({ ...plan, taken: days });
  else for (const line of describe(plan, options.dryRun === true ? null : days)) terminal.line(line);
}

async function planned(
  options: RetainOptions,
  terminal: Terminal,
  limits: StoreLimits,
): Promise<RetentionPlan> {
  let plan: RetentionPlan | undefined;
  await withReader(options, terminal, async (reader) => {
    plan = await reader.planRetention(limits, Date.now());
  });
  return plan!;
}

async function taken(
  options: RetainOptions,
  terminal: Terminal,
  limits: StoreLimits,
): Promise<readonly string[]> {
  const store = await openStore(storeOf(openConfig(options.config, terminal)), () => undefined);
  try {
    const retention = startStoreRetention({ store, limits, signer: null }, () => undefined);
    const days = await retention.look();
    await retention.stop();
    return days;
  } finally {
    await store.close();
  }
}

function describe(
  { days, bytes, oldest, due, kept }: RetentionPlan,
  gone: readonly string[] | null,
): readonly string[] {
  const lines = [
    `the store holds ${days} days${oldest === null ? '' : ` since ${oldest}`}, ${megabytes(bytes)}`,
  ];
  if (due === null) lines.push('nothing may go');
  else {
    const { days: chosen, why, nodes } = due;
    lines.push(
      `${chosen[0]} to ${chosen.at(-1)} may go, ${megabytes(due.bytes)}, for their ${why === 'store-age' ? 'age' : 'size'}:`,
    );
    for (const { node, events, through, signedBy } of nodes) {
      const signed = signedBy === null ? 'not signed yet' : `signed by key ${signedBy}`;
      lines.push(`  ${node}: ${events} events up to number ${through}, ${signed}`);
    }
  }
  if (kept !== null) lines.push(`what stays although it should go: ${kept}`);
  if (gone !== null)
    lines.push(gone.length === 0 ? 'nothing was taken away' : `${gone.length} days were taken away`);
  return lines;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
