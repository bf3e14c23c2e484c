import { describe, expect, it } from 'vitest';
import { parseStartupOptions } from './startup-options.ts';
import { readStartup } from './startup-parameters.ts';

function read(parameters: Readonly<Record<string, string>>) {
  return readStartup({
    kind: 'startup',
    major: 3,
    minor: 0,
    parameters: new Map(Object.entries(parameters)),
  });
}

function codeOf(parameters: Readonly<Record<string, string>>): string {
  const startup = read(parameters);
  return startup.kind === 'refused' ? startup.error.code : 'ok';
}

describe('the start-up parameters', () => {
  it('pass on settings, lower-cased, with options taken apart and overruled by parameters of their own', () => {
    const startup = read({
      user: 'ana',
      database: 'shop',
      application_name: 'psql',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      options: '-c search_path=a,b --statement-timeout=5s -cTimeZone=PST gw',
      '_pq_.wish': '1',
    });
    expect(startup.kind).toBe('refused');
    const good = read({
      user: 'ana',
      database: 'shop',
      application_name: 'psql',
      TimeZone: 'UTC',
      options: '-c search_path=a,\\ b --statement-timeout=5s -cTimeZone=PST',
      '_pq_.wish': '1',
    });
    expect(good).toMatchObject({
      user: 'ana',
      database: 'shop',
      application: 'psql',
      unknownOptions: ['_pq_.wish'],
    });
    expect(good.kind === 'ok' && Object.fromEntries(good.parameters)).toEqual({
      search_path: 'a, b',
      statement_timeout: '5s',
      timezone: 'UTC',
      application_name: 'psql',
      client_encoding: 'UTF8',
    });
  });

  it('leave the database open when it is only the default', () => {
    const startup = read({ user: 'ana', database: 'ana' });
    expect(startup.kind === 'ok' && startup.database).toBeUndefined();
  });

  it.each([
    [{ user: 'a', client_encoding: 'LATIN1' }, 'pinned-setting'],
    [{ user: 'a', CLIENT_ENCODING: 'SQL_ASCII' }, 'pinned-setting'],
    [{ user: 'a', standard_conforming_strings: 'off' }, 'pinned-setting'],
    [{ user: 'a', Standard_Conforming_Strings: 'off' }, 'pinned-setting'],
    [{ user: 'a', options: '-c standard_conforming_strings=off' }, 'pinned-setting'],
    [{ user: 'a', options: '-cstandard_conforming\\_strings=off' }, 'pinned-setting'],
    [{ user: 'a', options: '--standard-conforming-strings=off' }, 'pinned-setting'],
    [{ user: 'a', options: '-ec standard_conforming_strings=off' }, 'startup-options'],
    [{ user: 'a', options: '-c' }, 'startup-options'],
    [{ user: 'a', options: '-c standard_conforming_strings' }, 'startup-options'],
  ])('refuses settings that decide how statements are read: %j', (parameters, code) => {
    expect(codeOf(parameters)).toBe(code);
  });

  it.each([
    [{ user: 'a', role: 'postgres' }, 'startup-setting'],
    [{ user: 'a', ROLE: 'postgres' }, 'startup-setting'],
    [{ user: 'a', options: '-c role=postgres' }, 'startup-setting'],
    [{ user: 'a', session_authorization: 'postgres' }, 'startup-setting'],
    [{ user: 'a', session_replication_role: 'replica' }, 'startup-setting'],
    [{ user: 'a', local_preload_libraries: 'x' }, 'startup-setting'],
    [{ user: 'a', replication: 'database' }, 'replication'],
    [{ user: 'a', replication: '1' }, 'replication'],
    [{ user: '' }, 'user-missing'],
    [{}, 'user-missing'],
  ] as const)('refuses what no policy would see: %j', (parameters, code) => {
    expect(codeOf(parameters as Readonly<Record<string, string>>)).toBe(code);
  });

  it.each(['UTF8', 'utf-8', 'Unicode'])('takes %s for UTF-8', (encoding) => {
    expect(codeOf({ user: 'a', client_encoding: encoding })).toBe('ok');
  });
});

describe('the start-up options', () => {
  it.each<readonly [string, ReturnType<typeof parseStartupOptions>]>([
    ['', []],
    ['  -c a=b  ', [['a', 'b']]],
    ['-c a=x\\ y\\\\z', [['a', 'x y\\z']]],
    ['--a-b=c=d', [['a_b', 'c=d']]],
    ['-c a=', [['a', '']]],
    ['-B 5', null],
    ['-c\\ a=b', null],
    ['a=b', null],
    ['--', null],
  ])('are taken apart as the server does: `%s`', (text, settings) => {
    expect(parseStartupOptions(text)).toEqual(settings);
  });
});
