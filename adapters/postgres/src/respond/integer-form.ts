import { writeInteger } from '@gatehouse/masking';
import type { IntegerForm } from './value-codec.ts';

/** Integers in the text format. What is not written in the usual way is left to others. */
export const TEXT_INTEGER: IntegerForm = {
  room: 17,
  read(source, start, end) {
    const isNegative = source[start] === MINUS;
    const first = isNegative ? start + 1 : start;
    const count = end - first;
    if (count < 1 || count > SAFE_DIGITS) return Number.NaN;
    if (source[first] === ZERO && (count > 1 || isNegative)) return Number.NaN;
    let value = 0;
    for (let at = first; at < end; at++) {
      const digit = source[at]! - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return isNegative ? -value : value;
  },
  write: writeInteger,
};

/** Integers in the binary format of 2, 4 or 8 bytes. */
export const BINARY_INTEGERS: Readonly<Record<2 | 4 | 8, IntegerForm>> = {
  2: {
    room: 2,
    read: (source, start, end) => (end - start === 2 ? source.readInt16BE(start) : Number.NaN),
    write: (value, target, to) => target.writeInt16BE(value, to),
  },
  4: {
    room: 4,
    read: (source, start, end) => (end - start === 4 ? source.readInt32BE(start) : Number.NaN),
    write: (value, target, to) => target.writeInt32BE(value, to),
  },
  8: {
    room: 8,
    read(source, start, end) {
      if (end - start !== 8) return Number.NaN;
      const value = source.readInt32BE(start) * WORD + source.readUInt32BE(start + 4);
      return Number.isSafeInteger(value) ? value : Number.NaN;
    },
    write(value, target, to) {
      const high = Math.floor(value / WORD);
      return target.writeUInt32BE(value - high * WORD, target.writeInt32BE(high, to));
    },
  },
};

const WORD = 2 ** 32;
const SAFE_DIGITS = 15;
const MINUS = 0x2d;
const ZERO = 0x30;
