import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './mysql-sides.ts';
import { isOnPath, type ProgramResult, runProgram } from './run-program.ts';

const hasMariadb = isOnPath('mariadb');

describe.skipIf(!hasMariadb)(
  'mariadb through the gateway, with everything allowed (needs mariadb-client on the PATH)',
  () => {
    let sides: Sides;

    beforeAll(async () => {
      sides = await openSides();
    });

    afterAll(() => sides?.stage.close());

    function mariadb(
      side: Side,
      args: readonly string[],
      input = '',
      password = side.password,
    ): Promise<ProgramResult> {
      return runProgram('mariadb', [...connectionArgs(side), ...args], {
        env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MYSQL_PWD: password },
        input,
      });
    }

    async function same(args: readonly string[], input = ''): Promise<ProgramResult> {
      const direct = comparable(await mariadb(sides.direct, args, input));
      const through = comparable(await mariadb(sides.through, args, input));
      expect(through).toEqual(direct);
      return direct;
    }

    const FORMATS: readonly (readonly string[])[] = [
      ['--batch'],
      ['--table', '--column-type-info'],
      ['--vertical'],
      ['--html', '--quick'],
      ['--table', '--force', '--show-warnings', '-vvv'],
    ];

    describe.each(FORMATS)('%s %s', (...args) => {
      it.each([
        [
          'rows of many types',
          `select 1, -1.50, 1e3, null, 'grüße 🦉' as \`ключ\`, x'00ff', date '2024-02-29', timestamp '2024-02-29 01:02:03.000004', 18446744073709551615, b'101', json_array(1);
           select * from invoices where id < 6 order by id; select * from accounts where id < 0; select '' as empty;`,
        ],
        [
          'errors with their numbers',
          `select * from nowhere; selec 1; select nowhere from accounts; use nowhere; call nowhere(); insert into invoices (id) values (1); select 'goes on';`,
        ],
        [
          'warnings, counts and infos',
          `create or replace temporary table kinds (a tinyint, b varchar(3));
           insert ignore into kinds values (1, 'x'), (1000, 'long'); show warnings; update kinds set a = 1; delete from kinds; select 1/0; drop table if exists never_made;`,
        ],
        [
          'transactions',
          `begin; update invoices set status = 'cancelled' where id = 1; savepoint s; select 1 from nowhere; rollback to s; select status from invoices where id = 1; rollback; select status from invoices where id = 1;`,
        ],
        [
          'procedures, and another delimiter',
          `delimiter //
           create or replace procedure twice(n int) begin select n as once; select n * 2 as twice; signal sqlstate '01000' set message_text = 'watch out'; end //
           call twice(4) //
           delimiter ;
           call twice(5); drop procedure twice;`,
        ],
        [
          'prepared statements and variables',
          `set @id = 3; prepare q from 'select company from accounts where id = ?'; execute q using @id; deallocate prepare q; execute q using @id; select @id;`,
        ],
        [
          'what the server has',
          `show tables; show create table invoices; describe invoices; show index from invoices; show databases like 'billing'; explain select * from invoices where id = 1; show variables like 'sql_mode'; show grants; show processlist_that_is_none; help 'select';`,
        ],
        [
          'commands of the client',
          `\\W\nselect 1/0;\n\\w\nselect 1/0;\n\\s_is_none\nuse information_schema\nselect database();\n\\u billing\nselect database()\\G\nselect 1\\g\n`,
        ],
      ])('shows the same for %s', async (_name, script) => {
        await same(args, script);
      });
    });

    it('says the same of the connection', async () => {
      const { stdout } = await same([], 'status\n');
      expect(stdout).toContain('Server version:');
    });

    it('stops at the first error, and does not with --force', async () => {
      expect((await same([], `select 1; select 1 from nowhere; select 2;`)).code).toBe(1);
      expect((await same(['--force'], `select 1; select 1 from nowhere; select 2;`)).stdout).toContain('2');
    });

    it('reads a file of statements and connects to another database', async () => {
      const file = join(sides.stage.folder, 'script.sql');
      writeFileSync(
        file,
        `select 'from a file';\nselect count(*) from invoices;\nconnect billing\nselect database();\n`,
      );
      await same(['-e', `source ${file}; select 'behind it'`]);
    });

    it('loads a file from the client, and says so where it cannot', async () => {
      const file = join(sides.stage.folder, 'rows.tsv');
      writeFileSync(file, Array.from({ length: 20_000 }, (_, n) => `${n}\trow ${n}\n`).join(''));
      const load = (path: string): string =>
        `create or replace temporary table inbox (a int, b text); load data local infile '${path}' into table inbox; select count(*), sum(a) from inbox; load data local infile '/nowhere/at/all' into table inbox; select 'goes on';`;
      expect((await same(['--local-infile=1', '--force', '-vvv'], load(file))).stdout).toContain('20000');
      await same(['--local-infile=0', '--force', '-vvv'], load(file));
    });

    it('fills a table from a long script', async () => {
      const rows = Array.from({ length: 900 }, (_, n) => `(${n}, '${'x'.repeat(1_000)}')`).join(',\n');
      const script = `create or replace temporary table wide (a int, b text); insert into wide values ${rows}; select count(*), sum(length(b)) from wide;`;
      expect((await same(['--max-allowed-packet=16M'], script)).stdout).toContain('900000');
    });

    it.each([
      ['mariadb-show', ['billing', 'invoices']],
      ['mariadb-check', ['billing', 'credit_notes']],
      ['mariadb-admin', ['ping']],
    ])('shows the same in %s', async (program, args) => {
      const direct = await tool(sides.direct, program, args);
      expect(direct.code).toBe(0);
      expect(await tool(sides.through, program, args)).toEqual(direct);
    });

    it('dumps the same, and reads the dump back', async () => {
      const args = ['--skip-dump-date', 'billing', 'credit_notes', 'open_invoices'];
      const direct = await tool(sides.direct, 'mariadb-dump', args);
      expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('/*!50001 CREATE VIEW') });
      expect(await tool(sides.through, 'mariadb-dump', args)).toEqual(direct);
      expect(await mariadb(sides.through, [], direct.stdout)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await tool(sides.direct, 'mariadb-dump', args)).toEqual(direct);
    });

    it('imports a file', async () => {
      const file = join(sides.stage.folder, 'imported.txt');
      writeFileSync(file, Array.from({ length: 500 }, (_, n) => `${n}\trow ${n}\n`).join(''));
      const run = async (side: Side): Promise<readonly ProgramResult[]> => [
        await mariadb(side, ['-e', 'create table imported (a int, b text)']),
        await tool(side, 'mariadb-import', ['--local', '--verbose', 'billing', file]),
        await mariadb(side, ['-e', 'select count(*), sum(a) from imported; drop table imported']),
      ];
      const direct = await run(sides.direct);
      expect(direct.map(({ code }) => code)).toEqual([0, 0, 0]);
      expect((await run(sides.through)).map(comparable)).toEqual(
        direct
          .map(comparable)
          .map((one) => ({ ...one, stdout: one.stdout.replaceAll(sides.direct.host, sides.through.host) })),
      );
    });

    /** Another program of the same package; the database is among the arguments. */
    function tool(side: Side, program: string, args: readonly string[]): Promise<ProgramResult> {
      return runProgram(program, [...connectionArgs(side).slice(0, -1), ...args], {
        env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MYSQL_PWD: side.password },
      });
    }

    it('is refused with the number that clients know', async () => {
      const refused = await mariadb(sides.through, ['-e', 'select 1'], '', 'wrong');
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('ERROR 1045 (28000)')]);
    });

    it.each([
      ['TLS, verified', (side: Side) => ['--ssl', '--ssl-verify-server-cert', `--ssl-ca=${ca(side)}`]],
      ['no TLS', () => ['--skip-ssl']],
      ['latin1', () => ['--default-character-set=latin1']],
      ['utf8mb4', () => ['--default-character-set=utf8mb4']],
      ['a request for compression', () => ['--compress']],
      ['an init command', () => [`--init-command=set time_zone = '+09:00'`]],
      ['no database', () => ['--skip-column-names']],
    ])('logs in with %s', async (_name, args) => {
      const script = `select 'gr\u00fc\u00dfe', @@character_set_client, @@collation_connection, @@time_zone;`;
      const run = async (side: Side) => comparable(await mariadb(side, args(side), script));
      const direct = await run(sides.direct);
      expect(direct.code).toBe(0);
      expect(await run(sides.through)).toEqual(direct);
    });

    function ca(side: Side): string {
      if (side === sides.through) return sides.stage.caFile;
      const file = join(sides.stage.folder, 'direct-ca.pem');
      writeFileSync(file, sides.stage.fleet.mysql!.caCertificate ?? '');
      return file;
    }

    it('cancels what runs by SIGINT, with the words and the exit of a direct session', async () => {
      const direct = await interrupted(sides.direct);
      expect(await interrupted(sides.through)).toEqual(direct);
      expect(direct.seen).toContain('ERROR 1317 (70100)');
    });

    /** Whether the server runs the statement that is to be cancelled. */
    async function isAsleep(): Promise<boolean> {
      const list = `select count(*) from information_schema.processlist where info like 'update accounts%' and info like '%sleep%'`;
      const { stdout } = await mariadb(sides.direct, ['-N', '-e', list]);
      return stdout.trim() === '1';
    }

    async function interrupted(side: Side): Promise<{ readonly code: number | null; readonly seen: string }> {
      const child = spawn(
        'mariadb',
        [...connectionArgs(side), '--force', '--unbuffered', '--sigint-ignore=0'],
        {
          env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MYSQL_PWD: side.password },
        },
      );
      let seen = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (seen += chunk));
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      child.stdin.write(`select 'ready';\nupdate accounts set balance = balance where sleep(30) = 0;\n`);
      while (!(await isAsleep())) await pause(50);
      child.kill('SIGINT');
      child.stdin.end(`select 'goes on';\n`);
      return { code: await ended, seen };
    }
  },
);

function connectionArgs(side: Side): readonly string[] {
  const { host, port, user, database } = side;
  return ['--no-defaults', '-h', host, '-P', String(port), '-u', user, database];
}

/**
 * What stands between the two sides and may differ: the id of the connection (the gateway's own), ports, and
 * counters and times of the server, to which every statement adds.
 */
function comparable({ code, stdout, stderr }: ProgramResult): ProgramResult {
  const without = (text: string): string =>
    text
      .replaceAll(/^(Connection id|TCP port|Uptime|Current connection):?.*$/gim, '$1')
      .replaceAll(/^Threads: .*$/gm, 'Threads')
      .replaceAll(/\(\d+\.\d+ sec\)/g, '(sec)')
      .replaceAll(/\d+ (?:min|sec)\b/g, 'time');
  return { code, stdout: without(stdout), stderr: without(stderr) };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
