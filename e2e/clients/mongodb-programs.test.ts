import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './mongodb-sides.ts';
import { hasPythonModule, PYTHON, runProgram } from './run-program.ts';

const MONGOSH = fileURLToPath(new URL('../node_modules/.bin/mongosh', import.meta.url));
const hasPymongo = hasPythonModule('pymongo');

/** Typed by a person, one statement a line; each is printed as mongosh prints it. */
const SHELL_LINES = [
  'db.people.insertMany([{ _id: 1, name: "Ana", at: ISODate("2026-02-28"), n: NumberLong("9007199254740993") }, { _id: 2, name: "Bo" }])',
  'db.people.find({ _id: { $lte: 2 } }).sort({ _id: -1 })',
  'db.people.findOne({ name: "Ana" })',
  'db.people.updateOne({ _id: 2 }, { $set: { tags: ["x", "y"] } })',
  'db.people.countDocuments()',
  'db.people.distinct("name")',
  'db.people.aggregate([{ $group: { _id: null, n: { $sum: 1 } } }])',
  'db.people.createIndex({ name: 1 }, { unique: true })',
  'db.people.insertOne({ _id: 3, name: "Ana" })',
  'db.people.getIndexes()',
  'db.many.insertMany(Array.from({ length: 70 }, (_, _id) => ({ _id })))',
  'db.many.find().sort({ _id: 1 })',
  'it',
  'db.people.find({ $nope: 1 })',
  'db.runCommand({ noSuchCommand: 1 })',
  'show collections',
  'db.getCollectionNames()',
  'db.people.deleteMany({ name: /^B/ })',
  'db.people.findOneAndUpdate({ _id: 1 }, { $inc: { hits: 1 } }, { returnDocument: "after" })',
  'session = db.getMongo().startSession(); session.startTransaction(); session.getDatabase("compared_sh").people.insertOne({ _id: 50, name: "T" }); session.abortTransaction(); db.people.countDocuments({ _id: 50 })',
  'db.createView("names", "people", [{ $project: { name: 1 } }])',
  'db.names.find()',
  'show dbs',
  'db.stats().collections',
  'db.people.stats().count',
  'db.people.find({ name: "Ana" }).explain().queryPlanner',
  'db.people.find().explain("executionStats").executionStats.nReturned',
  'db.people.find({ _id: 1 }, { name: 1 }).pretty()',
  'db.people.insertMany([{ _id: 90 }, { _id: 1 }, { _id: 91 }], { ordered: false })',
  'db.adminCommand({ listDatabases: 1, nameOnly: true }).databases.length > 0',
  'throw new Error("my own")',
  'db.people.noSuchMethod()',
  'db.version()',
  'db.dropDatabase()',
];

describe('MongoDB programs through the gateway, with everything allowed', () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(() => sides?.stage.close());

  /** The gateway under TLS, its certificate verified. */
  function underTls(): Side {
    const url = new URL(sides.through.uri);
    url.searchParams.set('tls', 'true');
    url.searchParams.set('tlsCAFile', sides.stage.caFile);
    return { uri: url.href };
  }

  it('shows mongosh the same as directly, also under TLS', async () => {
    const run = async ({ uri }: Side) => {
      const url = new URL(uri);
      url.pathname = '/compared_sh';
      url.searchParams.set('authSource', 'admin');
      const seen = await runProgram(MONGOSH, [url.href, '--quiet', '--norc'], {
        env: { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1', TERM: 'dumb' },
        input: `${SHELL_LINES.join('\n')}\n`,
      });
      // The prompt tells the topology, which is the gateway's own.
      return { ...seen, stdout: seen.stdout.replaceAll(/^.*compared_sh> /gm, '> ') };
    };
    const direct = await run(sides.direct);
    expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('E11000 duplicate key') });
    expect(direct.stdout).toContain('noSuchCommand');
    for (const side of [sides.through, underTls()]) {
      const through = await run(side);
      expect(through.stdout.split('\n')).toEqual(direct.stdout.split('\n'));
      expect(through.code).toBe(0);
    }
  });

  it.skipIf(!hasPymongo)(
    'shows PyMongo the same as directly, also under TLS (needs python3-pymongo)',
    async () => {
      const script = fileURLToPath(new URL('mongodb-pymongo.py', import.meta.url));
      const run = ({ uri }: Side) => runProgram(PYTHON, [script, uri], { env: { LC_ALL: 'C.UTF-8' } });
      const direct = await run(sides.direct);
      expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('after all of it => ') });
      for (const side of [sides.through, underTls()]) {
        const through = await run(side);
        expect(through.stdout.split('\n')).toEqual(direct.stdout.split('\n'));
        expect(through.code).toBe(0);
      }
    },
  );
});
