import { journalDir, openStore, rebuildStore } from '@gatehouse/audit';
import type { Command } from 'commander';
import { storeOf } from '../compose/open-audit.ts';
import { dataFolder } from '../compose/open-identity.ts';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

interface RebuildOptions {
  readonly config?: string;
  readonly dir?: string;
  readonly json?: boolean;
}

/** `gatehouse audit rebuild`: fills the store from the journals. */
export function addRebuild(audit: Command, terminal: Terminal): void {
  audit
    .command('rebuild')
    .description('put every event of the journals into the store that it does not have')
    .option('--dir <folder>', 'folder with journal segments of any nodes (default: of the configuration)')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Example:
  $ gatehouse audit rebuild --dir /archive/journals

May run while events arrive, where the store is on a server; what is there stays, and each event is stored
once. An embedded store belongs to the gateway, which fills it by itself when it starts.
`,
    )
    .action((options: RebuildOptions) => rebuild(options, terminal));
}

async function rebuild(options: RebuildOptions, terminal: Terminal): Promise<void> {
  const loaded = openConfig(options.config, terminal);
  const store = await openStore(storeOf(loaded), () => undefined);
  try {
    const dir = options.dir ?? journalDir(dataFolder(loaded));
    const { inserted, duplicates, conflicts } = await rebuildStore(dir, store);
    if (options.json === true) terminal.json({ inserted, duplicates, conflicts });
    else terminal.line(`${inserted} events added, ${duplicates} were there already`);
    if (conflicts.length === 0) return;
    const some = conflicts.slice(0, 5).join(', ');
    terminal.note(`gatehouse: the store has other events under ${conflicts.length} numbers: ${some}`);
    throw new CommandFailed();
  } finally {
    await store.close();
  }
}
