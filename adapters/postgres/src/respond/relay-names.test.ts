import type { PendingRequest } from '@gatehouse/adapter';
import { describe, expect, it } from 'vitest';
import { bind, close, execute, extended, parse, query, SYNC_MESSAGE } from '../testing/frontend-messages.ts';
import { maskSecret, openSession } from '../testing/open-session.ts';
import { ANSWERS, DENIED, open, READ } from '../testing/relay-scenes.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';

function isUnderstood({ statements }: PendingRequest): boolean {
  return statements.every(
    ({ accesses }) => accesses.known && accesses.value.every(({ object }) => object.known),
  );
}

describe('a name', () => {
  it('keeps its meaning when making it again fails, by Parse', async () => {
    const session = await open(maskSecret);
    session.send(parse('s', READ), SYNC_MESSAGE, parse('s', 'select 1'), SYNC_MESSAGE);
    session.send(bind('', 's'), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 ZI E(42000) ZI 2 D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI');
  });

  it('keeps its meaning when making it again fails, by PREPARE', async () => {
    const session = await open(maskSecret);
    session.send(query(`prepare p as ${READ}`), query('prepare p as select 1'), query('execute p'));
    expect(await session.settle()).toBe(
      'C(PREPARE) ZI E(42P05) ZI T D[ana,hidden] D[bob,NULL] C(SELECT 2) ZI',
    );
  });

  it('is the statement inside a PREPARE when it is bound, not the PREPARE', async () => {
    const session = await openSession(new ScriptedPostgres(ANSWERS));
    session.send(query(`prepare p as ${READ}`));
    await session.settle();
    session.send(bind('', 'p'), execute(''), SYNC_MESSAGE);
    await session.settle();
    const verbs = session.decided.map(({ statements }) => statements.map(({ verb }) => verb).join());
    expect(verbs).toEqual(['prepare', 'select', 'select']);
  });

  it('is what the text itself makes of it', async () => {
    const texts = [`deallocate p; prepare p as ${READ}; execute p`, 'prepare p as select 1'];
    const seen: (readonly string[])[] = [];
    const session = await open((pending) => {
      seen.push(pending.statements.map(({ verb }) => verb));
      return {};
    });
    session.send(query(texts[1]!), query(texts[0]!));
    await session.settle();
    expect(seen).toEqual([['prepare'], ['deallocate', 'prepare', 'select']]);
  });

  it.each([
    ['calls something for its parameters', `prepare p(int) as select $1`, 'execute p(f())'],
    ['stands inside another statement', `prepare p as ${READ}`, 'create table copied as execute p'],
    ['comes behind a change of names', `prepare p as ${READ}`, 'set search_path to other; execute p'],
    ['was never prepared', 'select 1', 'execute p'],
  ])('is unknown when its EXECUTE %s', async (_why, first, second) => {
    const seen: boolean[] = [];
    const server = new ScriptedPostgres({ ...ANSWERS, [first]: { tag: 'PREPARE' } });
    const session = await openSession(server, (pending) => {
      seen.push(pending.statements.every(({ accesses }) => accesses.known));
      return seen.length === 2 ? DENIED : {};
    });
    session.send(query(first), query(second));
    expect(await session.settle()).toMatch(/E\(42501\) ZI$/);
    expect(seen).toEqual([true, false]);
  });

  it('goes with its Close and comes back with the next Parse, in one pipeline', async () => {
    const session = await open();
    session.send(
      parse('a', 'select 1'),
      close('S', 'a'),
      parse('a', 'select 2'),
      bind('', 'a'),
      execute(''),
      SYNC_MESSAGE,
    );
    session.send(bind('', 'a'), execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 3 1 2 D[2] C(SELECT 1) ZI 2 D[2] C(SELECT 1) ZI');
  });

  it('stays when the end of an earlier transaction is reported behind its Bind', async () => {
    const session = await open();
    session.send(extended('select 1'), SYNC_MESSAGE, parse('', 'select 2'), bind('', ''));
    session.answer();
    session.send(execute(''), SYNC_MESSAGE);
    expect(await session.settle()).toBe('1 2 D[1] C(SELECT 1) ZI 1 2 D[2] C(SELECT 1) ZI');
  });
});

describe('what names mean', () => {
  it('is only looked up when the statement before has changed it', async () => {
    const session = await open(maskSecret);
    session.send(extended('set search_path to other'), extended(READ), SYNC_MESSAGE);
    await session.settle();
    const paths = session.decided.map(({ statements }) =>
      statements
        .flatMap(({ accesses }) => (accesses.known ? accesses.value : []))
        .map(({ object }) => object.known && object.value.path.join('.')),
    );
    expect(paths.at(-1)).toEqual(['other.people']);
  });

  it('is settled when a portal is opened, whatever is set afterwards', async () => {
    const session = await open(maskSecret);
    session.send(
      parse('s', READ),
      bind('early', 's'),
      extended('set search_path to other'),
      execute('early'),
      SYNC_MESSAGE,
    );
    expect(await session.settle()).toContain('D[ana,hidden]');
  });

  it('goes back with a transaction that fails before anything was reported', async () => {
    const text = 'set search_path to other; select 1 from nowhere';
    const server = new ScriptedPostgres({ ...ANSWERS, [text]: { error: { code: '42P01', message: 'x' } } });
    const session = await openSession(server, maskSecret);
    session.send(query(text), query(READ));
    expect(await session.settle()).toContain('D[ana,hidden]');
  });

  it('is not believed while an error on its way may still take it back', async () => {
    const session = await open(maskSecret);
    session.send(extended('set search_path to other'), extended('select secret from people'), SYNC_MESSAGE);
    session.send(extended(READ), SYNC_MESSAGE);
    const words = await session.settle();
    expect(words).toContain('D[ana,hidden]');
    expect(words).not.toContain('s3cr3t');
  });

  it('asks for a newer catalog once when a name is missing, and does not trust one that could not be read', async () => {
    const session = await open();
    session.refresh = () => Promise.reject(new Error('down'));
    session.send(query('select 1 from nowhere'));
    await session.settle();
    expect(session.refreshes).toBe(1);
    expect(isUnderstood(session.decided[0]!)).toBe(false);
    session.refresh = async () => undefined;
    session.send(query('select 1 from nowhere'));
    await session.settle();
    expect(isUnderstood(session.decided[1]!)).toBe(true);
  });
});
