import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAuthority } from '@gatehouse/fleet';
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

/** Scripts as a deployment runs them, each with the exit code that a pipeline would act on. */
const SHELL_FILES: readonly (readonly [why: string, code: number, text: string])[] = [
  ['all of it ran', 0, 'db.files.insertOne({ _id: 1 }); print(db.files.countDocuments())'],
  ['a write was refused', 1, 'db.files.insertMany([{ _id: 1 }, { _id: 1 }]); print("not reached")'],
  ['the script said so', 7, 'print("before"); quit(7)'],
];

const SHELL_ENV = { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1', TERM: 'dumb' };

/** Ends with the name of the failure, and with 1, when the server cannot be reached in time. */
const PYMONGO_PING = `
import sys
from pymongo import MongoClient
from pymongo.errors import PyMongoError
try:
    MongoClient(sys.argv[1], serverSelectionTimeoutMS=int(sys.argv[2])).admin.command("ping")
except PyMongoError as error:
    sys.exit(type(error).__name__ + ": " + str(error))
`;

describe('MongoDB programs through the gateway, with everything allowed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-programs-'));
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(async () => {
    await sides?.stage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The gateway under TLS, its certificate verified by that of an authority: its own, unless told. */
  function underTls(caFile = sides.stage.caFile): Side {
    const url = new URL(sides.through.uri);
    url.searchParams.set('tls', 'true');
    url.searchParams.set('tlsCAFile', caFile);
    return { uri: url.href };
  }

  /** The certificate of an authority that has not signed the gateway's. */
  function otherAuthority(): string {
    const file = join(folder, 'other-ca.pem');
    writeFileSync(file, createAuthority('Somebody else').certificate);
    return file;
  }

  /** In one database, whose name says nothing of the way. */
  function shellUrl({ uri }: Side): URL {
    const url = new URL(uri);
    url.pathname = '/compared_sh';
    url.searchParams.set('authSource', 'admin');
    return url;
  }

  it('shows mongosh the same as directly, also under TLS', async () => {
    const run = async (side: Side) => {
      const seen = await runProgram(MONGOSH, [shellUrl(side).href, '--quiet', '--norc'], {
        env: SHELL_ENV,
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

  it.each(SHELL_FILES)('ends mongosh --file as directly where %s, with %i', async (_why, code, text) => {
    const file = join(folder, 'script.js');
    writeFileSync(file, `db.dropDatabase();\n${text}\n`);
    const run = (side: Side) =>
      runProgram(MONGOSH, [shellUrl(side).href, '--quiet', '--norc', '--file', file], { env: SHELL_ENV });
    const direct = await run(sides.direct);
    expect(direct.code).toBe(code);
    expect(direct.stdout).not.toContain('not reached');
    expect(await run(sides.through)).toEqual(direct);
  });

  it('is not talked to by mongosh under the certificate of another authority', async () => {
    const run = (side: Side) => {
      const url = shellUrl(side);
      url.searchParams.set('serverSelectionTimeoutMS', '10000');
      const args = [url.href, '--quiet', '--norc', '--eval', 'print("talked")'];
      return runProgram(MONGOSH, args, { env: SHELL_ENV });
    };
    const refused = await run(underTls(otherAuthority()));
    expect(refused.code).toBe(1);
    expect(refused.stdout).not.toContain('talked');
    expect(refused.stderr).toMatch(/certificate/i);
    expect(await run(underTls())).toMatchObject({ code: 0, stdout: expect.stringContaining('talked') });
  });

  it.skipIf(!hasPymongo)(
    'is not talked to by PyMongo under the certificate of another authority (needs python3-pymongo)',
    async () => {
      const run = ({ uri }: Side, withinMs: number) =>
        runProgram(PYTHON, ['-c', PYMONGO_PING, uri, String(withinMs)], { env: { LC_ALL: 'C.UTF-8' } });
      // It tries again until its time is over.
      const refused = await run(underTls(otherAuthority()), 2_000);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/certificate verify failed/i) });
      expect(await run(underTls(), 20_000)).toMatchObject({ code: 0, stderr: '' });
    },
  );

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
