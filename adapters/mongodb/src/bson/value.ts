import { BSON, elements } from './walk.ts';

/**
 * A decoded BSON value for classifiers: structure and what decides meaning; other values only by type.
 *
 * Documents keep the order of their keys and are never JavaScript objects, so that no key can mean
 * something to the runtime (`__proto__`).
 */
export type BsonValue =
  | { readonly kind: 'document'; readonly fields: BsonFields }
  | { readonly kind: 'array'; readonly items: readonly BsonValue[] }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'long'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'binary'; readonly bytes: Buffer }
  | { readonly kind: 'code' }
  | { readonly kind: 'other'; readonly type: number };

export type BsonFields = ReadonlyMap<string, BsonValue>;

/** Decodes the document at `at`; the caller has checked that it is well formed. */
export function decodeFields(bytes: Buffer, at: number, end: number): Map<string, BsonValue> {
  const fields = new Map<string, BsonValue>();
  for (const element of elements(bytes, at, end))
    fields.set(element.key, decodeValue(bytes, element.type, element.valueStart, element.valueEnd));
  return fields;
}

/** SECURITY: servers go through an array by order and never look at its keys, which may stand there twice. */
function decodeItems(bytes: Buffer, start: number, end: number): BsonValue[] {
  const items: BsonValue[] = [];
  for (const { type, valueStart, valueEnd } of elements(bytes, start, end))
    items.push(decodeValue(bytes, type, valueStart, valueEnd));
  return items;
}

/** Decodes one value. */
function decodeValue(bytes: Buffer, type: number, start: number, end: number): BsonValue {
  switch (type) {
    case BSON.document:
      return { kind: 'document', fields: decodeFields(bytes, start, end) };
    case BSON.array:
      return { kind: 'array', items: decodeItems(bytes, start, end) };
    case BSON.string:
    case BSON.symbol:
      return { kind: 'string', value: bytes.toString('utf8', start + 4, end - 1) };
    case BSON.double:
      return { kind: 'number', value: bytes.readDoubleLE(start) };
    case BSON.int32:
      return { kind: 'number', value: bytes.readInt32LE(start) };
    case BSON.int64:
      return { kind: 'long', value: bytes.readBigInt64LE(start) };
    case BSON.boolean:
      return { kind: 'boolean', value: bytes[start] !== 0 };
    case BSON.null:
    case BSON.undefined:
      return { kind: 'null' };
    case BSON.binary:
      return { kind: 'binary', bytes: bytes.subarray(start + 5, end) };
    case BSON.code:
    case BSON.codeWithScope:
      return { kind: 'code' };
    default:
      return { kind: 'other', type };
  }
}

/** The string, or null for anything else. */
export function stringOf(value: BsonValue | undefined): string | null {
  return value?.kind === 'string' ? value.value : null;
}

/** The fields of a document, or null for anything else. */
export function fieldsOf(value: BsonValue | undefined): BsonFields | null {
  return value?.kind === 'document' ? value.fields : null;
}

export function itemsOf(value: BsonValue | undefined): readonly BsonValue[] | null {
  return value?.kind === 'array' ? value.items : null;
}

/** A whole number that JavaScript holds exactly, or null. */
export function numberOf(value: BsonValue | undefined): number | null {
  if (value?.kind === 'number') return value.value;
  if (value?.kind === 'long' && value.value <= BigInt(Number.MAX_SAFE_INTEGER) && value.value >= 0n)
    return Number(value.value);
  return null;
}

/** True for what the server takes as true in a flag: `true` and numbers that are not zero. */
export function isTruthy(value: BsonValue | undefined): boolean {
  if (value === undefined) return false;
  if (value.kind === 'boolean') return value.value;
  if (value.kind === 'number') return value.value !== 0;
  if (value.kind === 'long') return value.value !== 0n;
  return value.kind !== 'null';
}
