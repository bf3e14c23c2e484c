import { BSON, type Element, elements } from '../bson/walk.ts';
import type { ReplyShape } from '../classify/command-reader.ts';

/** What the gateway wants to know of a reply, found without decoding its documents. */
export interface ReplyFacts {
  readonly ok: boolean;
  readonly code: number | null;
  /** Documents in the batch, in `value`, or values of `distinct`. */
  readonly documents: number;
  /** Number of documents that a write touched. */
  readonly affected: number;
  /** Id of the cursor that stays open; 0n for none. */
  readonly cursorId: bigint;
  /** Namespace of the cursor as the server says it. */
  readonly namespace: string;
}

/** Reads the top of a reply. Throws `malformed`. */
export function readReply(body: Buffer, shape: ReplyShape): ReplyFacts {
  let ok = false;
  let code: number | null = null;
  let affected = 0;
  let documents = 0;
  let cursor: Cursor = NO_CURSOR;
  for (const element of elements(body, 0, body.length)) {
    const { key, type } = element;
    if (key === 'ok') ok = numberAt(body, element) === 1;
    else if (key === 'code') code = numberAt(body, element);
    else if (key === 'cursor' && type === BSON.document) cursor = readCursor(body, element);
    else if (key === 'value' && shape === 'value' && type === BSON.document) documents = 1;
    else if (key === 'values' && shape === 'values' && type === BSON.array)
      documents = countItems(body, element);
    else if (key === 'lastErrorObject' && shape === 'value' && type === BSON.document)
      affected += numbersIn(body, element, 'n');
    else if (COUNTERS[shape]?.includes(key) === true) affected += numberAt(body, element) ?? 0;
  }
  if (shape === 'cursor') documents = cursor.documents;
  return { ok, code, documents, affected, cursorId: cursor.id, namespace: cursor.namespace };
}

/** Fields that count what a write touched: matched, inserted or upserted, deleted. */
const COUNTERS: Partial<Readonly<Record<ReplyShape, readonly string[]>>> = {
  write: ['n'],
  results: ['nInserted', 'nMatched', 'nUpserted', 'nDeleted'],
};

interface Cursor {
  readonly id: bigint;
  readonly namespace: string;
  readonly documents: number;
}

const NO_CURSOR: Cursor = { id: 0n, namespace: '', documents: 0 };

function readCursor(body: Buffer, cursor: Element): Cursor {
  let id = 0n;
  let namespace = '';
  let documents = 0;
  for (const element of elements(body, cursor.valueStart, cursor.valueEnd)) {
    const { key, type, valueStart, valueEnd } = element;
    if (key === 'id' && type === BSON.int64) id = body.readBigInt64LE(valueStart);
    if (key === 'id' && type === BSON.int32) id = BigInt(body.readInt32LE(valueStart));
    if (key === 'ns' && type === BSON.string) namespace = body.toString('utf8', valueStart + 4, valueEnd - 1);
    if ((key === 'firstBatch' || key === 'nextBatch') && type === BSON.array)
      documents += countItems(body, element);
  }
  return { id, namespace, documents };
}

function countItems(body: Buffer, batch: Element): number {
  let count = 0;
  for (const _ of elements(body, batch.valueStart, batch.valueEnd)) count += 1;
  return count;
}

function numbersIn(body: Buffer, { valueStart, valueEnd }: Element, key: string): number {
  for (const element of elements(body, valueStart, valueEnd))
    if (element.key === key) return numberAt(body, element) ?? 0;
  return 0;
}

function numberAt(body: Buffer, { type, valueStart }: Element): number | null {
  if (type === BSON.double) return body.readDoubleLE(valueStart);
  if (type === BSON.int32) return body.readInt32LE(valueStart);
  if (type === BSON.int64) return Number(body.readBigInt64LE(valueStart));
  if (type === BSON.boolean) return body[valueStart] === 0 ? 0 : 1;
  return null;
}
