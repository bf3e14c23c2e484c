import type { MaskerSpec } from '@gatehouse/model';
import { parseTimestamp, parseYear } from './canonical-value.ts';
import { fastHash, hashValue } from './hash-value.ts';
import type { KeyedMac } from './keyed-mac.ts';
import { hasTokens, tokenizeValue } from './mask-token.ts';
import type { MaskColumn, MaskType } from './mask-type.ts';
import type { ColumnMask } from './masker.ts';
import { partialAscii, partialText } from './partial-text.ts';
import { createRounding, fastRounding } from './round-number.ts';
import { redactedValue, zeroValue } from './zero-value.ts';

const NULL_MASK: ColumnMask = { kind: 'constant', value: null };
const NUMBERS: readonly MaskType[] = ['integer', 'decimal', 'float'];

/** Compiles a checked spec for one column; the work per value is then as small as the masker allows. */
export function compileColumnMask(spec: MaskerSpec, column: MaskColumn, mac: KeyedMac): ColumnMask {
  switch (spec.kind) {
    case 'null':
      return NULL_MASK;
    case 'zero':
      return { kind: 'constant', value: zeroValue(column.type) };
    case 'redact':
      return { kind: 'constant', value: redactedValue(column, spec.text) };
    case 'partial':
      return column.type === 'text'
        ? {
            ...computed((value) => partialText(value, spec.keepFirst, spec.keepLast)),
            ascii: partialAscii(spec.keepFirst, spec.keepLast),
          }
        : NULL_MASK;
    case 'round':
      return NUMBERS.includes(column.type)
        ? { ...computed(createRounding(column, spec.step)), ...fastRounding(column, spec.step) }
        : NULL_MASK;
    case 'year':
      return compileYear(column.type);
    case 'hash':
      return column.type === 'boolean' || column.type === 'other'
        ? NULL_MASK
        : {
            ...computed((value) => hashValue(mac, column, value)),
            ...fastHash(mac, column),
            isPseudonym: true,
          };
    case 'token':
      return hasTokens(column)
        ? { ...computed((value) => tokenizeValue(mac, column, value)), isPseudonym: true }
        : NULL_MASK;
  }
}

function compileYear(type: MaskType): ColumnMask {
  if (type === 'date') return computed(firstOfJanuary);
  if (type !== 'timestamp') return NULL_MASK;
  return computed((value) => {
    const parts = parseTimestamp(value);
    const day = parts === null ? null : firstOfJanuary(parts.date);
    return day === null ? null : `${day} 00:00:00`;
  });
}

function firstOfJanuary(date: string): string | null {
  const year = parseYear(date);
  return year === null ? null : `${year}-01-01`;
}

/** SECURITY: a masker that throws gives NULL; its message could carry the value. */
function computed(
  mask: (value: string) => string | null,
): Omit<Extract<ColumnMask, { kind: 'computed' }>, 'ascii' | 'integer' | 'isPseudonym'> {
  return {
    kind: 'computed',
    mask(value) {
      try {
        return mask(value);
      } catch {
        return null;
      }
    },
  };
}
