import type { CopyFormat } from '@gatehouse/sql';
import { WireError } from '@gatehouse/wire';

/** The two forms in which COPY writes lines (manual, COPY, "Text Format" and "CSV Format"). */
export interface CopyText {
  /** Where the field that begins at `from` ends: at a delimiter or the end of the line. Throws WireError at a line end inside. */
  endOfField(bytes: Buffer, from: number, lineEnd: number): number;
  isNull(bytes: Buffer, start: number, end: number): boolean;
  /** The value of a field without quotes and escapes; holds until the next call. */
  valueOf(bytes: Buffer, start: number, end: number): Slice;
  /** The form of a value in which it is one field; null when it has that form already. */
  quote(bytes: Buffer, start: number, end: number): Buffer | null;
}

interface Slice {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Text form: a backslash takes the meaning of what follows it. */
export function plainText({ delimiter, nullText }: CopyFormat): CopyText {
  return {
    endOfField(bytes, from, lineEnd) {
      for (let at = from; at < lineEnd; at++) {
        const byte = bytes[at]!;
        if (byte === delimiter) return at;
        if (byte === LF) throw twoRows();
        if (byte === BACKSLASH) at += 1;
      }
      return lineEnd;
    },
    isNull: createNullTest(nullText),
    valueOf(bytes, start, end) {
      const first = bytes.indexOf(BACKSLASH, start);
      if (first === -1 || first >= end) return { bytes, start, end };
      const value = Buffer.allocUnsafe(end - start);
      let size = 0;
      for (let at = start; at < end; at++) {
        const byte = bytes[at]!;
        if (byte !== BACKSLASH || at + 1 >= end) value[size++] = byte;
        else {
          at += 1;
          value[size++] = ESCAPED.get(bytes[at]!) ?? bytes[at]!;
        }
      }
      return { bytes: value, start: 0, end: size };
    },
    quote(bytes, start, end) {
      let special = 0;
      for (let at = start; at < end; at++) if (isSpecial(bytes[at]!, delimiter)) special += 1;
      if (special === 0) return null;
      const quoted = Buffer.allocUnsafe(end - start + special);
      let size = 0;
      for (let at = start; at < end; at++) {
        const byte = bytes[at]!;
        if (isSpecial(byte, delimiter)) quoted[size++] = BACKSLASH;
        quoted[size++] = LETTERS.get(byte) ?? byte;
      }
      return quoted;
    },
  };
}

export function csvText(format: CopyFormat): CopyText {
  const { delimiter, quote, escapedBy } = format;
  const isNull = createNullTest(format.nullText);
  return {
    endOfField(bytes, from, lineEnd) {
      let isInside = false;
      for (let at = from; at < lineEnd; at++) {
        const byte = bytes[at]!;
        if (isInside) {
          if (isEscape(bytes, at, lineEnd, format)) at += 1;
          else if (byte === quote) isInside = false;
        } else if (byte === quote) isInside = true;
        else if (byte === delimiter) return at;
        else if (byte === LF) throw twoRows();
      }
      if (isInside) throw new WireError('malformed', 'quote of a COPY without its end');
      return lineEnd;
    },
    isNull: (bytes, start, end) => isNull(bytes, start, end) && !bytes.subarray(start, end).includes(quote),
    valueOf(bytes, start, end) {
      if (!bytes.subarray(start, end).includes(quote)) return { bytes, start, end };
      const value = Buffer.allocUnsafe(end - start);
      let size = 0;
      let isInside = false;
      for (let at = start; at < end; at++) {
        const byte = bytes[at]!;
        if (isInside && isEscape(bytes, at, end, format)) {
          at += 1;
          value[size++] = bytes[at]!;
        } else if (byte === quote) isInside = !isInside;
        else value[size++] = byte;
      }
      return { bytes: value, start: 0, end: size };
    },
    // Always in quotes, so that it is never NULL, a delimiter or `\.`.
    quote(bytes, start, end) {
      const quoted = Buffer.allocUnsafe((end - start) * 2 + 2);
      let size = 0;
      quoted[size++] = quote;
      for (let at = start; at < end; at++) {
        const byte = bytes[at]!;
        if (byte === quote || byte === escapedBy) quoted[size++] = escapedBy;
        quoted[size++] = byte;
      }
      quoted[size++] = quote;
      return quoted.subarray(0, size);
    },
  };
}

/** Inside quotes: whether the next byte is meant as it stands. */
function isEscape(bytes: Buffer, at: number, end: number, { quote, escapedBy }: CopyFormat): boolean {
  if (bytes[at] !== escapedBy || at + 1 >= end) return false;
  const next = bytes[at + 1];
  return next === quote || next === escapedBy;
}

function createNullTest(nullText: string): CopyText['isNull'] {
  const expected = Buffer.from(nullText);
  return (bytes, start, end) => end - start === expected.length && expected.compare(bytes, start, end) === 0;
}

function isSpecial(byte: number, delimiter: number): boolean {
  return byte === BACKSLASH || byte === delimiter || (byte < 0x20 && LETTERS.has(byte));
}

function twoRows(): WireError {
  return new WireError('malformed', 'message of a COPY with two rows');
}

const LF = 0x0a;
const BACKSLASH = 0x5c;
const LETTERS: ReadonlyMap<number, number> = new Map(
  [...'bfnrtv'].map((letter, index) => [[0x08, 0x0c, 0x0a, 0x0d, 0x09, 0x0b][index]!, letter.charCodeAt(0)]),
);
const ESCAPED: ReadonlyMap<number, number> = new Map([...LETTERS].map(([byte, letter]) => [letter, byte]));
