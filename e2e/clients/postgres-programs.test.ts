import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { libpqEnvironment, openSides, type Side, type Sides } from './postgres-sides.ts';
import { hasPythonModule, isOnPath, JAVA_ONCE, PYTHON, runProgram } from './run-program.ts';

const JDBC_JAR = '/usr/share/java/postgresql.jar';
const hasPsycopg = hasPythonModule('psycopg');
const hasJdbc = isOnPath('java') && existsSync(JDBC_JAR);
const hasPgbench = isOnPath('pgbench');

describe('clients in other languages through the gateway, with everything allowed', () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(() => sides?.stage.close());

  /** The lines that a script prints, by the name of their step. */
  function steps(stdout: string): readonly string[] {
    return stdout.split('\n').filter((line) => line !== '');
  }

  it.skipIf(!hasPsycopg)('shows psycopg the same as directly (needs python3-psycopg)', async () => {
    const script = fileURLToPath(new URL('postgres-psycopg.py', import.meta.url));
    const run = (side: Side) => runProgram(PYTHON, [script], { env: libpqEnvironment(side) });
    const [direct, through] = await Promise.all([run(sides.direct), run(sides.through)]);
    expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('after all of it =>') });
    expect(steps(through.stdout)).toEqual(steps(direct.stdout));
  });

  it.skipIf(!hasJdbc)(
    'shows JDBC the same as directly (needs java and libpostgresql-jdbc-java)',
    async () => {
      const source = fileURLToPath(new URL('postgres-jdbc.java', import.meta.url));
      const run = ({ host, port, user, password, database }: Side) =>
        runProgram(
          'java',
          [
            ...JAVA_ONCE,
            '-cp',
            JDBC_JAR,
            source,
            `jdbc:postgresql://${host}:${port}/${database}`,
            user,
            password,
          ],
          { env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' } },
        );
      const direct = await run(sides.direct);
      const through = await run(sides.through);
      expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('warnings => watch out') });
      expect(steps(through.stdout)).toEqual(steps(direct.stdout));
    },
  );

  describe.skipIf(!hasPgbench)('pgbench (needs pgbench on the PATH)', () => {
    beforeAll(async () => {
      const seen = await runProgram('pgbench', ['-i', '-q', '-s', '1'], {
        env: libpqEnvironment(sides.through),
      });
      expect(seen.code).toBe(0);
    });

    it.each(['simple', 'extended', 'prepared'])('runs without a failure (%s)', async (mode) => {
      const { code, stdout } = await runProgram('pgbench', ['-n', '-M', mode, '-c', '8', '-t', '100'], {
        env: libpqEnvironment(sides.through),
      });
      expect(code).toBe(0);
      expect(stdout).toContain('number of transactions actually processed: 800/800');
      expect(stdout).toContain('number of failed transactions: 0');
    });
  });
});
