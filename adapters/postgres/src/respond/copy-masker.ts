/**
 * Masks the rows of a COPY to the client as they stream (manual, COPY, "File Formats").
 *
 * The server sends one row in one CopyData message, with its line end; the binary form begins with a header before the
 * first row and ends with a trailer. A message of any other shape ends the session: where the rows of a stream begin is
 * never guessed.
 */
import type { CopyFormat } from '@gatehouse/sql';
import { WireError } from '@gatehouse/wire';
import type { MaskPlan } from './mask-plan.ts';
import type { MaskCounter } from './mask-row.ts';

export interface CopyMasker {
  /** The body of a CopyData with its masked fields replaced. Throws WireError for what is not rows of this plan. */
  mask(body: Buffer, counter: MaskCounter): Buffer;
}

/** Creates the masker of one COPY; it counts on seeing every message of it, in order. */
export function createCopyMasker(plan: MaskPlan, format: CopyFormat): CopyMasker {
  if (format.format === 'binary') return createBinaryMasker(plan);
  const split = format.format === 'csv' ? splitCsv : splitText;
  const separator = Buffer.from([format.delimiter]);
  let isHeader = format.header;
  return {
    mask(body, counter) {
      if (body.at(-1) !== LF) throw new WireError('malformed', 'row of a COPY without its end');
      const fields = split(body.subarray(0, -1), format);
      if (fields.length !== plan.length)
        throw new WireError('malformed', 'row of a COPY with another number of columns');
      if (isHeader) {
        isHeader = false;
        return body;
      }
      const parts: Buffer[] = [];
      for (const [index, field] of fields.entries()) {
        if (index > 0) parts.push(separator);
        parts.push(maskField(field, index, plan, format, counter));
      }
      parts.push(LINE_END);
      return Buffer.concat(parts);
    },
  };
}

interface Field {
  /** As it stands in the row. */
  readonly raw: Buffer;
  /** Without quotes and escapes; null for NULL. */
  readonly value: Buffer | null;
}

function maskField(
  { raw, value }: Field,
  index: number,
  plan: MaskPlan,
  format: CopyFormat,
  counter: MaskCounter,
): Buffer {
  const masking = plan[index]!;
  if (masking === null || value === null) return raw;
  counter.maskedCells += 1;
  const masked = masking.kind === 'constant' ? masking.bytes : masking.mask(value);
  if (masked === null) return Buffer.from(format.nullText);
  return format.format === 'csv' ? quoteCsv(masked, format) : escapeText(masked, format);
}

/** Text form: a backslash takes the meaning of what follows it. */
function splitText(row: Buffer, { delimiter, nullText }: CopyFormat): readonly Field[] {
  const fields: Field[] = [];
  const add = (raw: Buffer) =>
    fields.push({ raw, value: raw.toString('latin1') === nullText ? null : unescapeText(raw) });
  let start = 0;
  for (let at = 0; at < row.length; at++) {
    if (row[at] === LF) throw new WireError('malformed', 'message of a COPY with two rows');
    if (row[at] === BACKSLASH) at += 1;
    else if (row[at] === delimiter) {
      add(row.subarray(start, at));
      start = at + 1;
    }
  }
  add(row.subarray(start));
  return fields;
}

function unescapeText(raw: Buffer): Buffer {
  if (!raw.includes(BACKSLASH)) return raw;
  const bytes: number[] = [];
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at]!;
    if (byte !== BACKSLASH || at + 1 >= raw.length) bytes.push(byte);
    else {
      at += 1;
      bytes.push(ESCAPED.get(raw[at]!) ?? raw[at]!);
    }
  }
  return Buffer.from(bytes);
}

function escapeText(value: Buffer, { delimiter }: CopyFormat): Buffer {
  const bytes: number[] = [];
  for (const byte of value) {
    const letter = LETTERS.get(byte);
    if (letter !== undefined) bytes.push(BACKSLASH, letter);
    else if (byte === BACKSLASH || byte === delimiter) bytes.push(BACKSLASH, byte);
    else bytes.push(byte);
  }
  return Buffer.from(bytes);
}

function splitCsv(row: Buffer, { delimiter, quote, escapedBy, nullText }: CopyFormat): readonly Field[] {
  const fields: Field[] = [];
  let start = 0;
  let value: number[] = [];
  let isQuoted = false;
  let isInside = false;
  const end = (at: number) => {
    const raw = row.subarray(start, at);
    const isNull = !isQuoted && raw.toString('latin1') === nullText;
    fields.push({ raw, value: isNull ? null : Buffer.from(value) });
    start = at + 1;
    value = [];
    isQuoted = false;
  };
  for (let at = 0; at < row.length; at++) {
    const byte = row[at]!;
    if (isInside) {
      const next = row[at + 1];
      if (byte === escapedBy && (next === quote || next === escapedBy)) {
        value.push(next);
        at += 1;
      } else if (byte === quote) isInside = false;
      else value.push(byte);
    } else if (byte === quote) {
      isInside = true;
      isQuoted = true;
    } else if (byte === delimiter) end(at);
    else if (byte === LF) throw new WireError('malformed', 'message of a COPY with two rows');
    else value.push(byte);
  }
  if (isInside) throw new WireError('malformed', 'quote of a COPY without its end');
  end(row.length);
  return fields;
}

/** Always in quotes, so that it is never NULL, a delimiter or `\.`. */
function quoteCsv(value: Buffer, { quote, escapedBy }: CopyFormat): Buffer {
  const bytes: number[] = [quote];
  for (const byte of value) {
    if (byte === quote || byte === escapedBy) bytes.push(escapedBy);
    bytes.push(byte);
  }
  bytes.push(quote);
  return Buffer.from(bytes);
}

function createBinaryMasker(plan: MaskPlan): CopyMasker {
  let isStart = true;
  let isOver = false;
  return {
    mask(body, counter) {
      let at = 0;
      if (isStart) {
        if (!body.subarray(0, SIGNATURE.length).equals(SIGNATURE) || body.length < HEADER_BYTES)
          throw new WireError('malformed', 'COPY without its header');
        at = HEADER_BYTES + body.readUInt32BE(HEADER_BYTES - 4);
        isStart = false;
      }
      if (isOver || at > body.length) throw new WireError('malformed', 'header of a COPY');
      const parts: Buffer[] = [body.subarray(0, at)];
      while (at < body.length) {
        if (body.length - at < 2) throw new WireError('read-past-end', 'row of a COPY');
        const count = body.readInt16BE(at);
        parts.push(body.subarray(at, at + 2));
        at += 2;
        if (count === -1) {
          isOver = true;
          if (at !== body.length) throw new WireError('trailing-bytes', 'COPY behind its end');
          break;
        }
        if (count !== plan.length)
          throw new WireError('malformed', 'row of a COPY with another number of columns');
        at = maskTuple(body, at, plan, parts, counter);
      }
      return Buffer.concat(parts);
    },
  };
}

/** Puts the fields of one row into `parts`; where the next one begins. */
function maskTuple(
  body: Buffer,
  from: number,
  plan: MaskPlan,
  parts: Buffer[],
  counter: MaskCounter,
): number {
  let at = from;
  for (const masking of plan) {
    if (body.length - at < 4) throw new WireError('read-past-end', 'row of a COPY');
    const size = body.readInt32BE(at);
    const next = at + 4 + Math.max(0, size);
    if (size < -1 || next > body.length) throw new WireError('read-past-end', 'value of a COPY');
    if (masking === null || size === -1) parts.push(body.subarray(at, next));
    else {
      counter.maskedCells += 1;
      const masked = masking.kind === 'constant' ? masking.bytes : masking.mask(body.subarray(at + 4, next));
      const length = Buffer.alloc(4);
      length.writeInt32BE(masked === null ? -1 : masked.length);
      parts.push(length, ...(masked === null ? [] : [masked]));
    }
    at = next;
  }
  return at;
}

const LF = 0x0a;
const BACKSLASH = 0x5c;
const LINE_END = Buffer.from('\n');
const LETTERS: ReadonlyMap<number, number> = new Map(
  [...'bfnrtv'].map((letter, index) => [[0x08, 0x0c, 0x0a, 0x0d, 0x09, 0x0b][index]!, letter.charCodeAt(0)]),
);
const ESCAPED: ReadonlyMap<number, number> = new Map([...LETTERS].map(([byte, letter]) => [letter, byte]));
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags, and the length of an extension. */
const HEADER_BYTES = SIGNATURE.length + 8;
