/**
 * The value that says nothing, for types whose values no masker computes with: `zero` and `redact` give it, every
 * other masker NULL. Null where a type has none.
 */
export function plainValue(typeOid: number, typeModifier: number, format: number): Buffer | null {
  const value = VALUES.get(typeOid);
  if (value !== undefined) return format === 0 ? Buffer.from(value.text) : Buffer.from(value.binary, 'hex');
  if (typeOid === VARBIT) return zeroBits(0, format);
  // Without a length it is one bit, as for the server.
  return typeOid === BIT ? zeroBits(Math.max(1, typeModifier), format) : null;
}

function zeroBits(count: number, format: number): Buffer {
  if (format === 0) return Buffer.alloc(count, '0');
  const bytes = Buffer.alloc(4 + Math.ceil(count / 8));
  bytes.writeInt32BE(count);
  return bytes;
}

interface PlainValue {
  readonly text: string;
  /** In hexadecimal digits. */
  readonly binary: string;
}

const BIT = 1560;
const VARBIT = 1562;
const NO_TIME: PlainValue = { text: '00:00:00', binary: '00'.repeat(16) };
const EMPTY_RANGE: PlainValue = { text: 'empty', binary: '01' };
const NO_RANGES: PlainValue = { text: '{}', binary: '00000000' };
const NO_WORDS: PlainValue = { text: '', binary: '00000000' };

/** By type OID (src/include/catalog/pg_type.dat): interval, tsvector, the ranges, the multiranges. */
const VALUES: ReadonlyMap<number, PlainValue> = new Map<number, PlainValue>([
  [1186, NO_TIME],
  [3614, NO_WORDS],
  ...[3904, 3906, 3908, 3910, 3912, 3926].map((oid): [number, PlainValue] => [oid, EMPTY_RANGE]),
  ...[4451, 4532, 4533, 4534, 4535, 4536].map((oid): [number, PlainValue] => [oid, NO_RANGES]),
]);
