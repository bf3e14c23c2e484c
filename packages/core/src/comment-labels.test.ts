import { describe, expect, it } from 'vitest';
import { readCommentLabels } from './comment-labels.ts';

const OBJECT = { kind: 'relation', path: ['public', 'customers'] } as const;
const labels = (comment: string) =>
  readCommentLabels([{ object: OBJECT, field: 'email', comment }]).flatMap((column) => column.labels);

describe('labels in comments', () => {
  it.each([
    ['gatehouse: pii.email', ['pii.email']],
    ['gatehouse:pii.email', ['pii.email']],
    ['gatehouse: pii.email, contact', ['pii.email', 'contact']],
    ['gatehouse: pii.email contact pii.email', ['pii.email', 'contact']],
    ['where invoices go; GateHouse: PII.Email; ask Ana', ['pii.email']],
    ['first line\ngatehouse: pii.email\nlast line', ['pii.email']],
    ['gatehouse: a; gatehouse: b', ['a', 'b']],
  ])('reads %j', (comment, expected) => expect(labels(comment)).toEqual(expected));

  it.each(['', 'pii.email', 'our gatehouse keeps it', 'notgatehouse: pii.email', 'gatehouse pii.email'])(
    'finds none in %j',
    (comment) => expect(labels(comment)).toEqual([]),
  );

  it.each([
    'gatehouse:',
    'gatehouse: ;',
    'gatehouse: pii_email',
    'gatehouse: pii.*',
    `gatehouse: ${'a'.repeat(101)}`,
  ])('hides a column over what it cannot read in %j', (comment) =>
    expect(labels(comment)).toEqual(['pii.unreadable']),
  );

  it('keeps what it can read beside what it cannot', () => {
    expect(labels('gatehouse: pii.email, (see wiki)')).toEqual(['pii.email', 'pii.unreadable']);
  });

  it('reads no more labels than a column can need', () => {
    const found = labels(`gatehouse: ${Array.from({ length: 50_000 }, (_, index) => `l${index}`).join(',')}`);
    expect(found).toHaveLength(33);
    expect(found).toContain('pii.unreadable');
  });
});
