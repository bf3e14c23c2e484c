import { readFileSync } from 'node:fs';
import {
  type JournalResult,
  journalDir,
  type PublicKey,
  parsePublicKey,
  publicKeyPath,
  verifyFiles,
  verifyJournal,
} from '@gatehouse/audit';
import { type Command, InvalidArgumentError } from 'commander';
import { dataFolder } from '../compose/open-identity.ts';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

interface VerifyOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly dir?: string;
  readonly key: readonly PublicKey[];
  readonly witness: readonly string[];
}

/** `gatehouse audit verify`: proves journals or exported files offline. */
export function addVerify(audit: Command, terminal: Terminal): void {
  audit
    .command('verify')
    .description('prove that journals or exported files are as they were written; names the first bad event')
    .argument('[files...]', 'files of `audit export --format jsonl`, or segments (default: the journals)')
    .option('--key <file>', 'public key that must have signed; may be repeated', addKeyFile, [])
    .option('--witness <file>', 'export of another node or of a sink; may be repeated', addPath, [])
    .option('--dir <folder>', 'folder with journal segments (default: of the configuration)')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ gatehouse audit verify
  $ gatehouse audit verify gw-1.jsonl --key gw-1.pub --witness gw-2.jsonl

Needs neither gateway nor store. Without --key the first key that a journal names counts, which whoever
made up the whole journal could have put there; without a witness a cut at the end can go unseen.
`,
    )
    .action((files: string[], options: VerifyOptions) => verify(files, options, terminal));
}

/** `gatehouse audit key`: the public key by which this node's journal can be verified. */
export function addKey(audit: Command, terminal: Terminal): void {
  audit
    .command('key')
    .description('print the public key that signs this node’s checkpoints; keep it on another machine')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse audit key > gw-1.pub\n')
    .action((options: { config?: string; json?: boolean }) => {
      const loaded = openConfig(options.config, terminal);
      const { node } = loaded.config;
      const path = publicKeyPath(dataFolder(loaded), node);
      const key = readPublicKey(path);
      if (key === null) {
        terminal.note(`gatehouse: no key in \`${path}\` yet; the first start of the gateway makes it`);
        throw new CommandFailed();
      }
      if (options.json === true) terminal.json({ node, id: key.id, publicKey: key.text });
      else terminal.line(readFileSync(path, 'utf8').trimEnd());
      terminal.note(`${node} signs with key ${key.id}`);
    });
}

async function verify(files: readonly string[], options: VerifyOptions, terminal: Terminal): Promise<void> {
  const trust = { keys: options.key, witnesses: options.witness };
  const dir =
    options.dir ?? (files.length > 0 ? '' : journalDir(dataFolder(openConfig(options.config, terminal))));
  const results = files.length > 0 ? await verifyFiles(files, trust) : await verifyJournal(dir, trust);
  if (options.json === true) terminal.json(results);
  else for (const result of results) for (const line of verdictOf(result)) terminal.line(line);
  if (results.length === 0) terminal.note(`gatehouse: no journal in \`${dir}\``);
  // Nothing to prove is no proof, and neither is a chain without the signature that was asked for.
  const unsigned = options.key.length > 0 && results.some(({ signed }) => signed === null);
  if (unsigned) terminal.note('gatehouse: no checkpoint is signed by a key that was given');
  if (results.length === 0 || unsigned || results.some(({ problem }) => problem !== null)) {
    throw new CommandFailed();
  }
}

function verdictOf({ node, events, last, problem, place, signed }: JournalResult): string[] {
  if (problem !== null) {
    const where = `${problem.kind} at event ${problem.seq} (${place ?? 'no place'})`;
    return [`${node}: NOT as written: ${where}: ${problem.detail}`];
  }
  const end = `the last one is ${last?.seq ?? 0}, ${last?.hash ?? 'none'}`;
  return [
    `${node}: ${events} events are as they were written; ${end}`,
    `${' '.repeat(node.length)}  ${signatures()}`,
  ];

  function signatures(): string {
    if (signed === null) return 'no checkpoint is signed; who can write the files could have made them up';
    const { through, checkpoints, key, pinned } = signed;
    const word = pinned ? 'the given key' : 'the journal’s own word, compare it with `gatehouse audit key`:';
    const count = checkpoints === 1 ? '1 checkpoint is' : `${checkpoints} checkpoints are`;
    return `${count} signed up to event ${through} by ${word} ${key}`;
  }
}

function addKeyFile(path: string, before: readonly PublicKey[]): readonly PublicKey[] {
  const key = readPublicKey(path);
  if (key === null) throw new InvalidArgumentError('expected a file with a public Ed25519 key');
  return [...before, key];
}

function addPath(path: string, before: readonly string[]): readonly string[] {
  return [...before, path];
}

function readPublicKey(path: string): PublicKey | null {
  try {
    return parsePublicKey(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
