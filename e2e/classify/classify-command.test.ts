/** `gatehouse classify` against real servers with the demo's business in them. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram, type Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';

const POLICY = `kind: policy
name: masks
rules:
  - name: everything
    effect: permit
    match: { actions: ['*', call] }
  - name: masks
    effect: mask
    mask: { labels: { pii.*: 'null', secret: 'null' } }
`;

/** Personal data of the demo. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  shop: [
    'public.customers full_name pii.name',
    'public.customers email pii.email',
    'public.customers phone pii.phone',
    'public.customers birth_date pii.birth-date',
    'public.customers national_id pii.national-id',
    'public.customers notes pii.free-text',
    'public.addresses street pii.address',
    'public.payments card_number pii.card',
    'public.events detail pii.ip',
  ],
  billing: [
    'billing.accounts customer_email pii.email',
    'billing.accounts tax_id pii.tax-id',
    'billing.accounts iban pii.iban',
  ],
  support: [
    'support.agents name pii.name',
    'support.agents email pii.email',
    'support.events actor.email pii.email',
    'support.events actor.ip pii.ip',
    'support.tickets customer.name pii.name',
    'support.tickets customer.email pii.email',
    'support.tickets customer.phone pii.phone',
    'support.tickets messages.from pii.email',
    'support.tickets messages.body pii.free-text',
  ],
};

/** Proposed, and a matter of opinion: alone a postal code names nobody. */
const DEBATABLE: readonly string[] = ['public.addresses postal_code pii.address'];

interface Answer {
  readonly tables: readonly { readonly name: string; readonly columns: number; readonly problem?: string }[];
  readonly proposals: readonly {
    readonly object: string;
    readonly field: string;
    readonly label: string;
    readonly confidence: number;
    readonly examples: readonly string[];
    readonly stands: boolean;
    readonly accepted: boolean;
  }[];
  readonly written: { readonly file: string; readonly existed: boolean; readonly inForce: boolean } | null;
}

const TIMEOUT = 120_000;

describe('gatehouse classify', () => {
  let stage: Demo;
  let policies: string;
  let direct: pg.Client;

  beforeAll(async () => {
    policies = mkdtempSync(join(tmpdir(), 'gatehouse-policies-'));
    writeFileSync(join(policies, 'policy.yaml'), POLICY);
    stage = await openStage({ need: ['postgres', 'mysql', 'mongodb'], policies });
    const { host, port, user, password } = stage.fleet.postgres!;
    direct = new pg.Client({ host, port, user, password, database: 'shop' });
    await direct.connect();
  });

  afterAll(async () => {
    await direct?.end();
    await stage?.close();
  });

  /** Runs the command in this process, without a terminal; gives what it wrote. */
  async function run(...args: string[]): Promise<{ out: string; notes: string; exitCode: number }> {
    const out: string[] = [];
    const notes: string[] = [];
    const program = createProgram({
      line: (text = '') => void out.push(text),
      note: (text) => void notes.push(text),
      json: (value) => void out.push(JSON.stringify(value)),
      isTty: false,
    });
    const argv = ['node', 'gatehouse', 'classify', '--config', stage.loaded.file, ...args];
    const exitCode = await program.parseAsync(argv).then(
      () => 0,
      (error: { exitCode?: number }) => error.exitCode ?? Promise.reject(error),
    );
    return { out: out.join('\n'), notes: notes.join('\n'), exitCode };
  }

  async function classify(...args: string[]): Promise<Answer & { readonly exitCode: number }> {
    const { out, exitCode } = await run('--json', ...args);
    return { ...(JSON.parse(out) as Answer), exitCode };
  }

  const keysOf = ({ proposals }: Answer) =>
    proposals.map(({ object, field, label }) => `${object} ${field} ${label}`);

  it.each(Object.keys(KNOWN))(
    'proposes the personal data of %s, and nothing else',
    async (database) => {
      const answer = await classify('--database', database);
      const known = KNOWN[database]!;
      expect(keysOf(answer)).toEqual(expect.arrayContaining([...known]));
      expect(keysOf(answer).filter((key) => !known.includes(key) && !DEBATABLE.includes(key))).toEqual([]);
      expect(answer.tables.reduce((sum, { columns }) => sum + columns, 0)).toBeGreaterThan(known.length * 2);
      expect(answer).toMatchObject({ exitCode: 0, written: null });
    },
    TIMEOUT,
  );

  it('shows no value', async () => {
    const { out, notes } = await run('--database', 'shop');
    const { rows } = await direct.query(
      `select unnest(array[email, phone, national_id, full_name, notes, birth_date::text]) as value from customers
       union all select card_number from payments union all select street from addresses`,
    );
    const values = rows
      .map(({ value }) => value as string | null)
      .filter((value) => value !== null && value.length > 5);
    expect(values.length).toBeGreaterThan(10_000);
    expect(values.filter((value) => `${out}\n${notes}`.includes(value!))).toEqual([]);
    expect(out).toContain('…@…');
  });

  it('only proposes where nobody can be asked', async () => {
    const file = join(policies, 'never.yaml');
    const { notes, exitCode } = await run('--database', 'shop', '--write', file);
    expect(notes).toContain('only proposed');
    expect(exitCode).toBe(0);
    expect(() => readFileSync(file)).toThrow();
  });

  it('writes what is accepted, and gateways mask by it', async () => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
    });
    await client.connect();
    try {
      const read = async () => (await client.query('select email from customers limit 1')).rows[0]?.email;
      expect(await read()).toMatch(/@/);
      const file = join(policies, 'found.yaml');
      writeFileSync(file, '# kept by hand\nkind: classification\nname: mine\nobjects: {}\n');
      const answer = await classify('--database', 'shop', '--yes', '--write', file);
      expect(answer).toMatchObject({ exitCode: 0, written: { file, existed: true, inForce: true } });
      const accepted = answer.proposals.filter(({ accepted }) => accepted);
      expect(keysOf({ ...answer, proposals: accepted }).sort()).toEqual([...KNOWN['shop']!].sort());
      expect(readFileSync(file, 'utf8')).toContain('# kept by hand');
      await expect.poll(read, { timeout: 45_000, interval: 250 }).toBeNull();

      const again = await classify('--database', 'shop', '--yes', '--write', file);
      expect(again.written).toBeNull();
      expect(again.proposals.filter(({ stands }) => !stands).map(({ field }) => field)).toEqual([
        'postal_code',
      ]);
    } finally {
      await client.end();
    }
  });

  it('leaves a file alone that the loader would refuse', async () => {
    const file = join(policies, 'broken.txt');
    writeFileSync(file, 'kind: classification\nname: masks\nobjekts: {}\n');
    await expect(classify('--database', 'billing', '--yes', '--write', file)).rejects.toMatchObject({
      code: 'classification-refused',
    });
    expect(readFileSync(file, 'utf8')).toBe('kind: classification\nname: masks\nobjekts: {}\n');
  });

  it('labels hostile names, in a document that loads', async () => {
    await direct.query(
      `create table "we""ird.*" ("e-mail; drop" text, "__proto__" text, tags text[], "N" inet)`,
    );
    await direct.query(
      `insert into "we""ird.*" select 'a' || n || '@example.com', 'x' || n, array['b' || n || '@example.org', 'c'], '192.0.2.1' from generate_series(1, 40) n`,
    );
    const file = join(mkdtempSync(join(tmpdir(), 'gatehouse-classify-')), 'a.yaml');
    const answer = await classify('--database', 'shop', '--yes', '--write', file);
    expect(answer).toMatchObject({ exitCode: 0, written: { existed: false, inForce: false } });
    expect(keysOf(answer)).toEqual(
      expect.arrayContaining(['public.we"ird.* e-mail; drop pii.email', 'public.we"ird.* tags pii.email']),
    );
    expect(readFileSync(file, 'utf8')).toContain('we"ird.?');
    await direct.query('drop table "we""ird.*"');
  });

  it('knows the labels that stand in comments', async () => {
    await direct.query("comment on column addresses.postal_code is 'gatehouse: pii.address'");
    const { proposals } = await classify('--database', 'shop');
    expect(proposals.find(({ field }) => field === 'postal_code')).toMatchObject({ stands: true });
    await direct.query('comment on column addresses.postal_code is null');
  });

  it(
    'goes on behind a table that cannot be read in time, and fails at the end',
    async () => {
      await direct.query('begin; lock table addresses in access exclusive mode');
      try {
        const answer = await classify('--database', 'shop', '--timeout', '1');
        expect(answer.exitCode).toBe(1);
        expect(answer.tables.filter(({ problem }) => problem !== undefined)).toMatchObject([
          { name: 'public.addresses', columns: 6 },
        ]);
        expect(keysOf(answer)).toContain('public.payments card_number pii.card');
      } finally {
        await direct.query('rollback');
      }
    },
    TIMEOUT,
  );

  it('says which databases there are', async () => {
    await expect(classify('--database', 'shopp')).rejects.toMatchObject({ code: 'no-such-database' });
  });
});
