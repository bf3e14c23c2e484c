/** What the scenes of the relay share: the answers of the server, and decisions. */
import { GatewayError } from '@gatehouse/model';
import { type Decide, openSession } from './open-session.ts';
import { type Answer, ScriptedPostgres } from './scripted-postgres.ts';

export const columns = ['name', 'secret'].map((name, i) => ({ name, tableOid: 1000, attnum: i + 1 }));

export const READ = 'select name, secret from people';

export const ROWS: Answer = {
  columns,
  rows: [
    ['ana', 's3cr3t'],
    ['bob', null],
  ],
};

export const ONE: Answer = { columns: [{ name: '?column?' }], rows: [['1']] };

export const ANSWERS: Readonly<Record<string, Answer>> = {
  [READ]: ROWS,
  'select 1': ONE,
  'select 2': { columns: [{ name: '?column?' }], rows: [['2']] },
  'insert into people values (1)': { tag: 'INSERT 0 1' },
  begin: { tag: 'BEGIN' },
  commit: { tag: 'COMMIT' },
  rollback: { tag: 'ROLLBACK' },
  'drop table people': { tag: 'DROP TABLE' },
  'copy people from stdin': { copyIn: true },
  'copy people to stdout': { rows: [] },
  'set search_path to other': { tag: 'SET', setsPath: 'other' },
  [`prepare p as ${READ}`]: { tag: 'PREPARE' },
  'prepare p as select 1': { error: { code: '42P05', message: 'exists' } },
  'execute p': ROWS,
  'select secret from people': { error: { code: '22012', message: 's3cr3t' } },
  'select 1 from nowhere': { error: { code: '42P01', message: 'no such relation' } },
};

export const DENIED = new GatewayError('denied', 'denied-by-rule', 'not for you');

export const withRows =
  (rows: number): Decide =>
  () => ({ limits: { rows } });

export function open(decide?: Decide) {
  return openSession(new ScriptedPostgres(ANSWERS), decide);
}
