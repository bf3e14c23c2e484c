/**
 * Arrays, masked element by element: dimensions, their bounds and NULLs stay (manual, section 8.15; array_out and
 * array_send in src/backend/utils/adt/arrayfuncs.c). What is no array as the server writes it becomes NULL as a whole.
 *
 * SECURITY: nothing is taken over but the signs of the form itself; every other byte belongs to an element and is
 * given to the mask (array-masking.test.ts).
 */
import type { MaskOutput } from './mask-output.ts';
import { type ColumnMasking, HIDDEN, type WriteMasked, writeMasked } from './masked-value.ts';

/** The masking of an array whose elements have this masking and type. */
export function maskArray(element: ColumnMasking, elementOid: number, format: number): ColumnMasking {
  if (element.kind === 'constant' && element.bytes === null) return HIDDEN;
  const write: WriteMasked =
    format === 0
      ? (source, start, end, out) => writeText(element, source, start, end, out)
      : (source, start, end, out) => writeBinary(element, elementOid, source, start, end, out);
  return {
    kind: 'computed',
    write(source, start, end, out) {
      const before = out.length;
      if (write(source, start, end, out)) return true;
      out.rewind(before);
      return false;
    },
  };
}

/** True when the whole text was an array. */
function writeText(
  element: ColumnMasking,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): boolean {
  let at = endOfBounds(source, start, end);
  out.copy(source, start, at);
  let depth = 0;
  let mayBeElement = true;
  let isBehindComma = false;
  for (; at < end; at++) {
    const byte = source[at]!;
    if (byte === OPEN && mayBeElement) depth += 1;
    else if (byte === CLOSE && depth > 0 && !isBehindComma) {
      depth -= 1;
      mayBeElement = false;
      if (depth === 0 && at !== end - 1) return false;
    } else if (byte === COMMA && depth > 0 && !mayBeElement) mayBeElement = true;
    else {
      if (depth === 0 || !mayBeElement) return false;
      const next = byte === QUOTE ? endOfQuoted(source, at, end) : endOfPlain(source, at, end);
      if (next === -1) return false;
      writeElement(element, source, at, next, out);
      mayBeElement = false;
      isBehindComma = false;
      at = next - 1;
      continue;
    }
    isBehindComma = byte === COMMA;
    out.copy(source, at, at + 1);
  }
  return depth === 0 && end > start && source[end - 1] === CLOSE;
}

/** Behind `[1:2][0:1]=`, which stands in front of an array whose bounds do not begin at one. */
function endOfBounds(source: Buffer, start: number, end: number): number {
  if (source[start] !== 0x5b) return start;
  const bounds = BOUNDS.exec(source.toString('latin1', start, Math.min(end, start + LONGEST_BOUNDS)));
  return start + (bounds?.[0].length ?? 0);
}

/** Behind the closing quote; -1 without one. */
function endOfQuoted(source: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (source[at] === BACKSLASH) at += 1;
    else if (source[at] === QUOTE) return at + 1;
  }
  return -1;
}

/** Where an element without quotes ends; -1 for what the server would have put in quotes. */
function endOfPlain(source: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    if (byte === COMMA || byte === CLOSE) return at === start ? -1 : at;
    if (byte === QUOTE || byte === BACKSLASH || byte === OPEN) return -1;
  }
  return -1;
}

function writeElement(
  element: ColumnMasking,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): void {
  if (isNull(source, start, end)) {
    out.copy(NULL, 0, NULL.length);
    return;
  }
  const before = out.length;
  const isValue =
    source[start] === QUOTE
      ? writeUnquoted(element, source, start + 1, end - 1, out)
      : writeMasked(element, source, start, end, out);
  if (!isValue) out.copy(NULL, 0, NULL.length);
  else quoteLast(out, out.length - before);
}

function writeUnquoted(
  element: ColumnMasking,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): boolean {
  if (!source.subarray(start, end).includes(BACKSLASH)) return writeMasked(element, source, start, end, out);
  const value = Buffer.allocUnsafe(end - start);
  let size = 0;
  for (let at = start; at < end; at++) {
    if (source[at] === BACKSLASH) at += 1;
    value[size++] = source[at]!;
  }
  return writeMasked(element, value, 0, size, out);
}

/** Puts the last bytes of the output in quotes where they need them. */
function quoteLast(out: MaskOutput, size: number): void {
  const from = out.at - size;
  let needs = size === 0 || isNull(out.bytes, from, out.at);
  let escapes = 0;
  for (let at = from; at < out.at; at++) {
    const byte = out.bytes[at]!;
    if (byte === QUOTE || byte === BACKSLASH) escapes += 1;
    needs ||=
      byte === COMMA || byte === OPEN || byte === CLOSE || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  }
  if (!needs && escapes === 0) return;
  const quoted = Buffer.allocUnsafe(size + escapes + 2);
  let to = 0;
  quoted[to++] = QUOTE;
  for (let at = from; at < out.at; at++) {
    const byte = out.bytes[at]!;
    if (byte === QUOTE || byte === BACKSLASH) quoted[to++] = BACKSLASH;
    quoted[to++] = byte;
  }
  quoted[to++] = QUOTE;
  out.at = from;
  out.copy(quoted, 0, to);
}

function isNull(source: Buffer, start: number, end: number): boolean {
  return end - start === NULL.length && source.toString('latin1', start, end).toUpperCase() === 'NULL';
}

/** True when the whole value was an array of the type. */
function writeBinary(
  element: ColumnMasking,
  elementOid: number,
  source: Buffer,
  start: number,
  end: number,
  out: MaskOutput,
): boolean {
  if (end - start < HEAD_BYTES) return false;
  const dimensions = source.readInt32BE(start);
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS || source.readInt32BE(start + 8) !== elementOid)
    return false;
  let at = start + HEAD_BYTES + dimensions * 8;
  if (at > end) return false;
  let count = dimensions === 0 ? 0 : 1;
  for (let bound = start + HEAD_BYTES; bound < at; bound += 8) {
    const size = source.readInt32BE(bound);
    if (size < 0) return false;
    count *= size;
  }
  if (count * 4 > end - at) return false;
  const before = out.length;
  out.copy(source, start, at);
  let hasNull = false;
  for (; count > 0; count--) {
    if (end - at < 4) return false;
    const size = source.readInt32BE(at);
    const value = at + 4;
    const next = value + Math.max(0, size);
    if (size < NULL_SIZE || next > end) return false;
    const sizeAt = out.length;
    out.int32(NULL_SIZE);
    if (size !== NULL_SIZE && writeMasked(element, source, value, next, out))
      out.patchInt32(sizeAt, out.length - sizeAt - 4);
    else hasNull = true;
    at = next;
  }
  out.patchInt32(before + 4, hasNull ? 1 : 0);
  return at === end;
}

const NULL = Buffer.from('NULL');
const BOUNDS = /^(?:\[-?\d{1,10}:-?\d{1,10}\]){1,6}=/;
const LONGEST_BOUNDS = 160;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Dimensions, whether there are NULLs, the type of the elements. */
const HEAD_BYTES = 12;
const MAX_DIMENSIONS = 6;
const NULL_SIZE = -1;
