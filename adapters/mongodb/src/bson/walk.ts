import { WireError } from '@gatehouse/wire';

/**
 * Steps through the elements of a BSON document without building objects (bsonspec.org, version 1.1).
 *
 * Every length is checked against the bytes that are there before it is used. Does not look at
 * deprecated types beyond their size. Keys are decoded as UTF-8.
 */
export const BSON = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  minKey: 0xff,
  maxKey: 0x7f,
} as const;

/** One element; `start` is where its type byte stands, the value is `bytes[valueStart, valueEnd)`. */
export interface Element {
  readonly type: number;
  readonly key: string;
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Server limit for nesting (`BSONDepth::kDefaultMaxAllowableDepth`) is 200; documents of clients may have 100 (MongoDB manual, limits). */
const MAX_BSON_DEPTH = 180;

/** Length of the document that starts at `at`, checked against `end`. */
export function documentLength(bytes: Buffer, at: number, end: number): number {
  if (end - at < 5) throw new WireError('malformed', 'document');
  const length = bytes.readInt32LE(at);
  if (length < 5 || length > end - at) throw new WireError('malformed', 'document length');
  if (bytes[at + length - 1] !== 0) throw new WireError('malformed', 'document end');
  return length;
}

/** The elements of the document at `at`, in order. */
export function* elements(bytes: Buffer, at: number, end: number): Generator<Element> {
  const last = at + documentLength(bytes, at, end) - 1;
  let position = at + 4;
  while (position < last) {
    const type = bytes[position]!;
    const nul = bytes.indexOf(0, position + 1);
    if (nul < 0 || nul >= last) throw new WireError('malformed', 'element name');
    const valueStart = nul + 1;
    const valueEnd = valueStart + valueLength(bytes, type, valueStart, last);
    if (valueEnd > last) throw new WireError('malformed', 'element value');
    yield { type, key: bytes.toString('utf8', position + 1, nul), start: position, valueStart, valueEnd };
    position = valueEnd;
  }
  if (position !== last) throw new WireError('malformed', 'document length');
}

/** Checks everything below a document: lengths, depth, keys that are UTF-8 and no key twice at one level. Throws `malformed`. */
export function assertWellFormed(bytes: Buffer, at: number, end: number, isArray = false, depth = 0): void {
  if (depth > MAX_BSON_DEPTH) throw new WireError('malformed', 'document nested too deeply');
  const keys = new Set<string>();
  for (const { type, key, valueStart, valueEnd } of elements(bytes, at, end)) {
    // SECURITY: a server takes one of two equal keys, a reader may take the other.
    if (!isArray && keys.has(key)) throw new WireError('malformed', 'duplicate key');
    // Bytes that are not UTF-8 become U+FFFD here and something else at the server.
    if (key.includes('\ufffd')) throw new WireError('malformed', 'key');
    keys.add(key);
    if (type === BSON.document || type === BSON.array) {
      assertWellFormed(bytes, valueStart, valueEnd, type === BSON.array, depth + 1);
    }
  }
}

const FIXED_LENGTH: Readonly<Record<number, number>> = {
  [BSON.double]: 8,
  [BSON.undefined]: 0,
  [BSON.objectId]: 12,
  [BSON.boolean]: 1,
  [BSON.date]: 8,
  [BSON.null]: 0,
  [BSON.int32]: 4,
  [BSON.timestamp]: 8,
  [BSON.int64]: 8,
  [BSON.decimal128]: 16,
  [BSON.minKey]: 0,
  [BSON.maxKey]: 0,
};

function valueLength(bytes: Buffer, type: number, at: number, end: number): number {
  const fixed = FIXED_LENGTH[type];
  if (fixed !== undefined) return fixed;
  switch (type) {
    case BSON.string:
    case BSON.code:
    case BSON.symbol:
      return 4 + stringLength(bytes, at, end);
    case BSON.document:
    case BSON.array:
      return documentLength(bytes, at, end);
    case BSON.binary:
      return 5 + positive(bytes, at, end);
    case BSON.regex:
      return regexLength(bytes, at, end);
    case BSON.dbPointer:
      return 4 + stringLength(bytes, at, end) + 12;
    case BSON.codeWithScope:
      return codeWithScopeLength(bytes, at, end);
    default:
      throw new WireError('malformed', 'element type');
  }
}

function positive(bytes: Buffer, at: number, end: number): number {
  if (end - at < 4) throw new WireError('malformed', 'length');
  const length = bytes.readInt32LE(at);
  if (length < 0 || length > end - at) throw new WireError('malformed', 'length');
  return length;
}

function stringLength(bytes: Buffer, at: number, end: number): number {
  const length = positive(bytes, at, end);
  if (length < 1 || at + 4 + length > end || bytes[at + 3 + length] !== 0)
    throw new WireError('malformed', 'string');
  return length;
}

/** Length, string, document: the three lengths must agree. */
function codeWithScopeLength(bytes: Buffer, at: number, end: number): number {
  const length = positive(bytes, at, end);
  const code = length < 14 ? -1 : stringLength(bytes, at + 4, at + length);
  const scope = at + 8 + code;
  if (code < 0 || documentLength(bytes, scope, at + length) !== at + length - scope)
    throw new WireError('malformed', 'code with scope');
  return length;
}

function regexLength(bytes: Buffer, at: number, end: number): number {
  const pattern = bytes.indexOf(0, at);
  const options = pattern < 0 ? -1 : bytes.indexOf(0, pattern + 1);
  if (options < 0 || options >= end) throw new WireError('malformed', 'regular expression');
  return options + 1 - at;
}
