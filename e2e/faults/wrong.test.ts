import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { openStore, storedLines } from '@gatehouse/audit';
import type { Demo } from '@gatehouse/cli';
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';
import { openSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.ts';
import { type Client, connect, DIALECTS, type Dialect, failureOf } from './wrong-clients.ts';

const MB = 1024 * 1024;

/** Bytes that no client of the dialect says. */
const GARBAGE: Readonly<Record<Dialect, Readonly<Record<string, Buffer>>>> = {
  postgres: {
    'another protocol': Buffer.from('GET / HTTP/1.1\r\nHost: db\r\n\r\n'),
    'a length that is too small': Buffer.from('00000003', 'hex'),
    'a length that is negative': Buffer.from('ffffffff00030000', 'hex'),
    'a length of two gigabytes': Buffer.from('7fffffff00030000', 'hex'),
    'plain bytes behind SSLRequest': Buffer.from('0000000804d2162f0000000800000000', 'hex'),
  },
  mysql: {
    'another protocol': Buffer.from('GET / HTTP/1.1\r\nHost: db\r\n\r\n'),
    'a length of sixteen megabytes': Buffer.from('ffffff0185a6ff01', 'hex'),
    'a sequence id from nowhere': Buffer.from('0400000985a6ff01', 'hex'),
    'an empty packet': Buffer.from('00000001', 'hex'),
    'half of a login': Buffer.from('2000000185a6ff0100000001', 'hex'),
  },
  mongodb: {
    'another protocol': Buffer.from('GET / HTTP/1.1\r\nHost: db\r\n\r\n'),
    'a length that is too small': Buffer.from('0f000000010000000000000000000000', 'hex'),
    'a length that is negative': Buffer.from('ffffffff0100000000000000dd070000', 'hex'),
    'a length of two gigabytes': Buffer.from('ffffff7f0100000000000000dd070000', 'hex'),
    'a document nested ten thousand deep': nested(7_000),
    'an opcode of long ago': Buffer.from('150000000100000000000000d207000000000000', 'hex'),
  },
};

/** Documents in documents, in one OP_MSG. */
function nested(depth: number): Buffer {
  let body: Buffer = Buffer.from('0500000000', 'hex');
  for (let level = 0; level < depth; level++) {
    const outer = Buffer.alloc(body.length + 8);
    outer.writeInt32LE(outer.length, 0);
    outer[4] = 3;
    outer[5] = 0x61;
    body.copy(outer, 7);
    body = outer;
  }
  const head = Buffer.alloc(21);
  head.writeInt32LE(21 + body.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(2013, 12);
  return Buffer.concat([head, body]);
}

describe('when a client, a server or a disk does what it should not', () => {
  let stage: Demo;
  let bystanders: Readonly<Record<Dialect, Client>>;

  beforeAll(async () => {
    const need = ['postgres', 'mysql', 'mongodb'] as const;
    stage = await openStage({ need, policies: allowAllPolicies() });
    const [postgres, mysql, mongodb] = await Promise.all(DIALECTS.map((dialect) => connect(stage, dialect)));
    bystanders = { postgres: postgres!, mysql: mysql!, mongodb: mongodb! };
  });

  afterAll(async () => {
    await Promise.allSettled(Object.values(bystanders ?? {}).map((client) => client.close()));
    await stage?.close();
  });

  describe.each(DIALECTS)('%s', (dialect) => {
    async function expectUndisturbed(): Promise<void> {
      for (const each of DIALECTS) expect([each, await bystanders[each].ask()]).toEqual([each, 1]);
    }

    /** A session that is asked something wrong, and something right behind it. */
    async function during(work: (client: Client) => Promise<void>): Promise<void> {
      const client = await connect(stage, dialect);
      await work(client);
      await client.close();
      await expectUndisturbed();
    }

    it.each(Object.entries(GARBAGE[dialect]))('ends a connection that says %s', async (_what, bytes) => {
      const before = process.memoryUsage().rss;
      const socket = connectTcp(stage.port(dialect), '127.0.0.1');
      socket.on('error', () => undefined);
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      socket.write(bytes);
      socket.end();
      await new Promise((resolve) => socket.on('close', resolve));
      expect(received).toBeLessThan(1_000);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * MB);
      await expectUndisturbed();
    });

    it('answers eight megabytes of statement, one way or the other, and goes on', async () => {
      await during(async (client) => {
        const failure = await failureOf(client.askLarge(8 * MB));
        // Documents may be that large; a text that large is refused in the dialect's words.
        if (dialect !== 'mongodb')
          expect(failure).toMatchObject({ code: { postgres: '54000', mysql: 1153 }[dialect] });
        expect(await client.ask()).toBe(1);
      });
    });

    it('refuses what is nested too deeply, and goes on', async () => {
      await during(async (client) => {
        expect(await failureOf(client.askDeep(dialect === 'mongodb' ? 1_000 : 100_000))).not.toBeNull();
        expect(await client.ask()).toBe(1);
      });
    });

    it('refuses a NUL in a statement, and serves others', async () => {
      await during(async (client) => {
        const failure = await failureOf(client.askNul());
        // A text of BSON may hold one: there it ends nothing.
        if (dialect !== 'mongodb') expect(failure).not.toBeNull();
      });
    });

    it('holds back a server whose rows nobody reads, and answers others meanwhile', async () => {
      const client = await connect(stage, dialect);
      const before = process.memoryUsage().rss;
      const reading = failureOf(client.readForLong());
      await new Promise((resolve) => setTimeout(resolve, 500));
      await expectUndisturbed();
      // The driver keeps what it reads in this very process; the gateway may add little to that.
      expect(process.memoryUsage().rss - before).toBeLessThan(1_500 * MB);
      await client.close();
      // A driver that is closed need not say what became of its statement.
      void reading;
      await expectUndisturbed();
    });

    it('tells a client nothing of a wrong password of its own, and records the try', async () => {
      const restore = await changePassword(stage, dialect);
      const failure = await failureOf(connect(stage, dialect));
      await restore();
      expect(failure).not.toBeNull();
      const { app } = serverOf(stage, dialect);
      expect(failure!.message).not.toContain(app.password);
      expect(failure!.message).not.toContain(app.user);
      await during(async (client) => expect(await client.ask()).toBe(1));
    });

    it('ends a session whose server dies while it reads, records it, and takes others when it is back', async () => {
      const client = await connect(stage, dialect);
      const reading = failureOf(client.readForLong());
      await new Promise((resolve) => setTimeout(resolve, 300));
      await serverOf(stage, dialect).kill9();
      expect(await reading).not.toBeNull();
      await client.close();
      await serverOf(stage, dialect).restart();
      await bystanders[dialect].close();
      const again = await connect(stage, dialect);
      bystanders = { ...bystanders, [dialect]: again };
      await expectUndisturbed();
    });
  });

  it('has recorded every statement that came to be decided', async () => {
    await stage.running.close();
    const store = await openStore(
      { kind: 'embedded', dir: join(stage.folder, 'data', 'store') },
      () => undefined,
    );
    try {
      const results = new Set<string>();
      for await (const line of storedLines(store, 'demo')) {
        const { body } = JSON.parse(line) as { body: { kind: string; result?: string } };
        results.add(body.kind === 'outcome' ? `outcome ${body.result}` : body.kind);
      }
      expect([...results]).toEqual(expect.arrayContaining(['intent', 'outcome ok', 'outcome lost']));
    } finally {
      await store.close();
    }
  });
});

interface Killable {
  readonly app: { readonly user: string; readonly password: string };
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

function serverOf({ fleet }: Demo, dialect: Dialect): Killable {
  return { postgres: fleet.postgres!, mysql: fleet.mysql!, mongodb: fleet.mongodb! }[dialect];
}

/** Gives the gateway's account another password; the returned function gives the old one back. */
async function changePassword({ fleet }: Demo, dialect: Dialect): Promise<() => Promise<void>> {
  const set = async (password: string): Promise<void> => {
    if (dialect === 'postgres') {
      const { host, port, user, password: own, app } = fleet.postgres!;
      const owner = new pg.Client({ host, port, user, password: own, database: 'shop' });
      await owner.connect();
      await owner.query(`alter role ${app.user} password '${password}'`);
      await owner.end();
    } else if (dialect === 'mysql') {
      const { host, port, user, password: own, app } = fleet.mysql!;
      const owner = await createConnection({ host, port, user, password: own });
      await owner.query(`set password for '${app.user}'@'%' = password('${password}')`);
      await owner.end();
    } else {
      const { url, app } = fleet.mongodb!;
      const owner = await MongoClient.connect(url);
      await owner.db('admin').command({ updateUser: app.user, pwd: password });
      await owner.close();
    }
  };
  const { app } = serverOf({ fleet } as Demo, dialect);
  await set('another-password-1');
  return () => set(app.password);
}

const mountProblem = whyNoSmallDisk();

describe.skipIf(mountProblem !== null)(
  `a full disk under the journal${mountProblem === null ? '' : ` (skipped: ${mountProblem})`}`,
  () => {
    let disk: SmallDisk;
    let stage: Demo;

    beforeAll(async () => {
      disk = openSmallDisk();
      stage = await openStage({
        need: ['postgres', 'mysql', 'mongodb'],
        policies: allowAllPolicies(),
        upstreamAs: 'owner',
        config: { dataDir: disk.dir },
      });
      await onServers(stage, 'create');
    });

    afterAll(async () => {
      await stage?.close();
      disk?.close();
    });

    it.each(DIALECTS)(
      'refuses statements of %s while it is full, runs nothing, and goes on behind it',
      async (dialect) => {
        const client = await connect(stage, dialect);
        await client.write();
        const empty = disk.fill();
        const failures: string[] = [];
        // What fits into what is left of a block goes through; then nothing does.
        for (let tries = 0; tries < 400 && failures.length === 0; tries++) {
          const failure = await failureOf(client.write());
          if (failure !== null) failures.push(`${failure.code} ${failure.message}`);
        }
        const during = await onServers(stage, dialect);
        expect(failures[0]).toMatch({ postgres: /^58030 /, mysql: /^1290 /, mongodb: /^96 / }[dialect]);
        empty();
        expect(await onServers(stage, dialect)).toBe(during);
        expect(await untilWritten(stage, dialect)).toBe(true);
        await client.close();
      },
    );
  },
);

/** A new session can write again once the journal can. */
async function untilWritten(stage: Demo, dialect: Dialect): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const client = await connect(stage, dialect).catch(() => null);
    const failure = client === null ? true : await failureOf(client.write());
    await client?.close();
    if (failure === null) return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/** Makes the tables, or counts the rows of one dialect, at the servers themselves. */
async function onServers({ fleet }: Demo, what: Dialect | 'create'): Promise<number> {
  let count = 0;
  if (what === 'create' || what === 'postgres') {
    const { host, port, user, password } = fleet.postgres!;
    const owner = new pg.Client({ host, port, user, password, database: 'shop' });
    await owner.connect();
    if (what === 'create') await owner.query('create table wrong (n int)');
    else count = Number((await owner.query('select count(*) as n from wrong')).rows[0].n);
    await owner.end();
  }
  if (what === 'create' || what === 'mysql') {
    const { host, port, user, password } = fleet.mysql!;
    const owner = await createConnection({ host, port, user, password, database: 'billing' });
    if (what === 'create') await owner.query('create table wrong (n int)');
    else count = ((await owner.query('select count(*) as n from wrong'))[0] as { n: number }[])[0]!.n;
    await owner.end();
  }
  if (what === 'create' || what === 'mongodb') {
    const owner = await MongoClient.connect(fleet.mongodb!.url);
    const wrong = owner.db('support').collection('wrong');
    if (what === 'create') await owner.db('support').createCollection('wrong');
    else count = await wrong.countDocuments();
    await owner.close();
  }
  return count;
}
