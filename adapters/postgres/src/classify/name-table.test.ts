import { describe, expect, it } from 'vitest';
import { NameTable } from './name-table.ts';

const entry = (is: string) => ({ is, bytes: 10 });

function open(
  table: NameTable<{ is: string; bytes: number }>,
  name: string | null,
  is: string | null,
  segment = 1,
) {
  return table.change(name, is === null ? null : entry(is), segment)!;
}

describe('a table of names', () => {
  it('keeps the old meaning of a name when making it again fails', () => {
    const table = new NameTable<{ is: string; bytes: number }>();
    table.confirm(open(table, 's', 'first'));
    const again = open(table, 's', 'second', 2);
    expect(table.find('s', 2)).toMatchObject({ is: 'second' });
    expect(table.find('s', 3)).toBe('undecided');
    table.drop(again);
    expect(table.find('s', 3)).toMatchObject({ is: 'first' });
  });

  it('follows a name that goes and comes back before any reply', () => {
    const table = new NameTable<{ is: string; bytes: number }>();
    table.confirm(open(table, 's', 'first'));
    const gone = open(table, 's', null);
    expect(table.find('s', 1)).toBeUndefined();
    const back = open(table, 's', 'second');
    table.confirm(gone);
    expect(table.find('s', 1)).toMatchObject({ is: 'second' });
    table.confirm(back);
    expect(table.find('s', 9)).toMatchObject({ is: 'second' });
  });

  it('removes all names at once, those made behind it excepted', () => {
    const table = new NameTable<{ is: string; bytes: number }>();
    table.confirm(open(table, 'a', 'a'));
    const clear = open(table, null, null);
    expect(table.find('a', 1)).toBeUndefined();
    expect(table.find('a', 2)).toBe('undecided');
    const made = open(table, 'b', 'b');
    expect(table.find('b', 1)).toMatchObject({ is: 'b' });
    table.confirm(clear);
    table.confirm(made);
    expect(table.find('a', 2)).toBeUndefined();
    expect(table.find('b', 2)).toMatchObject({ is: 'b' });
  });

  it.each([true, false])(
    'removes the one without a name with all others, or leaves it: %s',
    (keepsUnnamed) => {
      const table = new NameTable<{ is: string; bytes: number }>({ keepsUnnamed });
      table.confirm(open(table, '', 'unnamed'));
      table.confirm(open(table, 's', 'named'));
      const all = open(table, null, null);
      const expected = keepsUnnamed ? { is: 'unnamed' } : undefined;
      expect(table.find('', 1)?.valueOf()).toEqual(expected && expect.objectContaining(expected));
      expect(table.find('s', 1)).toBeUndefined();
      table.confirm(all);
      expect(table.find('', 2)?.valueOf()).toEqual(expected && expect.objectContaining(expected));
      expect(table.find('s', 2)).toBeUndefined();
    },
  );

  it('compares as many bytes of a name as the server does', () => {
    const table = new NameTable<{ is: string; bytes: number }>();
    table.confirm(open(table, `${'n'.repeat(63)}1`, 'first'));
    expect(table.find(`${'n'.repeat(63)}2`, 1)).toMatchObject({ is: 'first' });
    expect(table.find('n'.repeat(62), 1)).toBeUndefined();
  });

  it('takes hostile names for names', () => {
    const table = new NameTable<{ is: string; bytes: number }>();
    for (const name of ['__proto__', 'constructor', '']) {
      expect(table.find(name, 1)).toBeUndefined();
      table.confirm(open(table, name, name));
      expect(table.find(name, 1)).toMatchObject({ is: name });
    }
  });

  it('has room for so many names and so many bytes, and has it again when they go', () => {
    const few = new NameTable<{ is: string; bytes: number }>({ maxEntries: 2, maxBytes: 1000 });
    few.confirm(open(few, 'a', 'a'));
    const b = open(few, 'b', 'b');
    expect(few.change('c', entry('c'), 1)).toBeNull();
    few.drop(b);
    expect(few.change('c', entry('c'), 1)).not.toBeNull();
    const small = new NameTable<{ is: string; bytes: number }>({ maxEntries: 100, maxBytes: 25 });
    small.confirm(open(small, 'a', 'a'));
    small.confirm(open(small, 'b', 'b'));
    expect(small.change('c', entry('c'), 1)).toBeNull();
    small.keep(() => false);
    expect(small.change('c', entry('c'), 1)).not.toBeNull();
  });

  it('counts the bytes of a name that is made again once', () => {
    const table = new NameTable<{ is: string; bytes: number }>({ maxEntries: 100, maxBytes: 25 });
    for (let i = 0; i < 50; i++) table.confirm(open(table, '', 'unnamed'));
    expect(table.find('', 1)).toMatchObject({ is: 'unnamed' });
  });
});
