/** Labels that a database gives to its own columns, through the engine. */
import { describe, expect, it } from 'vitest';
import { ALLOW_ALL, loadSet, policyOf, requestOf } from '../testkit/policy-fixture.ts';
import { type LabelledColumn, readCommentLabels } from './comment-labels.ts';
import { createEngine } from './engine.ts';
import { explain } from './explain.ts';

const MASK = '{ name: m, effect: mask, mask: { labels: { pii.email: hash, pii.*: "null" } } }';
const SECRET = '{ name: s, effect: deny, match: { actions: [read], columns: { labels: [secret] } } }';
const DOCUMENT = 'kind: classification\nname: c\nobjects: { public.customers: { phone: pii.phone } }\n';
const SET = loadSet(policyOf([ALLOW_ALL, MASK, SECRET], DOCUMENT));

const commented = (table: string, field: string, comment: string): readonly LabelledColumn[] =>
  readCommentLabels([{ object: { kind: 'relation', path: ['public', table] }, field, comment }]);

/** An engine over columns that can change. */
function open(columns: readonly LabelledColumn[] = []) {
  const shop = { columns };
  const none: readonly LabelledColumn[] = [];
  const engine = createEngine(SET, {
    revision: 'r',
    columnLabels: (database) => (database === 'shop' ? shop.columns : none),
  });
  const masks = (request: ReturnType<typeof requestOf>) => {
    const { effect, obligations } = engine.decide(request);
    return [effect, ...obligations.masks.map(({ field, masker }) => `${field} ${masker.kind}`)].sort();
  };
  return { shop, engine, masks };
}

const READ = '{ access: [{ action: read, object: public.customers, fields: [id, email, phone] }] }';

describe('labels in comments', () => {
  it('are masked and denied like labels in documents', () => {
    const { masks, shop } = open(commented('customers', 'email', 'gatehouse: pii.email'));
    expect(masks(requestOf(READ))).toEqual(['email hash', 'permit', 'phone null']);
    shop.columns = commented('customers', 'email', 'gatehouse: secret');
    expect(masks(requestOf(READ))[0]).toBe('deny');
  });

  it('count for a statement that was decided before they were there', () => {
    const { masks, shop } = open();
    const request = requestOf(READ);
    expect(masks(request)).toEqual(['permit', 'phone null']);
    shop.columns = commented('customers', 'email', 'gatehouse: pii.email');
    expect(masks(request)).toEqual(['email hash', 'permit', 'phone null']);
    shop.columns = [];
    expect(masks(request)).toEqual(['permit', 'phone null']);
  });

  it('take nothing from what a document says', () => {
    const { masks, shop } = open(commented('customers', 'phone', 'gatehouse: harmless'));
    expect(masks(requestOf(READ))).toEqual(['permit', 'phone null']);
    shop.columns = commented('customers', 'phone', 'gatehouse:');
    expect(masks(requestOf(READ))).toEqual(['permit', 'phone null']);
  });

  it('hold for their own database alone', () => {
    const { masks } = open(commented('customers', 'email', 'gatehouse: pii.email'));
    expect(masks(requestOf(READ, { database: 'billing' }))).toEqual(['permit', 'phone null']);
  });

  it('hold in any case, and for no other table', () => {
    const { masks } = open(commented('Customers', 'EMAIL', 'gatehouse: pii.email'));
    expect(masks(requestOf(READ))).toEqual(['EMAIL hash', 'email hash', 'permit', 'phone null']);
    const star = open(commented('*', 'email', 'gatehouse: pii.email'));
    expect(star.masks(requestOf(READ))).toEqual(['permit', 'phone null']);
  });

  it('hide the whole table when a name is no path', () => {
    const { masks } = open(commented('customers', 'a..b', 'gatehouse: pii.email'));
    expect(masks(requestOf(READ))).toEqual(['* null', 'permit']);
  });

  it('hold against reading a namespace as a whole', () => {
    const read = '{ access: [{ action: read, object: public, kind: namespace, fields: ["*"] }] }';
    const one = open(commented('people', 'email', 'gatehouse: pii.email'));
    expect(one.masks(requestOf(read))[0]).toBe('deny');
  });

  it('keep a masked principal from changing the comment', () => {
    const { engine } = open(commented('people', 'email', 'gatehouse: pii.email'));
    const comment = '{ verb: comment, access: [{ action: define, object: public.people }] }';
    expect(engine.decide(requestOf(comment))).toMatchObject({
      effect: 'deny',
      reason: { code: 'masked-copy' },
    });
  });

  it('are explained', () => {
    const { engine } = open(commented('customers', 'email', 'gatehouse: secret'));
    const { decision, statements } = explain(engine, requestOf(READ));
    expect(decision.effect).toBe('deny');
    expect(statements[0]?.traces).toContainEqual(
      expect.objectContaining({ rule: expect.objectContaining({ rule: 's' }), outcome: 'yes' }),
    );
  });
});
