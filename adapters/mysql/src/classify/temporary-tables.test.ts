import { known, unknown } from '@gatehouse/model';
import type { AnalyzedStatement } from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import { TemporaryTables } from './temporary-tables.ts';

describe('TemporaryTables', () => {
  it('knows what was created, whatever the case of its letters, and nothing that failed', () => {
    const tables = new TemporaryTables();
    tables.note(define('create table', 'shop.Inbox', true), true);
    tables.note(define('create or replace table', 'shop.other', true), true);
    tables.note(define('create table', 'shop.failed', true), false);
    tables.note(define('create table', 'shop.real', false), true);
    expect(['shop.inbox', 'SHOP.other', 'shop.failed', 'shop.real'].map((name) => tables.has(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['it is dropped', define('drop table', 'shop.inbox', true)],
    ['a table may be dropped', define('drop table', 'shop.inbox', false)],
    ['it is renamed', define('rename table', 'shop.inbox', false)],
    ['it is altered', define('alter table', 'shop.inbox', false)],
    ['its database is gone', define('drop database', 'shop', false, 'namespace')],
    ['something was done that is not understood', notUnderstood()],
  ])('forgets a name when %s, even without success', (_when, statement) => {
    const tables = new TemporaryTables();
    tables.note(define('create table', 'shop.inbox', true), true);
    tables.note(statement, false);
    expect(tables.has('shop.inbox')).toBe(false);
  });

  it('holds a bounded number of names', () => {
    const tables = new TemporaryTables();
    for (let n = 0; n < 1001; n++) tables.note(define('create table', `shop.t${n}`, true), true);
    expect([tables.has('shop.t999'), tables.has('shop.t1000')]).toEqual([true, false]);
  });
});

function define(
  verb: string,
  path: string,
  temporary: boolean,
  kind: 'relation' | 'namespace' = 'relation',
): AnalyzedStatement {
  const object = known({ kind, path: path.split('.') });
  return statement(verb, known([{ action: 'define', object, fields: known([]) }]), temporary);
}

function notUnderstood(): AnalyzedStatement {
  return statement('create table', unknown('a query inside a definition'), true);
}

function statement(
  verb: string,
  accesses: AnalyzedStatement['facts']['accesses'],
  temporary: boolean,
): AnalyzedStatement {
  return {
    facts: {
      verb,
      accesses,
      bounded: known(true),
      limit: known(null),
      functions: known([]),
      output: known([]),
      irreversible: true,
      fingerprint: 'f',
    },
    start: 0,
    end: 0,
    effects: [{ kind: 'schema-change', temporary }],
    parameters: 0,
    returns: 'none',
  };
}
