#!/usr/bin/env node
/**
 * Runs every fuzz target for two minutes, one after the other: what runs for about a second in the tests.
 *
 *   npm run nightly [-- --seconds 120] [--only TEXT] [--list]
 *
 * A target is a property test. Each round draws new values; a round that finds something prints the values, the seed and
 * the line that repeats it, and the target ends. Exit code 1 when anything was found.
 */
import { parseArgs } from 'node:util';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** Name, file, and the tests in it that draw values; a file that draws for as long as it is told says so. */
const TARGETS = [
  ['postgres messages', 'adapters/postgres/src/codec/message-codec.test.ts'],
  ['postgres decoders', 'adapters/postgres/src/messages/decoders.test.ts'],
  ['postgres login of clients', 'adapters/postgres/src/handshake/client-login.test.ts'],
  ['postgres login upstream', 'adapters/postgres/src/handshake/upstream-login.test.ts'],
  ['postgres values', 'adapters/postgres/src/respond/value-codec.test.ts'],
  ['postgres copy', 'adapters/postgres/src/respond/copy-masker.test.ts'],
  ['postgres session', 'adapters/postgres/src/session-fuzz.test.ts'],
  ['postgres analyzer', 'packages/sql/src/postgres/create-postgres-analyzer.test.ts', 'any text'],
  ['postgres search path', 'packages/sql/src/postgres/search-path.test.ts'],
  ['mysql packets', 'adapters/mysql/src/codec/packet-codec.test.ts'],
  ['mysql decoders', 'adapters/mysql/src/messages/decoders.test.ts'],
  ['mysql login of clients', 'adapters/mysql/src/handshake/client-login.test.ts'],
  ['mysql session', 'adapters/mysql/src/relay-fuzz.test.ts'],
  ['mysql analyzer', 'packages/sql/src/mysql/any-text.test.ts'],
  ['mongodb documents', 'adapters/mongodb/src/bson/walk.test.ts'],
  ['mongodb messages', 'adapters/mongodb/src/codec/message-codec.test.ts'],
  ['mongodb masks', 'adapters/mongodb/src/respond/mask-document.test.ts'],
  ['mongodb session', 'adapters/mongodb/src/session-fuzz.test.ts'],
  ['statement shapes', 'packages/sql/src/cache/statement-shape.test.ts'],
  ['policy documents', 'packages/core/src/load-policies.test.ts'],
  ['policy decisions', 'packages/core/src/soundness.test.ts'],
  ['maskers', 'packages/masking/src'],
  ['postgres pipelines against the server', 'e2e/fuzz/postgres-pipelines.test.ts', '', { draws: true }],
  ['postgres origins against the server', 'e2e/differential/origins.test.ts', '', { draws: true }],
  ['postgres taint against the server', 'e2e/differential/taint.test.ts', '', { draws: true }],
  ['postgres names of tables', 'e2e/differential/named-tables.test.ts', '', { draws: true }],
];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) fail(`--seconds must be a number above 0, got \`${values.seconds}\``);
const targets = TARGETS.filter(([name]) => name.includes(values.only));
if (targets.length === 0) fail(`no target is named \`${values.only}\`; --list names them`);
if (values.list) {
  for (const [name, file] of targets) console.log(`${name.padEnd(40)} ${file}`);
  process.exit(0);
}

const results = [];
for (const [index, target] of targets.entries()) {
  const [name] = target;
  process.stdout.write(`[${index + 1}/${targets.length}] ${name} …`);
  const result = await fuzz(target);
  results.push({ name, ...result });
  process.stdout.write(`\r[${index + 1}/${targets.length}] ${line({ name, ...result })}\n`);
  if (result.output !== '') console.log(`${result.output}\nTo repeat it: ${result.command}\n`);
}
const found = results.filter(({ clean }) => !clean);
console.log(
  `\n${results.length} ${results.length === 1 ? 'target' : 'targets'}, ${found.length === 0 ? 'nothing found' : `found something in: ${found.map(({ name }) => name).join(', ')}`}`,
);
process.exit(found.length === 0 ? 0 : 1);

/** Rounds with new values until the time is over, at least one. */
async function fuzz([, file, pattern = '', { draws = false } = {}]) {
  const project = file.startsWith('e2e/') ? 'e2e' : 'unit';
  const args = ['vitest', 'run', '--project', project, file, ...(pattern === '' ? [] : ['-t', pattern])];
  const begun = Date.now();
  const env = draws ? { FUZZ_SECONDS: String(seconds), NO_COLOR: '1' } : { NO_COLOR: '1' };
  let rounds = 0;
  do {
    rounds += 1;
    const { code, output } = await run('npx', args, { cwd: ROOT, env, quiet: true });
    if (code !== 0) {
      return { clean: false, rounds, spent: since(begun), output, command: repeating(output, project, file) };
    }
  } while (!draws && Date.now() - begun < seconds * 1000);
  return { clean: true, rounds, spent: since(begun), output: '', command: '' };
}

/** The line that repeats the first finding: its values again, and only the test that found it. */
function repeating(output, project, file) {
  const { seed, path } = /\{ seed: (?<seed>-?\d+), path: "(?<path>[\d:]*)"/.exec(output)?.groups ?? {};
  const name = /FAIL .*\.test\.ts > (.*)/.exec(output)?.[1]?.split(' > ').at(-1);
  const values = seed === undefined ? '' : `FUZZ_SEED=${seed} FUZZ_PATH=${path} `;
  // A pattern: what is not a letter, a digit or a space stands for any character.
  const only = name === undefined ? '' : ` -t '${name.replace(/[^\w ]/g, '.')}'`;
  return `${values}npx vitest run --project ${project} ${file}${only}`;
}

function line({ name, clean, rounds, spent }) {
  const what = `${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${spent} s`;
  return `${clean ? 'clean' : 'FOUND'}  ${name.padEnd(40)} ${what}`;
}

function since(begun) {
  return Math.round((Date.now() - begun) / 1000);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
