import { createWriteStream } from 'node:fs';
import {
  type AuditReader,
  EXPORT_FORMATS,
  type ExportFormat,
  exportEvents,
  storedLines,
} from '@gatehouse/audit';
import { type Command, Option } from 'commander';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';
import { withReader } from './with-reader.ts';

interface ExportOptions {
  readonly config?: string;
  readonly format: ExportFormat;
  readonly node?: string;
  readonly output?: string;
}

/** `gatehouse audit export`: the events of a node for other programs. */
export function addExport(audit: Command, terminal: Terminal): void {
  audit
    .command('export')
    .description('write stored events of a node to a file or to standard output')
    .addOption(
      new Option('--format <format>', 'jsonl can be verified; ocsf is class 6005, one event a line')
        .choices(EXPORT_FORMATS)
        .default('jsonl'),
    )
    .option('--node <name>', 'node whose events are written (default: of the configuration)')
    .option('--output <file>', 'file to write')
    .option('--config <file>', 'configuration file')
    .addHelpText(
      'after',
      '\nExamples:\n  $ gatehouse audit export --output gw-1.jsonl\n  $ gatehouse audit export --format csv --output audit.csv\n',
    )
    .action((options: ExportOptions) =>
      withReader(options, terminal, (reader) => exportAll(reader, options, terminal)),
    );
}

async function exportAll(reader: AuditReader, options: ExportOptions, terminal: Terminal): Promise<void> {
  const { format, output } = options;
  const node = options.node ?? openConfig(options.config, terminal).config.node;
  const total = (await reader.verifyInfo()).find((info) => info.node === node)?.events ?? 0;
  const out = output === undefined ? process.stdout : createWriteStream(output, { mode: 0o600 });
  const failed = new Promise<never>((_resolve, reject) => out.once('error', reject));
  failed.catch(() => undefined);
  let count = 0;
  for await (const text of exportEvents(storedLines(reader, node), format)) {
    count += 1;
    if (!out.write(text)) {
      await Promise.race([failed, new Promise<void>((resolve) => out.once('drain', () => resolve()))]);
    }
    if (output !== undefined && count % PROGRESS_EVERY === 0) {
      terminal.note(`${count} of ${total} events, ${Math.floor((100 * count) / Math.max(total, count))} %`);
    }
  }
  if (output === undefined) return;
  await Promise.race([failed, new Promise<void>((resolve) => out.end(() => resolve()))]);
  terminal.note(`${count} lines in ${output}`);
}

const PROGRESS_EVERY = 20_000;
