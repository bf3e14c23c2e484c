import { BSON, type Element, elements } from '../bson/walk.ts';
import type { ReplyShape } from '../classify/classify-command.ts';

/** What the gateway wants to know of a reply, found without decoding its documents. */
export interface ReplyFacts {
  readonly ok: boolean;
  readonly code: number | null;
  /** Documents in the batch, or in `value`. */
  readonly documents: number;
  /** Number of documents that a write touched. */
  readonly affected: number;
  /** Id of the cursor that stays open; 0n for none. */
  readonly cursorId: bigint;
  readonly cursor: Element | null;
  readonly batch: Element | null;
  readonly value: Element | null;
}

/** Reads the top of a reply. Throws `malformed`. */
export function readReply(body: Buffer, shape: ReplyShape): ReplyFacts {
  let ok = false;
  let code: number | null = null;
  let affected = 0;
  let cursor: Element | null = null;
  let value: Element | null = null;
  for (const element of elements(body, 0, body.length)) {
    switch (element.key) {
      case 'ok':
        ok = numberAt(body, element) === 1;
        break;
      case 'code':
        code = numberAt(body, element);
        break;
      // `n` counts what was matched, `nModified` what was changed; an upsert stands in `n`.
      case 'n':
        affected = numberAt(body, element) ?? 0;
        break;
      case 'cursor':
        if (element.type === BSON.document) cursor = element;
        break;
      case 'value':
        value = element;
    }
  }
  const { id, batch } = cursor === null ? { id: 0n, batch: null } : readCursor(body, cursor);
  const found = shape === 'value' && value !== null && value.type === BSON.document ? 1 : 0;
  const documents = shape === 'cursor' && batch !== null ? countItems(body, batch) : found;
  return { ok, code, documents, affected, cursorId: id, cursor, batch, value };
}

function readCursor(body: Buffer, cursor: Element): { id: bigint; batch: Element | null } {
  let id = 0n;
  let batch: Element | null = null;
  for (const element of elements(body, cursor.valueStart, cursor.valueEnd)) {
    if (element.key === 'id' && element.type === BSON.int64) id = body.readBigInt64LE(element.valueStart);
    if ((element.key === 'firstBatch' || element.key === 'nextBatch') && element.type === BSON.array)
      batch = element;
  }
  return { id, batch };
}

function countItems(body: Buffer, batch: Element): number {
  let count = 0;
  for (const _ of elements(body, batch.valueStart, batch.valueEnd)) count += 1;
  return count;
}

function numberAt(body: Buffer, { type, valueStart }: Element): number | null {
  if (type === BSON.double) return body.readDoubleLE(valueStart);
  if (type === BSON.int32) return body.readInt32LE(valueStart);
  if (type === BSON.int64) return Number(body.readBigInt64LE(valueStart));
  if (type === BSON.boolean) return body[valueStart] === 0 ? 0 : 1;
  return null;
}
