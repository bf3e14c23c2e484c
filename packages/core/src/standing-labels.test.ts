import { describe, expect, it } from 'vitest';
import { loadPolicies } from './load-policies.ts';
import { createStandingLabels } from './standing-labels.ts';

const DOCUMENT = `kind: classification
name: shop
databases: { names: [shop] }
objects:
  public.customers: { email: pii.email, 'tax_*': [pii.tax-id, money] }
  '*.tickets': { customer: pii.name, customer.email: pii.email }
---
kind: classification
name: elsewhere
databases: { names: [billing] }
objects: { '*': { email: other } }
---
kind: classification
name: everywhere
objects: { '*.customers': { Email: contact } }
`;

describe('the labels that stand', () => {
  const loaded = loadPolicies([{ file: 'a.yaml', text: DOCUMENT }]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const labels = createStandingLabels(
    loaded.set,
    {
      dialect: 'postgres',
      database: { name: 'shop', labels: {} },
    },
    [],
  );
  const of = (name: string, field: string) => labels({ kind: 'relation', path: ['public', name] }, field);

  it('add up over every classification that speaks of the database', () => {
    expect(of('customers', 'email')).toEqual(['pii.email', 'contact']);
    expect(of('customers', 'tax_number')).toEqual(['pii.tax-id', 'money']);
    expect(of('customers', 'id')).toEqual([]);
    expect(of('orders', 'email')).toEqual([]);
  });

  it('hold below a labelled path, and not above it', () => {
    expect(of('tickets', 'customer.email')).toEqual(['pii.name', 'pii.email']);
    expect(of('tickets', 'customer.phone')).toEqual(['pii.name']);
    expect(
      createStandingLabels(
        loaded.set,
        { dialect: 'mongodb', database: { name: 'billing', labels: {} } },
        [],
      )({ kind: 'relation', path: ['public', 'tickets'] }, 'customer'),
    ).toEqual([]);
  });
});
