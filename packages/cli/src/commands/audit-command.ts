import {
  type AuditReader,
  formatEvent,
  formatStory,
  type SearchFilter,
  type StoredEvent,
} from '@gatehouse/audit';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { addExport } from './audit-export.ts';
import { addRebuild } from './audit-rebuild.ts';
import { addRetain } from './audit-retain.ts';
import { addKey, addVerify } from './audit-verify.ts';
import { stopSignal } from './serve-command.ts';
import { withReader } from './with-reader.ts';

interface Common {
  readonly config?: string;
  readonly json?: boolean;
}

interface SearchOptions extends Common {
  readonly who?: string;
  readonly object?: string;
  readonly action?: string;
  readonly decision?: string;
  readonly database?: string;
  readonly code?: string;
  readonly purpose?: string;
  readonly result?: string;
  readonly rule?: string;
  readonly text?: string;
  readonly since?: string;
  readonly before?: number;
  readonly limit: number;
}

/** `gatehouse audit tail | search | show | verify | key | export | rebuild | retain`. */
export function addAuditCommand(program: Command, terminal: Terminal): void {
  const audit = program
    .command('audit')
    .description('what was asked, by whom, under which rule, and what came of it');
  common(audit.command('tail').description('the newest events'))
    .option('-f, --follow', 'go on as events arrive')
    .option('-n, --limit <number>', 'how many', parseCount, 20)
    .addHelpText('after', '\nExample:\n  $ gatehouse audit tail --follow\n')
    .action((options: Common & { follow?: boolean; limit: number }) =>
      withReader(options, terminal, (reader) => tail(reader, options, terminal)),
    );
  common(audit.command('search').description('events that fit, newest first'))
    .option('--who <name>', 'principal, or the one it acted for')
    .option('--object <path>', 'object such as public.customers, or public.*')
    .option('--action <action>', 'read, insert, update, delete, define, …')
    .option('--decision <effect>', 'permit, deny or approve')
    .option('--database <name>', 'database as the configuration names it')
    .option('--result <result>', 'ok, error, denied, cut, cancelled, lost or sent')
    .option('--rule <rule>', 'policy/rule, or either name')
    .option('--code <code>', 'code of an error or a refusal, or what a gateway did, such as gap')
    .option('--purpose <purpose>', 'what an agent said it works on')
    .option('--text <part>', 'part of the statement, from the beginning of a word on')
    .option('--since <time>', 'such as 15m, 2h, 7d, or an ISO time', parseSince)
    .option('--before <id>', 'the page behind the one that ended with this id', parseId)
    .option('-n, --limit <number>', 'how many', parseCount, 100)
    .addHelpText('after', '\nExample:\n  $ gatehouse audit search --who ana --decision deny --since 1h\n')
    .action((options: SearchOptions) =>
      withReader(options, terminal, (reader) => search(reader, options, terminal)),
    );
  common(
    audit
      .command('show')
      .description('the whole story of one request')
      .argument('<request>', 'request id, as an error or `search` shows it'),
  )
    .addHelpText('after', '\nExample:\n  $ gatehouse audit show demo-4f2a91c07be1-3\n')
    .action((request: string, options: Common) =>
      withReader(options, terminal, (reader) => show(reader, request, options, terminal)),
    );
  addVerify(audit, terminal);
  addKey(audit, terminal);
  addExport(audit, terminal);
  addRebuild(audit, terminal);
  addRetain(audit, terminal);
}

function common(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file')
    .option('--json', 'print JSON, one event a line');
}

/** A pipe has no width; what reads it may be a file that somebody looks at later. */
function screenOf(terminal: Terminal): { readonly colour: boolean; readonly width?: number } {
  const { columns } = process.stdout;
  return { colour: terminal.isTty, ...(columns === undefined ? {} : { width: columns }) };
}

function print(events: readonly StoredEvent[], options: Common, terminal: Terminal): void {
  for (const { line } of events)
    terminal.line(options.json === true ? line : formatEvent(line, screenOf(terminal)));
}

async function tail(
  reader: AuditReader,
  options: Common & { follow?: boolean; limit: number },
  terminal: Terminal,
): Promise<void> {
  const first = await reader.tail(null, options.limit);
  print(first, options, terminal);
  if (options.follow !== true) return;
  let stopped = false;
  stopSignal().then(() => {
    stopped = true;
  });
  let last = first.at(-1)?.id ?? 0;
  while (!stopped) {
    const events = await reader.tail(last, FOLLOW_PAGE);
    print(events, options, terminal);
    last = events.at(-1)?.id ?? last;
    if (events.length < FOLLOW_PAGE) await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
  }
}

async function search(reader: AuditReader, options: SearchOptions, terminal: Terminal): Promise<void> {
  const { who, object, action, decision, database, result, rule, code, purpose, text, since, before, limit } =
    options;
  const filter: SearchFilter = {
    limit,
    ...(who === undefined ? {} : { who }),
    ...(object === undefined ? {} : { object }),
    ...(action === undefined ? {} : { action }),
    ...(decision === undefined ? {} : { effect: decision }),
    ...(database === undefined ? {} : { database }),
    ...(result === undefined ? {} : { result }),
    ...(rule === undefined ? {} : { rule }),
    ...(code === undefined ? {} : { code }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(text === undefined ? {} : { text }),
    ...(since === undefined ? {} : { from: since }),
    ...(before === undefined ? {} : { before }),
  };
  const events = await reader.search(filter);
  print(events, options, terminal);
  if (events.length === 0) terminal.note('no event fits');
  if (events.length === limit) terminal.note(`older ones: --before ${events.at(-1)!.id}`);
}

async function show(
  reader: AuditReader,
  request: string,
  options: Common,
  terminal: Terminal,
): Promise<void> {
  const events = await reader.show(request);
  if (events.length === 0) {
    terminal.note(`gatehouse: no request \`${request}\` in the store; it may still be on its way`);
    throw new CommandFailed();
  }
  if (options.json === true) terminal.json(events.map(({ line }) => JSON.parse(line)));
  else
    terminal.line(
      formatStory(
        events.map(({ line }) => line),
        screenOf(terminal),
      ).trimEnd(),
    );
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 10_000)
    throw new InvalidArgumentError('expected a number from 1 to 10000');
  return count;
}

function parseId(text: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id) || id < 1)
    throw new InvalidArgumentError('expected the id that a page ended with');
  return id;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseSince(text: string): string {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const time = match === null ? Date.parse(text) : Date.now() - Number(match[1]) * UNIT_MS[match[2]!]!;
  if (Number.isNaN(time)) throw new InvalidArgumentError('expected 15m, 2h, 7d or an ISO time');
  return new Date(time).toISOString();
}

const FOLLOW_PAGE = 500;
const FOLLOW_MS = 500;
