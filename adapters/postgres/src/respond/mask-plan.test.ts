import { createMasker } from '@gatehouse/masking';
import {
  type FieldMask,
  type FieldSource,
  known,
  type OutputColumn,
  type Statement,
  unknown,
} from '@gatehouse/model';
import { buildPostgresCatalog, plainCatalogRows } from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import { unknownFacts } from '../classify/pending-message.ts';
import type { ColumnDescription } from '../messages/row-description.ts';
import { createMaskPlan } from './mask-plan.ts';

const catalog = buildPostgresCatalog({
  ...plainCatalogRows([
    { name: 'people', kind: 'p', oid: 1000, columns: ['id', 'email'] },
    { name: 'people_2024', oid: 1001, columns: ['id', 'email'] },
    { name: 'people_view', kind: 'v', oid: 1002, columns: ['id', 'alias'] },
  ]),
  inheritance: [{ child: 1001, parent: 1000 }],
  viewRelations: [{ view: 1002, relation: 1000, attnum: 2 }],
});

function mask(field: string, masker: FieldMask['masker'] = { kind: 'redact' }): FieldMask {
  return {
    object: { kind: 'relation', path: ['public', 'people'] },
    field,
    masker,
    rule: { policy: 'p', rule: 'r' },
  };
}

function column(tableOid: number, attnum: number, typeOid = 25): ColumnDescription {
  return { name: 'c', tableOid, attnum, typeOid, typeModifier: -1, format: 0 };
}

const NOT_TOLD: Statement = unknownFacts('select', 'not told');
const told = (...output: readonly OutputColumn[]): Statement => ({ ...NOT_TOLD, output: known(output) });
const output = (kind: OutputColumn['kind'], ...fields: readonly string[]): OutputColumn => ({
  name: 'c',
  kind,
  sources: known(fields.map((field) => ({ object: mask(field).object, field }))),
});

/** `as is`, the constant that replaces it, `computed`, or `withheld`. */
function planned(
  columns: readonly ColumnDescription[],
  masks: readonly FieldMask[],
  statement: Statement = NOT_TOLD,
): string {
  const plan = createMaskPlan({
    columns,
    masks,
    statement,
    catalog,
    maskerOf: (spec) => createMasker(spec, { key: Buffer.alloc(32) }),
  });
  if (plan === null) return 'withheld';
  return plan
    .map((each) => (each === null ? 'as is' : each.kind === 'constant' ? String(each.bytes) : each.kind))
    .join(', ');
}

describe('the plan for a result', () => {
  it.each([
    ['the column itself', 1000, 2, '***'],
    ['another column of the table', 1000, 1, 'as is'],
    ['a partition', 1001, 2, '***'],
    ['a view', 1002, 2, '***'],
    ['a system column', 1000, -1, 'as is'],
    ['a table that is not known', 4242, 1, 'withheld'],
    ['a column that is not known', 1000, 99, 'withheld'],
    ['a system column of an unknown table', 4242, -1, 'withheld'],
  ])('follows the origin that the server reports: %s', (_name, oid, attnum, expected) => {
    expect(planned([column(oid, attnum)], [mask('email')])).toBe(expected);
  });

  it('masks every column when the mask is for all fields', () => {
    expect(planned([column(1000, 1, 23), column(1000, 2)], [mask('*')])).not.toContain('as is');
  });

  it('prefers NULL when several masks hold', () => {
    expect(planned([column(1000, 2)], [mask('email'), mask('email', { kind: 'null' })])).toBe('null');
  });

  it('gives NULL for a type of which no masked value can be made', () => {
    expect(planned([column(1000, 2, 600)], [mask('email', { kind: 'hash' })])).toBe('null');
  });

  it.each([
    ['known to be harmless', told(output('none')), 'as is'],
    ['computed from unmasked columns', told(output('derived', 'id')), 'as is'],
    ['computed from unmasked columns only', told(output('value', 'id')), 'as is'],
    [
      'of sources that are not known',
      told({ name: 'c', kind: 'derived', sources: unknown('x') }),
      'withheld',
    ],
    ['not told', NOT_TOLD, 'withheld'],
    ['told with another number of columns', told(output('none'), output('none')), 'withheld'],
  ])('lets a column without origin pass only when it is %s', (_what, statement, expected) => {
    expect(planned([column(0, 0)], [mask('email')], statement)).toBe(expected === '' ? 'as is' : expected);
  });

  it.each([
    ['computed from a masked column', output('derived', 'email'), 'null'],
    ['computed from all columns', output('derived', '*'), 'null'],
    ['a masked column, unchanged', output('value', 'email'), '***'],
    ['one of two columns, unchanged', output('value', 'id', 'email'), '***'],
  ])('masks a column without origin that is %s', (_what, column_, expected) => {
    expect(planned([column(0, 0)], [mask('email')], told(column_))).toBe(expected);
  });

  it.each([
    ['of a table with masks', told(output('derived', '*')), 'null'],
    ['that nobody knows', NOT_TOLD, 'withheld'],
  ])('masks a whole row %s', (_what, statement, expected) => {
    expect(planned([column(1000, 0, 1000)], [mask('email')], statement)).toBe(expected);
  });

  it('gives NULL where the columns behind one output have different masks', () => {
    const masks = [mask('email'), mask('id', { kind: 'hash' })];
    expect(planned([column(0, 0)], masks, told(output('value', 'id', 'email')))).toBe('null');
  });

  it.each([
    ['computed from a masked one', output('derived', 'email', 'id'), 'null'],
    ['a masked one', output('value', 'email'), '***'],
  ])(
    'believes the analysis that a column is %s while its reported origin is harmless',
    (_what, column_, expected) => {
      expect(planned([column(1000, 1)], [mask('email')], told(column_))).toBe(expected);
    },
  );

  it('believes the analysis which columns stand behind the column of a view, where it names that column', () => {
    const columns = [column(1002, 1)];
    const ofView = (field: string) => ({
      object: { kind: 'relation', path: ['public', 'people_view'] } as const,
      field,
    });
    const told_ = (...sources: readonly FieldSource[]) =>
      told({ name: 'c', kind: 'value', sources: known(sources) });
    const base = { object: mask('email').object };
    expect(planned(columns, [mask('email')], told_(ofView('id'), { ...base, field: 'id' }))).toBe('as is');
    expect(planned(columns, [mask('email')], told_(ofView('id'), { ...base, field: 'email' }))).toBe('***');
    expect(planned(columns, [mask('email')], told_({ ...base, field: 'id' }))).toBe('***');
    expect(planned(columns, [mask('email')])).toBe('***');
  });

  it('knows nothing without a catalog', () => {
    const plan = createMaskPlan({
      columns: [column(1000, 1)],
      masks: [mask('email')],
      statement: NOT_TOLD,
      catalog: null,
      maskerOf: (spec) => createMasker(spec, { key: Buffer.alloc(32) }),
    });
    expect(plan).toBeNull();
  });
});
