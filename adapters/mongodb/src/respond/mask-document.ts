import type { Masker, MaskType } from '@gatehouse/masking';
import type { ByteWriter } from '@gatehouse/wire';
import { Decimal128 } from 'bson';
import { BSON, type Element, elements } from '../bson/walk.ts';
import { type MaskNode, stepInto, stepIntoItem } from './mask-tree.ts';

/** Counts what was masked. */
export interface MaskCounter {
  maskedCells: number;
}

/**
 * Writes the document at `at` with its masked fields replaced and everything else byte for byte as it
 * was. A masked document or array keeps its structure and its keys, every value inside is masked; with the
 * masker `null` it becomes null as a whole.
 */
export function writeMasked(
  bytes: Buffer,
  at: number,
  end: number,
  node: MaskNode,
  out: ByteWriter,
  counter: MaskCounter,
): void {
  const gap = out.gap(4);
  for (const element of elements(bytes, at, end))
    writeElement(bytes, element, childFor(element, node), out, counter);
  out.uint8(0);
  out.patchInt32le(gap, out.length - gap);
}

/** What applies to one element; inside a masked node, its masker. */
function childFor({ key }: Element, node: MaskNode): MaskNode | null {
  return node.masker !== null ? node : stepInto(node, key);
}

function writeElement(
  bytes: Buffer,
  element: Element,
  node: MaskNode | null,
  out: ByteWriter,
  counter: MaskCounter,
): void {
  const { type, start, valueStart, valueEnd } = element;
  if (node === null) {
    out.bytes(bytes.subarray(start, valueEnd));
    return;
  }
  const isNested = type === BSON.document || type === BSON.array;
  if (isNested && node.masker?.spec.kind === 'null') {
    // Keys may be values too (`{ "ana@example.org": true }`); a null says nothing of them.
    counter.maskedCells += 1;
    out.uint8(BSON.null).bytes(bytes.subarray(start + 1, valueStart));
  } else if (type === BSON.document) {
    out.bytes(bytes.subarray(start, valueStart));
    writeMasked(bytes, valueStart, valueEnd, node, out, counter);
  } else if (type === BSON.array) {
    out.bytes(bytes.subarray(start, valueStart));
    writeArray(bytes, valueStart, valueEnd, node, out, counter);
  } else if (node.masker === null) out.bytes(bytes.subarray(start, valueEnd));
  else writeValue(bytes, element, node.masker, out, counter);
}

function writeArray(
  bytes: Buffer,
  at: number,
  end: number,
  node: MaskNode,
  out: ByteWriter,
  counter: MaskCounter,
): void {
  const gap = out.gap(4);
  for (const element of elements(bytes, at, end))
    writeElement(bytes, element, stepIntoItem(node, element.key), out, counter);
  out.uint8(0);
  out.patchInt32le(gap, out.length - gap);
}

function writeValue(
  bytes: Buffer,
  element: Element,
  masker: Masker,
  out: ByteWriter,
  counter: MaskCounter,
): void {
  const { type, start, valueStart } = element;
  const name = bytes.subarray(start + 1, valueStart);
  if (type === BSON.null || type === BSON.undefined) {
    out.bytes(bytes.subarray(start, element.valueEnd));
    return;
  }
  counter.maskedCells += 1;
  const codec = CODECS.get(type);
  const mask = codec === undefined ? null : masker.column(codec.column);
  const masked =
    mask === null || codec === undefined
      ? null
      : mask.kind === 'constant'
        ? mask.value
        : mask.mask(codec.read(bytes, element));
  if (masked === null || codec === undefined) {
    out.uint8(BSON.null).bytes(name);
    return;
  }
  const mark = out.length;
  out.uint8(type).bytes(name);
  if (!codec.write(masked, out)) out.rewind(mark).uint8(BSON.null).bytes(name);
}

/** Between a BSON value and the maskers' canonical text. `write` says whether the text fits. */
interface ValueCodec {
  readonly column: { readonly type: MaskType; readonly bits?: 32 | 64 };
  read(bytes: Buffer, element: Element): string;
  write(text: string, out: ByteWriter): boolean;
}

const CODECS: ReadonlyMap<number, ValueCodec> = new Map<number, ValueCodec>([
  [
    BSON.string,
    {
      column: { type: 'text' },
      read: (bytes, { valueStart, valueEnd }) => bytes.toString('utf8', valueStart + 4, valueEnd - 1),
      write: (text, out) => {
        const utf8 = Buffer.from(text, 'utf8');
        out
          .int32le(utf8.length + 1)
          .bytes(utf8)
          .uint8(0);
        return true;
      },
    },
  ],
  [
    BSON.int32,
    {
      column: { type: 'integer', bits: 32 },
      read: (bytes, { valueStart }) => String(bytes.readInt32LE(valueStart)),
      write: (text, out) => {
        const value = Number(text);
        if (!Number.isInteger(value) || value < -0x80000000 || value > 0x7fffffff) return false;
        out.int32le(value);
        return true;
      },
    },
  ],
  [
    BSON.int64,
    {
      column: { type: 'integer', bits: 64 },
      read: (bytes, { valueStart }) => String(bytes.readBigInt64LE(valueStart)),
      write: (text, out) => {
        out.uint64le(BigInt.asUintN(64, BigInt(text)));
        return true;
      },
    },
  ],
  [
    BSON.double,
    {
      column: { type: 'float' },
      read: (bytes, { valueStart }) => String(bytes.readDoubleLE(valueStart)),
      write: (text, out) => {
        const value = Buffer.alloc(8);
        value.writeDoubleLE(Number(text));
        out.bytes(value);
        return true;
      },
    },
  ],
  [
    BSON.boolean,
    {
      column: { type: 'boolean' },
      read: (bytes, { valueStart }) => (bytes[valueStart] === 0 ? 'false' : 'true'),
      write: (text, out) => {
        out.uint8(text === 'true' ? 1 : 0);
        return true;
      },
    },
  ],
  [
    BSON.date,
    {
      column: { type: 'timestamp' },
      read: (bytes, { valueStart }) => timestampText(bytes.readBigInt64LE(valueStart)),
      write: (text, out) => {
        const milliseconds = Date.parse(`${text.replace(' ', 'T')}Z`);
        if (Number.isNaN(milliseconds)) return false;
        out.uint64le(BigInt.asUintN(64, BigInt(milliseconds)));
        return true;
      },
    },
  ],
  [
    BSON.decimal128,
    {
      column: { type: 'decimal' },
      read: (bytes, { valueStart, valueEnd }) =>
        new Decimal128(Uint8Array.from(bytes.subarray(valueStart, valueEnd))).toString(),
      write: (text, out) => {
        try {
          out.bytes(Decimal128.fromString(text).bytes);
          return true;
        } catch {
          return false;
        }
      },
    },
  ],
]);

function timestampText(milliseconds: bigint): string {
  const value = Number(milliseconds);
  if (Math.abs(value) > MAX_DATE_MS) return '';
  return new Date(value).toISOString().replace('T', ' ').replace('Z', '');
}

const MAX_DATE_MS = 8.64e15;
