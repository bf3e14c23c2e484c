/**
 * Values of the binary protocol as canonical text (see masking's table of types), and back.
 *
 * Canonical text is what the text protocol would show, except that dates of length 0 are zero dates.
 * `parseBinaryValue` gives null for a text that has no valid form in the layout.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
import type { Layout } from '../messages/column-type.ts';

export interface ValueShape {
  readonly unsigned: boolean;
  /** Fractional digits of times. */
  readonly decimals: number;
  readonly dateOnly: boolean;
}

/** Formats bytes that `readBinaryValue` gave; `lenenc` is the caller's. */
export function formatBinaryValue(value: Buffer, layout: Layout, shape: ValueShape): string {
  switch (layout) {
    case 'int8':
      return String(shape.unsigned ? value.readUInt8() : value.readInt8());
    case 'int16':
      return String(shape.unsigned ? value.readUInt16LE() : value.readInt16LE());
    case 'int32':
      return String(shape.unsigned ? value.readUInt32LE() : value.readInt32LE());
    case 'int64':
      return String(shape.unsigned ? value.readBigUInt64LE() : value.readBigInt64LE());
    case 'float':
      return String(Number(value.readFloatLE().toPrecision(7)));
    case 'double':
      return String(value.readDoubleLE());
    case 'date':
      return formatDate(value, shape);
    case 'time':
      return formatTime(value, shape);
    case 'lenenc':
      return value.toString('utf8');
    case 'none':
      return '';
  }
}

/** The bytes of a value with its length where the layout has one; null when the text is not a value of it. */
export function parseBinaryValue(text: string, layout: Layout, shape: ValueShape): Buffer | null {
  switch (layout) {
    case 'int8':
      return integer(text, 1, shape.unsigned);
    case 'int16':
      return integer(text, 2, shape.unsigned);
    case 'int32':
      return integer(text, 4, shape.unsigned);
    case 'int64':
      return integer(text, 8, shape.unsigned);
    case 'float':
      return real(text, 4);
    case 'double':
      return real(text, 8);
    case 'date':
      return parseDate(text);
    case 'time':
      return parseTime(text);
    case 'lenenc':
    case 'none':
      return null;
  }
}

function formatDate(value: Buffer, shape: ValueShape): string {
  const date =
    value.length === 0
      ? '0000-00-00'
      : `${pad(value.readUInt16LE(0), 4)}-${pad(value[2]!, 2)}-${pad(value[3]!, 2)}`;
  if (shape.dateOnly) return date;
  const [hour, minute, second] = value.length < 7 ? [0, 0, 0] : [value[4]!, value[5]!, value[6]!];
  const micros = value.length < 11 ? 0 : value.readUInt32LE(7);
  return `${date} ${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}${fraction(micros, shape.decimals)}`;
}

function formatTime(value: Buffer, shape: ValueShape): string {
  if (value.length === 0) return `00:00:00${fraction(0, shape.decimals)}`;
  const hours = value.readUInt32LE(1) * 24 + value[5]!;
  const micros = value.length < 12 ? 0 : value.readUInt32LE(8);
  const sign = value[0] === 1 ? '-' : '';
  return `${sign}${pad(hours, 2)}:${pad(value[6]!, 2)}:${pad(value[7]!, 2)}${fraction(micros, shape.decimals)}`;
}

/** Columns without a fixed number of digits say 31: six are shown when there are any. */
function fraction(micros: number, decimals: number): string {
  const digits = Math.min(decimals, 6);
  if (digits === 0 || (decimals > 6 && micros === 0)) return '';
  return `.${pad(micros, 6).slice(0, digits)}`;
}

function integer(text: string, bytes: 1 | 2 | 4 | 8, unsigned: boolean): Buffer | null {
  if (!/^-?\d{1,20}$/.test(text)) return null;
  const value = BigInt(text);
  const bits = bytes * 8;
  const fits = unsigned ? BigInt.asUintN(bits, value) === value : BigInt.asIntN(bits, value) === value;
  if (!fits) return null;
  const whole = Buffer.allocUnsafe(8);
  whole.writeBigUInt64LE(BigInt.asUintN(64, value));
  return whole.subarray(0, bytes);
}

function real(text: string, bytes: 4 | 8): Buffer | null {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) return null;
  const out = Buffer.allocUnsafe(bytes);
  if (bytes === 4) out.writeFloatLE(value);
  else out.writeDoubleLE(value);
  return out;
}

function parseDate(text: string): Buffer | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?: (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?)?$/.exec(text);
  if (parts === null) return null;
  const micros = Number((parts[7] ?? '').padEnd(6, '0'));
  const out = Buffer.alloc(12);
  const hasTime = parts[4] !== undefined;
  out[0] = micros > 0 ? 11 : hasTime ? 7 : 4;
  out.writeUInt16LE(Number(parts[1]), 1);
  out[3] = Number(parts[2]);
  out[4] = Number(parts[3]);
  out[5] = Number(parts[4] ?? 0);
  out[6] = Number(parts[5] ?? 0);
  out[7] = Number(parts[6] ?? 0);
  out.writeUInt32LE(micros, 8);
  return out.subarray(0, out[0] + 1);
}

function parseTime(text: string): Buffer | null {
  const parts = /^(-?)(\d{2,3}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/.exec(text);
  if (parts === null) return null;
  const micros = Number((parts[5] ?? '').padEnd(6, '0'));
  const hours = Number(parts[2]);
  const out = Buffer.alloc(13);
  out[0] = micros > 0 ? 12 : 8;
  out[1] = parts[1] === '-' ? 1 : 0;
  out.writeUInt32LE(Math.floor(hours / 24), 2);
  out[6] = hours % 24;
  out[7] = Number(parts[3]);
  out[8] = Number(parts[4]);
  out.writeUInt32LE(micros, 9);
  return out.subarray(0, out[0] + 1);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
