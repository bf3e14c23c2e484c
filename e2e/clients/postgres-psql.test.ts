import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libpqEnvironment, openSides, type Side, type Sides } from './postgres-sides.ts';
import { isOnPath, type ProgramResult, runProgram } from './run-program.ts';

const hasPsql = isOnPath('psql');

describe.skipIf(!hasPsql)(
  'psql through the gateway, with everything allowed (needs psql on the PATH)',
  () => {
    let sides: Sides;

    beforeAll(async () => {
      sides = await openSides();
    });

    afterAll(() => sides?.stage.close());

    function psql(
      side: Side,
      script: string,
      settings: Readonly<Record<string, string>> = {},
      args: readonly string[] = [],
    ): Promise<ProgramResult> {
      return runProgram('psql', ['-X', ...args], { env: libpqEnvironment(side, settings), input: script });
    }

    /** What stands between the two sides and may differ: who logged in, process ids, and times. */
    function comparable({ code, stdout, stderr }: ProgramResult): ProgramResult {
      const same = (text: string): string =>
        text.replaceAll(/server process with PID \d+/g, 'server process');
      return { code, stdout: same(stdout), stderr: same(stderr) };
    }

    it.each([
      [
        'the \\d family',
        '\\d\n\\d+ customers\n\\dt\n\\di\n\\dv\n\\df\n\\dn\n\\du\n\\l\n\\dp\n\\dT\n\\sf lower\n',
      ],
      [
        'tuples in several formats',
        '\\x on\nselect * from customers order by id limit 2;\n\\x off\n\\a\n\\t\nselect id, total from orders order by id limit 3;\n\\pset format csv\nselect 1 as a, null as b;\n',
      ],
      [
        'errors with their position',
        "\\set VERBOSITY verbose\nselect * from customers where nothing = 1;\nselec 1;\nselect 1/0;\nselect 'a'::int;\ninsert into orders (id) values (1);\n",
      ],
      [
        'several statements, one of which fails',
        'select 1\\; select 2\\; select 1/0\\; select 3;\nselect 4;\n',
      ],
      [
        'notices and warnings',
        "do $$ begin raise notice 'one'; raise warning 'two' using hint = 'three', detail = 'four'; raise info 'five'; end $$;\nset client_min_messages = error;\ndo $$ begin raise notice 'unseen'; end $$;\nrollback;\n",
      ],
      [
        'transactions and savepoints',
        "begin;\nupdate orders set status = 'held' where id = 1;\nsavepoint s;\nselect 1/0;\nselect 1;\nrollback to s;\nselect status from orders where id = 1;\nrollback;\nselect status from orders where id = 1;\n",
      ],
      [
        'COPY out',
        '\\copy (select id, email from customers order by id limit 5) to stdout csv header\ncopy (select generate_series(1, 3)) to stdout;\ncopy (select 1/0) to stdout;\nselect 1;\n',
      ],
      [
        'COPY in',
        'begin;\ncreate temp table inbox (a int, b text);\ncopy inbox from stdin;\n1\tx\n2\t\\N\n\\.\nselect * from inbox order by a;\ncopy inbox from stdin (format csv);\n3,y\n\\.\nselect count(*) from inbox;\nrollback;\n',
      ],
      [
        'an error while COPY in',
        "create temp table inbox (a int);\ncopy inbox from stdin;\n1\nnot a number\n3\n\\.\nselect count(*) from inbox;\nselect 'still here';\n",
      ],
      [
        'a COPY in that the client gives up',
        'create temp table inbox (a int);\n\\copy inbox from $$/nowhere/at/all$$\nselect count(*) from inbox;\n',
      ],
      [
        'prepared statements and variables',
        'prepare q(int) as select id, full_name from customers where id = $1;\nexecute q(1);\ndeallocate q;\nexecute q(1);\n\\set who 3\nselect full_name from customers where id = :who;\nselect count(*) as n from customers \\gset\n\\echo :n\n',
      ],
      [
        'cursors',
        '\\set FETCH_COUNT 7\nselect id from customers order by id limit 20;\n\\unset FETCH_COUNT\nbegin;\ndeclare c scroll cursor for select id from customers order by id;\nfetch 2 from c;\nmove 3 in c;\nfetch backward 1 from c;\nclose c;\nfetch 1 from c;\nrollback;\n',
      ],
      [
        'settings that are shown',
        "set datestyle = 'German';\nselect date '2024-02-29';\nset timezone = 'Asia/Tokyo';\nselect timestamptz '2024-02-29 00:00:00+00';\nset search_path = pg_catalog;\nshow search_path;\nreset all;\nshow search_path;\n\\encoding\n",
      ],
      [
        'LISTEN and NOTIFY',
        "listen news;\nnotify news, 'hello';\nselect pg_notify('news', 'again');\nunlisten news;\nnotify news, 'unheard';\n",
      ],
      [
        '\\gexec and \\gdesc',
        "select 'select ' || n from generate_series(1, 3) n \\gexec\nselect 1 as a, now() as b \\gdesc\n\\errverbose\n",
      ],
      ['an explained query', 'explain (costs off) select * from customers where id = 1;\n'],
      ['nothing at all', ';\n\n-- only a comment\n;\n'],
    ])('shows the same for %s', async (_name, script) => {
      const [direct, through] = await Promise.all([psql(sides.direct, script), psql(sides.through, script)]);
      expect(comparable(through)).toEqual(comparable(direct));
    });

    it('stops at the first error with ON_ERROR_STOP, and rolls a single transaction back', async () => {
      const script = "create table never_made (a int);\nselect 1/0;\nselect 'unreached';\n";
      const args = ['-v', 'ON_ERROR_STOP=1', '--single-transaction', '-f', '-'];
      const through = await psql(sides.through, script, {}, args);
      expect(comparable(through)).toEqual(comparable(await psql(sides.direct, script, {}, args)));
      expect(through.code).toBe(3);
      expect((await psql(sides.direct, 'table never_made')).stderr).toContain('does not exist');
    });

    it.each([
      ['sslmode=require', { PGSSLMODE: 'require' }],
      ['sslmode=verify-full', { PGSSLMODE: 'verify-full', PGHOST: 'localhost' }],
      ['channel_binding=require', { PGSSLMODE: 'require', PGCHANNELBINDING: 'require' }],
      ['a GSS request first', { PGSSLMODE: 'prefer', PGGSSENCMODE: 'prefer' }],
    ])('logs in with %s', async (_name, settings) => {
      const withAuthority = { PGSSLROOTCERT: sides.stage.caFile, ...settings };
      const seen = await psql(sides.through, "select 'in'", withAuthority, ['-At']);
      expect(seen).toEqual({ code: 0, stdout: 'in\n', stderr: '' });
    });

    it('is refused over TLS when the certificate is not for the name or not vouched for', async () => {
      const settings = { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/nowhere/at/all' };
      expect((await psql(sides.through, 'select 1', settings)).code).toBe(2);
    });

    it('cancels what runs by SIGINT, with the words and the exit of a direct session', async () => {
      const [direct, through] = await Promise.all([interrupted(sides.direct), interrupted(sides.through)]);
      expect(through).toEqual(direct);
      expect(through.seen).toContain('ERROR:  canceling statement due to user request');
    });

    async function interrupted(side: Side): Promise<{ readonly code: number | null; readonly seen: string }> {
      const child = spawn('psql', ['-X', '-At'], { env: libpqEnvironment(side) });
      let seen = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (seen += chunk));
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      child.stdin.end('\\echo ready\nselect pg_sleep(30);\n');
      while (!seen.includes('ready')) await pause(10);
      await pause(300);
      child.kill('SIGINT');
      return { code: await ended, seen };
    }
  },
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
