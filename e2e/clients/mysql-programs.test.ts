import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSides, type Side, type Sides } from './mysql-sides.ts';
import {
  hasPythonModule,
  isOnPath,
  JAVA_ONCE,
  type ProgramResult,
  PYTHON,
  runProgram,
} from './run-program.ts';

const JDBC_JAR = '/usr/share/java/mariadb-java-client.jar';
const hasPymysql = hasPythonModule('pymysql');
const hasJdbc = isOnPath('java') && existsSync(JDBC_JAR);

describe('clients in other languages through the gateway to MariaDB, with everything allowed', () => {
  let sides: Sides;

  beforeAll(async () => {
    sides = await openSides();
  });

  afterAll(() => sides?.stage.close());

  /** Runs a program on one side after the other, because both change the same tables. */
  async function both(
    command: string,
    argsFor: (side: Side) => readonly string[],
  ): Promise<readonly [ProgramResult, ProgramResult]> {
    const run = (side: Side) =>
      runProgram(command, argsFor(side), {
        env: {
          PATH: process.env['PATH'],
          LC_ALL: 'C.UTF-8',
          CLIENT_USER: side.user,
          CLIENT_PASSWORD: side.password,
        },
      });
    return [await run(sides.direct), await run(sides.through)];
  }

  /** The authority that vouches for one side, as a file. */
  function authority(side: Side): string {
    if (side === sides.through) return sides.stage.caFile;
    const file = join(sides.stage.folder, 'direct-ca.pem');
    writeFileSync(file, sides.stage.fleet.mysql!.caCertificate ?? '');
    return file;
  }

  it.skipIf(!hasPymysql)('shows PyMySQL the same as directly (needs python3-pymysql)', async () => {
    const script = fileURLToPath(new URL('mysql-pymysql.py', import.meta.url));
    const [direct, through] = await both(PYTHON, (side) => [
      script,
      side.host,
      String(side.port),
      side.database,
      authority(side),
    ]);
    expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('after all of it =>') });
    expect(steps(through)).toEqual(steps(direct));
  });

  it.skipIf(!hasJdbc)(
    'shows JDBC the same as directly (needs java of default-jdk-headless and libmariadb-java)',
    async () => {
      const source = fileURLToPath(new URL('mysql-jdbc.java', import.meta.url));
      const [direct, through] = await both('java', (side) => [
        ...JAVA_ONCE,
        '-cp',
        JDBC_JAR,
        source,
        `jdbc:mariadb://${side.host}:${side.port}/${side.database}`,
        authority(side),
      ]);
      expect(direct).toMatchObject({ code: 0, stdout: expect.stringContaining('after all of it =>') });
      expect(steps(through)).toEqual(steps(direct));
    },
  );
});

/** What a program printed, a line for each step. */
function steps({ stdout, stderr }: ProgramResult): readonly string[] {
  return [...stdout.split('\n').filter((line) => line !== ''), stderr];
}
