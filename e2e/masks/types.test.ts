/**
 * Every masker over every type: what leaves is a value of the type in the format asked for, which the server itself
 * takes, or NULL; and it is the same value in text and in binary.
 */
import type { Demo } from '@gatehouse/cli';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage } from '../stage/open-stage.ts';
import { policyFolder } from '../stage/policies.ts';
import { readRaw } from './raw-rows.ts';

const MASKERS = {
  null: "'null'",
  zero: 'zero',
  redact: '{ kind: redact, text: "gone, \\"really\\"" }',
  partial: '{ kind: partial, keepFirst: 1, keepLast: 1 }',
  hash: 'hash',
  token: 'token',
  round: '{ kind: round, step: 100 }',
  year: 'year',
} as const;

type MaskerName = keyof typeof MASKERS;

const CONSTANTS: readonly MaskerName[] = ['zero', 'redact'];
const KEYED: readonly MaskerName[] = [...CONSTANTS, 'hash'];
const NUMBERS: readonly MaskerName[] = [...KEYED, 'token', 'round'];
const TEXTS: readonly MaskerName[] = [...KEYED, 'token', 'partial'];
const DATES: readonly MaskerName[] = [...KEYED, 'year'];
const TOKENS: readonly MaskerName[] = [...KEYED, 'token'];
const NONE: readonly MaskerName[] = [];

/** A type, values of it, and the maskers that have a value for it; every other one gives NULL. */
const TYPES: readonly (readonly [type: string, values: readonly string[], gives: readonly MaskerName[]])[] = [
  ['boolean', ['true', 'false'], CONSTANTS],
  ['bytea', ['\\xdeadbeef', '\\x'], TOKENS],
  ['smallint', ['31234', '-7'], [...KEYED, 'round']],
  ['integer', ['1234567', '-7'], NUMBERS],
  ['bigint', ['9007199254740993', '-7'], NUMBERS],
  ['real', ['1234.5', '-0.001'], [...KEYED, 'round']],
  ['double precision', ['1234.5678', '1e300'], NUMBERS],
  ['numeric(12,2)', ['1234567.89', '-0.01'], NUMBERS],
  ['numeric', ['123456789012345678901234567890.5', '0'], NUMBERS],
  ['money', ['1234.56', '-7'], NUMBERS],
  ['text', ['ana@example.com', 'Zoë \\ "{,}"', ''], TEXTS],
  ['varchar(20)', ['ana@example.com', 'ana.maria'], TEXTS],
  ['char(8)', ['abcdefgh', 'hgfedcba'], TEXTS],
  ['name', ['ana_maria', 'bob_dylan'], TEXTS],
  ['date', ['2026-11-23', '1999-12-31'], DATES],
  ['time', ['10:11:12.5', '23:59:59'], KEYED],
  ['timetz', ['10:11:12.5+02', '23:59:59-11:30'], KEYED],
  ['timestamp', ['2026-11-23 10:11:12.5', '1999-12-31 00:00:00'], DATES],
  ['timestamptz', ['2026-11-23 10:11:12.5+02', '1999-12-31 00:00:00+00'], DATES],
  ['interval', ['1 year 2 mons 3 days 04:05:06', '-1 day'], CONSTANTS],
  ['uuid', ['6b4f2a10-0000-4000-8000-000000000001'], TOKENS],
  ['json', ['{"a": [1, 2]}', '"ana"'], TOKENS],
  ['jsonb', ['{"a": [1, 2]}', '"ana"'], TOKENS],
  ['inet', ['10.1.2.3/8', 'fe80::1', '10.1.2.3'], KEYED],
  ['cidr', ['10.1.0.0/16', 'fe80::/64'], KEYED],
  ['macaddr', ['08:00:2b:01:02:03'], KEYED],
  ['macaddr8', ['08:00:2b:01:02:03:04:05'], KEYED],
  ['bit(11)', ['10110111001'], CONSTANTS],
  ['varbit', ['101', ''], CONSTANTS],
  ['int4range', ['[1,10)', 'empty'], CONSTANTS],
  ['numrange', ['[1.5,)'], CONSTANTS],
  ['tstzrange', ['[2026-01-01 00:00:00+00,2027-01-01 00:00:00+00)'], CONSTANTS],
  ['daterange', ['[2026-01-01,2027-01-01)'], CONSTANTS],
  ['int8multirange', ['{[1,3),[5,9)}'], CONSTANTS],
  ['datemultirange', ['{[2026-01-01,2027-01-01)}'], CONSTANTS],
  ['tsvector', ["'ana' 'bob'"], CONSTANTS],
  ['text[]', ['{ana@example.com,NULL,"a,b"}', '[0:1][2:3]={{"x y","{"},{"\\"",NULL}}', '{}'], TEXTS],
  ['varchar(20)[]', ['{ana.maria,bob.dylan}'], TEXTS],
  ['integer[]', ['{{1234567,-7},{0,NULL}}', '[5:6]={1,2}'], NUMBERS],
  ['bigint[]', ['{9007199254740993}'], NUMBERS],
  ['numeric[]', ['{1.5,-1234567.25}'], NUMBERS],
  ['double precision[]', ['{1.5,1e300}'], NUMBERS],
  ['boolean[]', ['{t,f,NULL}'], CONSTANTS],
  ['date[]', ['{2026-11-23,NULL}'], DATES],
  ['timestamp[]', ['{"2026-11-23 10:11:12.5"}'], DATES],
  ['timestamptz[]', ['{"2026-11-23 10:11:12.5+02"}'], DATES],
  ['interval[]', ['{"1 day",NULL}'], CONSTANTS],
  ['uuid[]', ['{6b4f2a10-0000-4000-8000-000000000001}'], TOKENS],
  ['bytea[]', ['{"\\\\xdeadbeef",NULL}'], TOKENS],
  ['jsonb[]', ['{"{\\"a\\": [1, 2]}",NULL}'], TOKENS],
  ['inet[]', ['{10.1.2.3/8,fe80::1}'], KEYED],
  ['macaddr[]', ['{08:00:2b:01:02:03}'], KEYED],
  ['bit(3)[]', ['{101,NULL}'], CONSTANTS],
  ['int4range[]', ['{"[1,10)",empty}'], CONSTANTS],
  ['int4multirange[]', ['{"{[1,3),[5,9)}"}'], CONSTANTS],
  ['e_mail', ['ana@example.com'], TEXTS],
  ['mood', ['happy', 'sad'], NONE],
  ['mood[]', ['{happy,NULL}'], NONE],
  ['address', ['(Elm Street,7)'], NONE],
  ['point', ['(1,2)'], NONE],
  ['xml', ['<a>ana</a>'], NONE],
];

const POLICIES = `kind: policy
name: everything
rules:
  - { name: everything, effect: permit, match: { actions: ['*', call] } }
---
kind: policy
name: masks
rules:
${Object.entries(MASKERS)
  .map(
    ([name, mask]) =>
      `  - { name: ${name}-all, effect: mask, match: { objects: [types.${name}_all], columns: ['c*'] }, mask: { otherwise: ${mask} } }`,
  )
  .join('\n')}
  - { name: paths, effect: mask, match: { objects: [types.documents], columns: [profile.email, plain.tags] }, mask: { otherwise: redact } }
`;

const columns = TYPES.map((_, at) => `c${at}`).join(', ');
/** The most values that a type has here: the rows of each table. */
const ROWS = Math.max(...TYPES.map(([, values]) => values.length));

/** Money in binary does not tell how many of its digits are cents: only what needs no digits is left. */
function gives(
  type: string,
  list: readonly MaskerName[],
  masker: MaskerName,
  format: 'text' | 'binary',
): boolean {
  if (type === 'money' && format === 'binary') return CONSTANTS.includes(masker);
  return list.includes(masker);
}

describe('a masked value of Postgres', () => {
  let stage: Demo;
  let client: pg.Client;
  let server: pg.Client;

  beforeAll(async () => {
    stage = await openStage({ need: ['postgres'], policies: policyFolder(POLICIES), upstreamAs: 'owner' });
    const { host, port, user, password } = stage.fleet.postgres!;
    server = new pg.Client({ host, port, user, password, database: 'shop' });
    await server.connect();
    await server.query(`create schema types`);
    await server.query(`set search_path = types, public`);
    await server.query(`create type mood as enum ('happy', 'sad');
      create type address as (street text, number integer);
      create domain e_mail as text check (length(value) < 100)`);
    const table = TYPES.map(([type], at) => `c${at} ${type}`).join(', ');
    const places = TYPES.map(([type], at) => `$${at + 1}::${type}`).join(', ');
    for (const name of Object.keys(MASKERS)) {
      await server.query(`create table ${name}_all (n integer, ${table})`);
      for (let row = 0; row < ROWS; row++)
        await server.query(
          `insert into ${name}_all select ${row}, ${places}`,
          TYPES.map(([, values]) => values[row] ?? null),
        );
    }
    await server.query(`create table documents as select
      '{"email": "ana@example.com", "id": 7}'::jsonb as profile, '{"tags": ["a", {"b": 1}], "n": 1.50}'::json as plain`);
    client = new pg.Client({
      host: '127.0.0.1',
      port: stage.port('postgres'),
      user: 'ana',
      password: stage.token('ana'),
      database: 'shop',
    });
    await client.connect();
  });

  afterAll(async () => {
    await client?.end();
    await server?.end();
    await stage?.close();
  });

  /** What the server reads in a value: its text and, of an array, its bounds and where it has NULLs. */
  async function readBack(
    type: string,
    value: Buffer,
    format: 'text' | 'binary',
  ): Promise<readonly string[]> {
    const shape = type.endsWith(']')
      ? `, array_dims(v), (select string_agg((e is null)::text, ',') from unnest(v) e)`
      : '';
    const result = await server.query({
      text: `select v::text${shape} from (select $1::${type} as v) x`,
      values: [format === 'text' ? value.toString() : value],
      rowMode: 'array',
    });
    return result.rows[0] as string[];
  }

  describe.each(Object.keys(MASKERS) as MaskerName[])('of %s', (masker) => {
    it('is one of its type, the same in text and binary, or NULL', async () => {
      const sql = `select ${columns} from types.${masker}_all order by n`;
      const original = await server.query({ text: sql.replaceAll(/c\d+/g, '$&::text'), rowMode: 'array' });
      const read = { text: await readRaw(client, sql, 'text'), binary: await readRaw(client, sql, 'binary') };
      const faults: string[] = [];
      for (const [at, [type, values, list]] of TYPES.entries()) {
        for (const [row, value] of values.entries()) {
          const where = `${type} ${value}`;
          const seen: string[] = [];
          for (const format of ['text', 'binary'] as const) {
            const masked = read[format][row]![at]!;
            if ((masked !== null) !== gives(type, list, masker, format))
              faults.push(
                `${where} in ${format}: ${masked === null ? 'is NULL' : `is \`${masked.toString('latin1')}\``}`,
              );
            if (masked === null) continue;
            try {
              const back = await readBack(type, masked, format);
              seen.push(back[0]!);
              const shape = await readBack(type, Buffer.from((original.rows[row] as string[])[at]!), 'text');
              if (back.slice(1).join() !== shape.slice(1).join())
                faults.push(`${where} in ${format}: its shape is ${back.slice(1)}`);
              if (masker !== 'round' && !isPlain(value) && back[0] === shape[0])
                faults.push(`${where} in ${format}: as it was`);
            } catch (error) {
              faults.push(`${where} in ${format}: ${masked.toString('latin1')}: ${(error as Error).message}`);
            }
          }
          if (seen.length === 2 && seen[0] !== seen[1])
            faults.push(`${where}: ${seen.join(' but in binary ')}`);
        }
      }
      expect(faults).toEqual([]);
    });

    it('is decoded by a driver', async () => {
      const { rows } = await client.query(`select ${columns} from types.${masker}_all order by n`);
      expect(rows.length).toBe(ROWS);
    });
  });

  it.each(['text', 'binary'] as const)('is a part of a document, and the rest stays (%s)', async (format) => {
    const version = format === 'binary' ? '\x01' : '';
    for (const sql of ['select * from types.documents', 'select profile, plain from types.documents d']) {
      const [row] = await readRaw(client, sql, format);
      expect(row?.map(String)).toEqual([
        `${version}{"id": 7, "email": "***"}`,
        '{"tags": ["***", {"b": 0}], "n": 1.50}',
      ]);
    }
    const [derived] = await readRaw(
      client,
      "select profile->>'email', profile->'email' from types.documents",
      format,
    );
    expect(derived).toEqual([null, null]);
  });
});

/** A value that a masker may leave as it is, because it tells nothing. */
function isPlain(value: string): boolean {
  return ['', '{}', 'empty', '\\x', 'false', '0', '{t,f,NULL}'].includes(value);
}
