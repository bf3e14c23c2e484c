import type { MaskerSpec } from '@gatehouse/model';
import { ByteWriter, WireError } from '@gatehouse/wire';
import { describe, expect, it } from 'vitest';
import { formatBinaryValue, parseBinaryValue } from '../codec/binary-value.ts';
import { encodePacket } from '../codec/packet.ts';
import { UNSIGNED_FLAG } from '../messages/column-definition-41.ts';
import { layoutOf, TYPE } from '../messages/column-type.ts';
import { column, textRow } from '../testing/packets.ts';
import { createRowMasker } from './row-masker.ts';

const KEY = Buffer.alloc(32, 1);
const REDACT: MaskerSpec = { kind: 'redact' };

function maskText(
  row: Buffer,
  columns: readonly ReturnType<typeof column>[],
  specs: readonly (MaskerSpec | null)[],
) {
  const packet = encodePacket(9, row);
  return createRowMasker(columns, specs, { binary: false, key: KEY }).mask(packet, 0, packet.length);
}

/** A binary row with these wire values; null for NULL. */
function binaryRow(values: readonly (Buffer | null)[]): Buffer {
  const bitmap = Buffer.alloc((values.length + 9) >> 3);
  for (const [i, value] of values.entries()) if (value === null) bitmap[(i + 2) >> 3]! |= 1 << ((i + 2) & 7);
  return Buffer.concat([Buffer.of(0), bitmap, ...values.filter((value) => value !== null)]);
}

function maskBinary(
  type: number,
  wire: Buffer,
  spec: MaskerSpec,
  given: Parameters<typeof column>[0] = {},
): Buffer {
  const packet = encodePacket(9, binaryRow([wire]));
  const masker = createRowMasker([column({ type, collation: 63, ...given })], [spec], {
    binary: true,
    key: KEY,
  });
  return masker.mask(packet, 0, packet.length).bytes.subarray(4);
}

function little(bytes: number, value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigInt64LE(value);
  return out.subarray(0, bytes);
}

describe('text rows', () => {
  it('replaces the masked column, copies the others, keeps the sequence id and counts', () => {
    const masked = maskText(
      textRow('1', 'ann@example.com', null),
      [column(), column(), column()],
      [null, REDACT, null],
    );
    expect(masked.cells).toBe(1);
    expect(masked.bytes).toEqual(encodePacket(9, textRow('1', '***', null)));
  });

  it('leaves NULL as NULL and counts nothing', () => {
    const masked = maskText(textRow(null), [column()], [REDACT]);
    expect(masked.cells).toBe(0);
    expect(masked.bytes).toEqual(encodePacket(9, textRow(null)));
  });

  it('gives NULL where the type has no valid value', () => {
    const masked = maskText(textRow('POINT'), [column({ type: TYPE.geometry, collation: 63 })], [REDACT]);
    expect(masked.bytes).toEqual(encodePacket(9, textRow(null)));
  });

  it('gives NULL for text in a character set that it cannot read', () => {
    const masked = maskText(
      textRow('x'),
      [column({ collation: 28 })],
      [{ kind: 'partial', keepFirst: 1, keepLast: 0 }],
    );
    expect(masked.bytes).toEqual(encodePacket(9, textRow(null)));
  });

  it('writes years with four digits', () => {
    const masked = maskText(
      textRow('1999'),
      [column({ type: TYPE.year, collation: 63 })],
      [{ kind: 'zero' }],
    );
    expect(masked.bytes).toEqual(encodePacket(9, textRow('0000')));
  });

  it('refuses a row with more or fewer values than columns', () => {
    expect(() => maskText(textRow('1', '2'), [column()], [REDACT])).toThrow(new WireError('trailing-bytes'));
    expect(() => maskText(textRow('1'), [column(), column()], [REDACT, null])).toThrow(WireError);
  });
});

describe('binary rows', () => {
  it.each([
    ['tiny', TYPE.tiny, little(1, 7n), little(1, 0n)],
    ['short', TYPE.short, little(2, 700n), little(2, 0n)],
    ['long', TYPE.long, little(4, 70000n), little(4, 0n)],
    ['int24', TYPE.int24, little(4, 70000n), little(4, 0n)],
    ['longlong', TYPE.longlong, little(8, 9007199254740993n), little(8, 0n)],
    ['year', TYPE.year, little(2, 1999n), little(2, 0n)],
    ['float', TYPE.float, Buffer.from([0, 0, 0xc0, 0x3f]), Buffer.alloc(4)],
    ['double', TYPE.double, Buffer.from([0, 0, 0, 0, 0, 0, 0xf8, 0x3f]), Buffer.alloc(8)],
    ['newdecimal', TYPE.newdecimal, Buffer.from('\x0512.50', 'latin1'), Buffer.from('\x010', 'latin1')],
    ['varString', TYPE.varString, Buffer.from('\x05alice', 'latin1'), Buffer.from('\x00', 'latin1')],
  ])('writes the zero of %s', (_name, type, wire, zero) => {
    const packet = maskBinary(
      type,
      wire,
      { kind: 'zero' },
      type === TYPE.newdecimal ? { length: 12, decimals: 2 } : {},
    );
    expect(packet).toEqual(binaryRow([zero]));
  });

  it.each([
    ['date', TYPE.date, Buffer.of(4, 0xe8, 0x07, 5, 6), '2024-01-01'],
    ['datetime', TYPE.datetime, Buffer.of(7, 0xe8, 0x07, 5, 6, 1, 2, 3), '2024-01-01 00:00:00'],
  ])('cuts a %s to its year', (_name, type, wire, expected) => {
    const row = maskBinary(type, wire, { kind: 'year' });
    const value = row.subarray(3);
    const shape = { unsigned: false, decimals: 0, dateOnly: type === TYPE.date };
    expect(formatBinaryValue(value, layoutOf(type), shape)).toBe(expected);
  });

  it('sets the NULL bit where nothing valid can be said, and drops the value', () => {
    expect(maskBinary(TYPE.long, little(4, 5n), { kind: 'null' })).toEqual(binaryRow([null]));
  });

  it('keeps NULLs and the columns around a masked one', () => {
    const columns = [
      column({ type: TYPE.long }),
      column({ type: TYPE.varString }),
      column({ type: TYPE.tiny }),
    ];
    const packet = encodePacket(1, binaryRow([null, Buffer.from('\x05alice', 'latin1'), Buffer.of(9)]));
    const masked = createRowMasker(columns, [REDACT, REDACT, null], { binary: true, key: KEY });
    const { bytes, cells } = masked.mask(packet, 0, packet.length);
    expect(cells).toBe(1);
    expect(bytes).toEqual(encodePacket(1, binaryRow([null, Buffer.from('\x03***', 'latin1'), Buffer.of(9)])));
  });

  it('refuses a type that no server has', () => {
    expect(() => createRowMasker([column({ type: 99 })], [REDACT], { binary: true, key: KEY })).toThrow(
      WireError,
    );
  });
});

describe('binary values', () => {
  const shape = { unsigned: false, decimals: 6, dateOnly: false };

  it.each([
    ['2024-05-06 07:08:09.000010', 'date'],
    ['-838:59:59.000000', 'time'],
    ['10:11:12.500000', 'time'],
  ] as const)('reads back %s', (text, layout) => {
    const bytes = parseBinaryValue(text, layout, shape);
    expect(formatBinaryValue(bytes!.subarray(1), layout, shape)).toBe(text);
  });

  it('refuses integers that do not fit, and texts that are none', () => {
    expect(parseBinaryValue('128', 'int8', shape)).toBeNull();
    expect(parseBinaryValue('128', 'int8', { ...shape, unsigned: true })).toEqual(Buffer.of(128));
    expect(parseBinaryValue('18446744073709551615', 'int64', { ...shape, unsigned: true })).toEqual(
      Buffer.alloc(8, 0xff),
    );
    expect(parseBinaryValue('abc', 'int32', shape)).toBeNull();
    expect(parseBinaryValue('x', 'date', shape)).toBeNull();
    expect(UNSIGNED_FLAG).toBe(32);
  });

  it('reads the unsigned 64-bit range', () => {
    const writer = new ByteWriter(8).uint64le(0xffff_ffff_ffff_ffffn).take();
    expect(formatBinaryValue(writer, 'int64', { ...shape, unsigned: true })).toBe('18446744073709551615');
    expect(formatBinaryValue(writer, 'int64', shape)).toBe('-1');
  });
});
