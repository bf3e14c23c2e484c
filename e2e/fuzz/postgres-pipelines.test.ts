import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from '../clients/postgres-sides.ts';
import { int16, int32, logIn, type Message, message, openRaw } from '../clients/postgres-wire.ts';

/** Set by `npm run nightly`: so long it goes on with new pipelines. In the tests the same few run each time. */
const FUZZ_SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 0);

/** Texts that change names, transactions and settings, fail early and late, or hand out rows. */
const TEXTS = [
  'select 1',
  'select 1/0',
  'select $1::int + 1',
  'selec',
  '',
  'begin',
  'commit',
  'rollback',
  'savepoint a',
  'rollback to a',
  'select generate_series(1, 5)',
  'select 10 / (3 - n) from generate_series(1, 5) n',
  'insert into pipelined values (1)',
  'insert into pipelined values (1) returning a',
  'prepare s as select 7',
  'prepare t as selec',
  'execute s',
  'deallocate s',
  'deallocate all',
  'declare p cursor for select generate_series(1, 9)',
  'declare h cursor with hold for select generate_series(1, 9)',
  'fetch 2 from p',
  'fetch 2 from h',
  'close p',
  'discard all',
  "set search_path = 'pg_catalog'",
  'reset all',
  'copy (select 1) to stdout',
  'create temp table made (a int)',
  'select * from made',
  'drop table made',
  'listen news',
  'select 1; select 1/0; select 3',
  'prepare s as select 8; execute s',
  'begin; declare p cursor for select 5; fetch 1 from p',
];

type Sent = readonly [kind: string, bytes: Buffer];

const text = fc.constantFrom(...TEXTS);
const statement = fc.constantFrom('', 's', 't');
const portal = fc.constantFrom('', 'p', 'h');
const rows = fc.constantFrom(0, 0, 1, 2);

const step: fc.Arbitrary<Sent> = fc.oneof(
  { weight: 2, arbitrary: text.map((sql): Sent => [`Query ${sql}`, message('Q', sql)]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(statement, text)
      .map(([name, sql]): Sent => [`Parse ${name}: ${sql}`, message('P', name, sql, int16(0))]),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(portal, statement)
      .map(
        ([to, from]): Sent => [
          `Bind ${to} from ${from}`,
          message('B', to, from, int16(0), int16(0), int16(0)),
        ],
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(portal, rows)
      .map(([name, limit]): Sent => [`Execute ${name} ${limit}`, message('E', name, int32(limit))]),
  },
  { weight: 1, arbitrary: statement.map((name): Sent => [`Describe S ${name}`, message('D', `S${name}`)]) },
  { weight: 1, arbitrary: portal.map((name): Sent => [`Describe P ${name}`, message('D', `P${name}`)]) },
  { weight: 1, arbitrary: statement.map((name): Sent => [`Close S ${name}`, message('C', `S${name}`)]) },
  { weight: 1, arbitrary: portal.map((name): Sent => [`Close P ${name}`, message('C', `P${name}`)]) },
  { weight: 1, arbitrary: fc.constant<Sent>(['Flush', message('H')]) },
  { weight: 3, arbitrary: fc.constant<Sent>(['Sync', message('S')]) },
  // Most of what is prepared should also run.
  {
    weight: 4,
    arbitrary: fc
      .tuple(text, rows)
      .map(
        ([sql, limit]): Sent => [
          `Run ${sql} ${limit}`,
          Buffer.concat([
            message('P', '', sql, int16(0)),
            message('B', '', '', int16(0), int16(0), int16(0)),
            message('D', 'P'),
            message('E', '', int32(limit)),
          ]),
        ],
      ),
  },
);

/** A simple Query drops the unnamed statement, also one with a syntax error. */
const DROPS_UNNAMED: Sent[] = [
  ['Parse', message('P', '', 'select 1', int16(0))],
  ['Query', message('Q', 'selec')],
  ['Bind', message('B', '', '', int16(0), int16(0), int16(0))],
  ['Sync', message('S')],
];

describe('pipelines of any messages through the gateway, with everything allowed', () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
    const { host, port, user, password } = sides.stage.fleet.postgres!;
    const owner = new pg.Client({ host, port, user, password, database: 'shop' });
    await owner.connect();
    await owner.query('create table pipelined (a int); grant all on pipelined to public');
    await owner.end();
  });

  afterAll(() => sides?.stage.close());

  async function answersOf(side: Side, script: readonly Sent[]): Promise<readonly string[]> {
    const client = openRaw(side.port);
    await logIn(client, side);
    const end = [message('S'), message('Q', 'rollback'), message('Q', "select 'the end'")];
    client.send(...script.map(([, bytes]) => bytes), ...end);
    await client.until((bytes) => hasEnded(bytes));
    const answers = client.take().map(comparable);
    client.end();
    return answers;
  }

  it(
    'gives the very answers of the server, in their order',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (script) => {
          const direct = await answersOf(sides.direct, script);
          const through = await answersOf(sides.through, script);
          expect({ script: script.map(([name]) => name), answers: through }).toEqual({
            script: script.map(([name]) => name),
            answers: direct,
          });
        }),
        FUZZ_SECONDS === 0
          ? {
              numRuns: 60,
              examples: [[DROPS_UNNAMED]],
              ...(process.env.FUZZ_SEED === undefined && { seed: 3 }),
            }
          : {
              numRuns: 1_000_000,
              interruptAfterTimeLimit: FUZZ_SECONDS * 1000,
              markInterruptAsFailure: false,
            },
      );
    },
    FUZZ_SECONDS * 1000 + 120_000,
  );
});

/** The row of the last query has come, and the ReadyForQuery behind it. */
function hasEnded(bytes: Buffer): boolean {
  const row = bytes.lastIndexOf('the end');
  return row >= 0 && bytes.indexOf(Buffer.from([0x5a, 0, 0, 0, 5]), row) > 0;
}

/** Type and content; what the server says about its own source lines, and OIDs of temporary tables, are left out. */
function comparable({ type, body }: Message): string {
  if (type === 'T') return `T ${body.readInt16BE(0)} ${body.toString('latin1', 2, body.indexOf(0, 2))}`;
  if (type !== 'E' && type !== 'N') return `${type} ${body.toString('latin1')}`;
  const fields = body.toString('utf8').split('\0');
  // For a name that does not exist the gateway has the server's code and words of its own.
  const isNameError = fields.some((field) => field === 'C26000' || field === 'C34000');
  const kept = fields.filter((field) => (isNameError ? /^[SC]/ : /^[SCMDHP]/).test(field));
  return `${type} ${kept.join(' ')}`;
}
