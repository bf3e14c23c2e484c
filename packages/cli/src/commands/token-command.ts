import { createToken, type TokenRecord, tokenStateAt } from '@gatehouse/identity';
import { GatewayError } from '@gatehouse/model';
import { type Command, InvalidArgumentError } from 'commander';
import { openTokens, readPrincipals } from '../compose/open-identity.ts';
import { suggest } from '../config/suggest.ts';
import { CommandFailed } from '../failure.ts';
import { formatTable, type Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

interface Common {
  readonly config?: string;
  readonly json?: boolean;
}

interface CreateOptions extends Common {
  readonly ttl?: number;
  readonly label?: string;
  readonly task?: string;
  readonly purpose?: string;
}

/** `gatehouse token create | list | revoke`. A secret is shown once, when it is made. */
export function addTokenCommand(program: Command, terminal: Terminal): void {
  const token = program
    .command('token')
    .description('short-lived tokens that people, services and agents log in with');
  token
    .command('create')
    .description('create a token for a principal; its secret is shown once')
    .argument('<principal>', 'name of a principal in the principals file')
    .option('--ttl <duration>', 'how long it is good, such as 30m, 8h or 7d', parseDuration)
    .option('--label <text>', 'a note for the list')
    .option('--task <text>', 'the task that sessions with this token work on')
    .option('--purpose <text>', 'the purpose that sessions with this token state')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse token create ana --ttl 8h --purpose "ticket 4711"\n')
    .action((principal: string, options: CreateOptions) => create(principal, options, terminal));
  token
    .command('list')
    .description('list tokens, without their secrets')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse token list\n')
    .action((options: Common) => list(options, terminal));
  token
    .command('revoke')
    .description('end a token now; running sessions end within seconds')
    .argument('<id>', 'id from `token list`')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ gatehouse token revoke tk_4f2a\n')
    .action((id: string, options: Common) => revoke(id, options, terminal));
}

async function create(name: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  const loaded = openConfig(options.config, terminal);
  const directory = readPrincipals(loaded);
  const entry = directory.find(name);
  if (entry === undefined) {
    const names = directory.entries().map(({ principal }) => principal.name);
    throw new GatewayError('config', 'unknown-principal', `no principal \`${name}\`${suggest(name, names)}`);
  }
  const { ttl, label, task, purpose } = options;
  const request = {
    principal: entry.principal,
    sha1: loaded.config.listeners.some((listener) => listener.options['nativePassword'] === true),
    ...(ttl === undefined ? {} : { ttlSeconds: ttl }),
    ...(label === undefined ? {} : { label }),
    ...(task === undefined ? {} : { task }),
    ...(purpose === undefined ? {} : { purpose }),
  };
  const created = await createToken(request, await openTokens(loaded), Date.now);
  const expiresAt = new Date(created.expiresAt).toISOString();
  if (options.json === true) {
    terminal.json({ id: created.id, principal: name, secret: created.secret, expiresAt });
    return;
  }
  terminal.note(`token ${created.id} for ${name}, good until ${expiresAt}; the secret is shown only now:`);
  terminal.line(created.secret);
}

async function list(options: Common, terminal: Terminal): Promise<void> {
  const records = await (await openTokens(openConfig(options.config, terminal))).list();
  if (options.json === true) terminal.json(records.map(shown));
  else if (records.length === 0) terminal.note('no tokens; make one with `gatehouse token create NAME`');
  else {
    const rows = records
      .map(shown)
      .map(({ id, principal, state, expiresAt, label }) => [id, principal, state, expiresAt, label ?? '']);
    terminal.line(formatTable([['ID', 'PRINCIPAL', 'STATE', 'EXPIRES', 'LABEL'], ...rows]));
  }
}

async function revoke(id: string, options: Common, terminal: Terminal): Promise<void> {
  const store = await openTokens(openConfig(options.config, terminal));
  const revoked = await store.revoke(id, Date.now());
  if (options.json === true) terminal.json({ id, revoked });
  else if (revoked) terminal.line(`token ${id} is revoked`);
  else terminal.note(`gatehouse: no token \`${id}\`; see \`gatehouse token list\``);
  if (!revoked) throw new CommandFailed();
}

/** What may be shown of a token: everything but its verifiers. */
function shown(record: TokenRecord) {
  const { id, principal, label, task, purpose } = record;
  return {
    id,
    principal,
    state: tokenStateAt(record, Date.now()),
    createdAt: new Date(record.createdAt).toISOString(),
    expiresAt: new Date(record.expiresAt).toISOString(),
    ...(label === undefined ? {} : { label }),
    ...(task === undefined ? {} : { task }),
    ...(purpose === undefined ? {} : { purpose }),
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

function parseDuration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('expected a number and a unit, such as 30m, 8h or 7d');
  return Number(match[1]) * UNIT_SECONDS[match[2]!]!;
}
