import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  createPolicyFolder,
  createStandingLabels,
  type LabelledColumn,
  type PolicySet,
} from '@gatehouse/core';
import { GatewayError } from '@gatehouse/model';
import { type Command, InvalidArgumentError } from 'commander';
import { askPerson, findPerson, formatProposals } from '../classify/ask-person.ts';
import { type Proposal, proposeLabels } from '../classify/propose-labels.ts';
import type { SampledTable } from '../classify/sampled-table.ts';
import { type Written, writeClassification } from '../classify/write-classification.ts';
import { DIALECTS } from '../compose/dialects.ts';
import { ownConnectionOptions, readColumnLabels } from '../compose/open-database.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { DatabaseConfig } from '../config/schema.ts';
import { suggest } from '../config/suggest.ts';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

interface ClassifyOptions {
  readonly database: string;
  readonly sample: number;
  readonly confidence: number;
  readonly timeout: number;
  readonly write?: string;
  readonly yes?: boolean;
  readonly config?: string;
  readonly json?: boolean;
}

/** `gatehouse classify`: finds columns with personal data and secrets, and writes labels for them when somebody says yes. */
export function addClassifyCommand(program: Command, terminal: Terminal): void {
  program
    .command('classify')
    .description('look at some values of every column, and propose labels for personal data and secrets')
    .requiredOption('--database <name>', 'database of the configuration')
    .option('--sample <rows>', 'rows or documents per table', readCount, 200)
    .option('--write <file>', 'classification document that accepted labels are added to')
    .option('--yes', 'accept every label that is sure enough, without asking')
    .option('--confidence <percent>', 'how sure a label must be for --yes', readPercent, 80)
    .option('--timeout <seconds>', 'how long the server may work on one table', readCount, 10)
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document; nobody is asked')
    .addHelpText(
      'after',
      `
Examples are masked, and nothing is written without a yes: a person's at a terminal, or --yes.
Exit code 1: a table could not be read, the file was not written, or nobody was there to the end; 2: the configuration is wrong.

Example:
  $ gatehouse classify --database shop
  $ gatehouse classify --database shop --write policies/classified-shop.yaml
`,
    )
    .action((options: ClassifyOptions) => classify(options, terminal));
}

async function classify(options: ClassifyOptions, terminal: Terminal): Promise<void> {
  const loaded = openConfig(options.config, terminal);
  const database = findDatabase(loaded, options.database);
  const set = readPolicies(loaded);
  const { tables, columns } = await readDatabase(loaded, database, options, terminal);
  const { name, dialect, labels } = database;
  const standing = createStandingLabels(set, { dialect, database: { name, labels } }, columns);
  const proposals = proposeLabels(tables, standing);
  if (options.json !== true) report(proposals, tables, terminal);
  if (options.write !== undefined && existsSync(options.write))
    terminal.note(`\`${options.write}\` stands already; labels are added to it and nothing is taken out`);
  const taken = await accept(
    proposals.filter(({ stands }) => !stands),
    options,
    terminal,
  );
  const written = write(taken, loaded, options, terminal);
  if (options.json === true) terminal.json(describe(tables, proposals, taken, written, options));
  if (tables.some(({ problem }) => problem !== undefined)) throw new CommandFailed();
}

function findDatabase({ config }: LoadedConfig, name: string): DatabaseConfig {
  const found = config.databases.find((database) => database.name === name);
  if (found !== undefined) return found;
  const names = config.databases.map((database) => database.name);
  throw new GatewayError('config', 'no-such-database', `no database \`${name}\`${suggest(name, names)}`);
}

function readPolicies({ config, folder }: LoadedConfig): PolicySet {
  const policies = createPolicyFolder(resolve(folder, config.policies));
  policies.close();
  return policies.current().set;
}

interface Read {
  readonly tables: readonly SampledTable[];
  /** Labels from comments. */
  readonly columns: readonly LabelledColumn[];
}

async function readDatabase(
  { folder }: LoadedConfig,
  database: DatabaseConfig,
  options: ClassifyOptions,
  terminal: Terminal,
): Promise<Read> {
  const dialect = Object.hasOwn(DIALECTS, database.dialect) ? DIALECTS[database.dialect] : undefined;
  if (dialect === undefined)
    throw new GatewayError(
      'config',
      'unknown-dialect',
      `database \`${database.name}\`: no dialect \`${database.dialect}\`${suggest(database.dialect, Object.keys(DIALECTS))}`,
    );
  const own = ownConnectionOptions(database, folder);
  const connection = dialect.openConnection(own);
  try {
    const columns = await readColumnLabels(await dialect.createAdapter(), connection.ask);
    const tables = await dialect.sample(connection.ask, {
      database: own.database,
      rows: options.sample,
      timeoutMs: options.timeout * 1_000,
      progress: createProgress(terminal),
    });
    return { tables, columns };
  } finally {
    await connection.close();
  }
}

const PROGRESS_EVERY_MS = 2_000;

function createProgress(terminal: Terminal): (done: number, total: number) => void {
  let last = performance.now();
  return (done, total) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return;
    last = performance.now();
    terminal.note(`${done} of ${total} tables sampled`);
  };
}

function report(proposals: readonly Proposal[], tables: readonly SampledTable[], terminal: Terminal): void {
  const columns = tables.reduce((sum, table) => sum + table.columns.length, 0);
  if (proposals.length > 0) terminal.line(formatProposals(proposals));
  const fresh = proposals.filter(({ stands }) => !stands).length;
  terminal.note(
    `${tables.length} tables, ${columns} columns: ${fresh} labels proposed, ${proposals.length - fresh} stand already`,
  );
  for (const { namespace, name, problem } of tables)
    if (problem !== undefined) terminal.note(`\`${namespace}.${name}\` could not be read: ${problem}`);
}

async function accept(
  fresh: readonly Proposal[],
  options: ClassifyOptions,
  terminal: Terminal,
): Promise<readonly Proposal[]> {
  if (options.yes === true) return fresh.filter(({ confidence }) => confidence * 100 >= options.confidence);
  if (fresh.length === 0 || options.json === true) return [];
  const person = findPerson();
  if (person === null) {
    terminal.note(
      'only proposed: there is no terminal to ask at; accept with --yes, or run it at a terminal',
    );
    return [];
  }
  try {
    const taken = await askPerson(fresh, person.ask);
    if (taken !== null) return taken;
    terminal.note('\nnobody there any more: nothing is accepted');
    throw new CommandFailed();
  } finally {
    person.close();
  }
}

function write(
  taken: readonly Proposal[],
  loaded: LoadedConfig,
  { write: file, database, json }: ClassifyOptions,
  terminal: Terminal,
): Written | null {
  if (taken.length === 0) return null;
  if (file === undefined) {
    if (json !== true)
      terminal.note(`${taken.length} labels accepted and not written: name a file with --write`);
    return null;
  }
  const policies = resolve(loaded.folder, loaded.config.policies);
  const written = writeClassification(file, policies, { name: `classify-${database}`, database }, taken);
  terminal.note(`${taken.length} labels ${written.existed ? 'added' : 'written'} to \`${file}\``);
  if (!written.inForce)
    terminal.note(`not in force: \`${file}\` is no document of the policy folder \`${policies}\``);
  return written;
}

function describe(
  tables: readonly SampledTable[],
  proposals: readonly Proposal[],
  taken: readonly Proposal[],
  written: Written | null,
  { database, write: file }: ClassifyOptions,
) {
  return {
    database,
    tables: tables.map(({ namespace, name, columns, problem }) => ({
      name: `${namespace}.${name}`,
      columns: columns.length,
      ...(problem === undefined ? {} : { problem }),
    })),
    proposals: proposals.map(({ namespace, table, ...proposal }) => ({
      object: `${namespace}.${table}`,
      ...proposal,
      accepted: taken.some(
        (each) =>
          each.namespace === namespace &&
          each.table === table &&
          each.field === proposal.field &&
          each.label === proposal.label,
      ),
    })),
    written: written === null ? null : { file, ...written },
  };
}

function readCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 100_000) return value;
  throw new InvalidArgumentError('expected a whole number from 1 to 100000.');
}

function readPercent(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError('expected a number from 0 to 100.');
}
