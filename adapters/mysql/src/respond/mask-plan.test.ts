import {
  type FieldMask,
  known,
  type MaskerSpec,
  type OutputColumn,
  type Statement,
  unknown,
} from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { unknownStatement } from '../classify/own-facts.ts';
import { encodePacket } from '../codec/packet.ts';
import { column, textRow } from '../testing/packets.ts';
import { planMasks } from './mask-plan.ts';

const CUSTOMERS = { kind: 'relation' as const, path: ['shop', 'customers'] };
const mask = (masker: MaskerSpec, field = 'email'): FieldMask => ({
  object: CUSTOMERS,
  field,
  masker,
  rule: { policy: 'pii', rule: 'r' },
});
const PARTIAL = mask({ kind: 'partial', keepFirst: 1, keepLast: 0 });

function statement(output: readonly OutputColumn[] | null): Statement {
  return {
    ...unknownStatement('select', 'x'),
    output: output === null ? unknown('x') : known(output),
  };
}

function out(kind: OutputColumn['kind'], ...fields: string[]): OutputColumn {
  return { name: 'c', kind, sources: known(fields.map((field) => ({ object: CUSTOMERS, field }))) };
}

const UNKNOWN_SOURCE: OutputColumn = { name: 'c', kind: 'derived', sources: unknown('x') };

/** What becomes of the value `alice`, or `withheld`. */
function result(
  given: Parameters<typeof column>[0],
  output: OutputColumn | null,
  options: { readonly plain?: boolean; readonly masks?: readonly FieldMask[] } = {},
): string | null {
  const plan = planMasks([column(given)], {
    masks: options.masks ?? [PARTIAL],
    statement: statement(output === null ? null : [output]),
    plain: options.plain ?? false,
    isBaseTable: (schema, table) => schema === 'shop' && ['customers', 'orders'].includes(table),
    binary: false,
    key: Buffer.alloc(32, 1),
  });
  if (plan.kind === 'withhold') return 'withheld';
  if (plan.masker === null) return 'alice';
  const packet = encodePacket(5, textRow('alice'));
  const masked = plan.masker.mask(packet, 0, packet.length).bytes;
  return masked[4] === 0xfb ? null : masked.toString('utf8', 5);
}

const EXPRESSION = { schema: '', table: '', orgTable: '', orgName: '' };
const OTHER = { orgTable: 'orders', orgName: 'note' };

describe('planMasks', () => {
  it('masks a field that lineage and server agree on', () => {
    expect(result({}, out('value', 'email'))).toBe('a****');
  });

  it('masks by lineage where the server names an alias', () => {
    expect(result(OTHER, out('value', 'email'))).toBe('a****');
  });

  it('masks by the server where lineage names another field', () => {
    expect(result({}, out('value', 'name'))).toBe('a****');
  });

  it('redacts an expression over a masked field whole, so that parts cannot be put together', () => {
    expect(result(EXPRESSION, out('derived', 'email'))).toBe('***');
    expect(result({}, out('derived', 'email'))).toBe('***');
  });

  it('leaves what lineage knows to be harmless', () => {
    expect(result(EXPRESSION, out('none'))).toBe('alice');
    expect(result(EXPRESSION, out('derived', 'name'))).toBe('alice');
    expect(result({ orgName: 'name' }, out('value', 'name'))).toBe('alice');
  });

  it('withholds an expression of unknown lineage', () => {
    expect(result(EXPRESSION, null)).toBe('withheld');
    expect(result(EXPRESSION, UNKNOWN_SOURCE, { plain: true })).toBe('withheld');
  });

  it('withholds a column that only looks like an innocent table', () => {
    expect(result(OTHER, null)).toBe('withheld');
    expect(result(OTHER, UNKNOWN_SOURCE)).toBe('withheld');
  });

  it('believes the server for a plain statement over base tables', () => {
    expect(result(OTHER, null, { plain: true })).toBe('alice');
    expect(result({}, null, { plain: true })).toBe('a****');
    expect(result({ orgTable: 'some_view' }, null, { plain: true })).toBe('withheld');
  });

  it('withholds when lineage counts another number of columns than the server', () => {
    const plan = planMasks([column(EXPRESSION), column(EXPRESSION)], {
      masks: [PARTIAL],
      statement: statement([out('none')]),
      plain: false,
      isBaseTable: () => true,
      binary: false,
      key: Buffer.alloc(32, 1),
    });
    expect(plan.kind).toBe('withhold');
  });

  it('compares names without case and understands masks of whole objects', () => {
    expect(result({ schema: 'SHOP', orgTable: 'CUSTOMERS', orgName: 'Email' }, null, { plain: true })).toBe(
      'a****',
    );
    expect(result({ orgName: 'anything' }, out('none'), { masks: [mask({ kind: 'redact' }, '*')] })).toBe(
      '***',
    );
  });

  it('redacts where two rules ask for different maskers', () => {
    expect(result({}, out('value', 'email'), { masks: [PARTIAL, mask({ kind: 'hash' })] })).toBe('***');
    expect(result({}, out('value', 'email'), { masks: [PARTIAL, mask({ kind: 'null' })] })).toBeNull();
  });
});
