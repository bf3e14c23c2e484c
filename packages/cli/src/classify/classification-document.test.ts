import { loadPolicies } from '@gatehouse/core';
import { describe, expect, it } from 'vitest';
import { addLabels } from './classification-document.ts';

const TARGET = { name: 'classify-shop', database: 'shop' };
const column = (field: string, label: string, table = 'customers', namespace = 'public') => ({
  namespace,
  table,
  field,
  label,
});

function entriesOf(text: string) {
  const result = loadPolicies([{ file: 'a.yaml', text }]);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.set.classifications.map(({ name, entries }) => [
    name,
    ...entries.map((entry) => Object.values(entry)),
  ]);
}

describe('a classification that is written', () => {
  it('is what the loader reads', () => {
    const text = addLabels('', TARGET, [
      column('email', 'pii.email'),
      column('notes', 'pii.free-text'),
      column('notes', 'secret'),
    ]);
    expect(entriesOf(text)).toEqual([
      [
        'classify-shop',
        ['public.customers', 'email', ['pii.email']],
        ['public.customers', 'notes', ['pii.free-text', 'secret']],
      ],
    ]);
  });

  it('keeps what stands in the file, comments too', () => {
    const before = `# by hand\nkind: classification\nname: mine\nobjects:\n  a.b: { c: d } # why\n---\nkind: classification\nname: classify-shop\ndatabases: { names: [shop] }\nobjects:\n  Public.Customers:\n    Email: contact # asked for\n    phone: [pii.phone]\n`;
    const text = addLabels(before, TARGET, [column('email', 'pii.email'), column('phone', 'pii.phone')]);
    expect(entriesOf(text)).toEqual([
      ['mine', ['a.b', 'c', ['d']]],
      [
        'classify-shop',
        ['Public.Customers', 'Email', ['contact', 'pii.email']],
        ['Public.Customers', 'phone', ['pii.phone']],
      ],
    ]);
    for (const comment of ['# by hand', '# why', '# asked for']) expect(text).toContain(comment);
  });

  it('comes behind other documents', () => {
    const text = addLabels('kind: classification\nname: other\nobjects: {}\n', TARGET, [column('a', 'x')]);
    expect(entriesOf(text)).toEqual([['other'], ['classify-shop', ['public.customers', 'a', ['x']]]]);
  });

  it('says the same when it is written twice', () => {
    const once = addLabels('', TARGET, [column('email', 'pii.email')]);
    expect(addLabels(once, TARGET, [column('email', 'pii.email')])).toBe(once);
  });

  it('holds hostile names', () => {
    const text = addLabels('', TARGET, [
      column('*', 'x', 'a: b\n- c', 'my.schema'),
      column('__proto__', 'y', '"quoted" #'),
      column('true', 'z', 'null', '1e3'),
    ]);
    expect(entriesOf(text)).toEqual([
      [
        'classify-shop',
        ['my?schema.a: b\n- c', '?', ['x']],
        ['public."quoted" #', '__proto__', ['y']],
        ['1e3.null', 'true', ['z']],
      ],
    ]);
  });

  it.each(['a: [', '- a\n- b\n', 'just text'])('refuses to add to %j', (text) => {
    expect(() => addLabels(text, TARGET, [column('a', 'x')])).toThrow();
  });
});
