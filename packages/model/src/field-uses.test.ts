import { expect, it } from 'vitest';
import { type FieldUses, recordUse } from './field-uses.ts';

it('keeps an equality only while it is the one filter on the field', () => {
  const uses: FieldUses = new Map();
  recordUse(uses, { field: 'email', use: 'filter', equality: true });
  recordUse(uses, { field: 'name', use: 'filter', equality: true });
  recordUse(uses, { field: 'name', use: 'sort' });
  expect([...uses.values()]).toEqual([
    { field: 'email', use: 'filter', equality: true },
    { field: 'name', use: 'filter', equality: true },
    { field: 'name', use: 'sort' },
  ]);
  recordUse(uses, { field: 'email', use: 'filter', equality: true });
  recordUse(uses, { field: 'name', use: 'filter' });
  recordUse(uses, { field: 'name', use: 'filter', equality: true });
  expect([...uses.values()].filter(({ equality }) => equality)).toEqual([]);
});
