import { ByteWriter } from '@gatehouse/wire';
import { serialize } from 'bson';
import { BSON, type Element, elements } from '../bson/walk.ts';
import type { ReplyShape } from '../classify/command-reader.ts';

/**
 * A reply without texts that may hold values: numbers, names, labels, clocks and counts stay as they are.
 * `E11000 … dup key: { email: "…" }` becomes a fixed sentence, the key and the details go. Null when
 * there is nothing of that kind in the reply.
 */
export function redactReply(body: Buffer, isOk: boolean, shape: ReplyShape): Buffer | null {
  const parts = [...elements(body, 0, body.length)];
  if (
    isOk &&
    shape !== 'results' &&
    !parts.some(({ key }) => key === 'writeErrors' || key === 'writeConcernError')
  )
    return null;
  const out = new ByteWriter(body.length + 256);
  writeLevel(out, parts, (element) => {
    if (!isOk && !KEPT_OF_ERROR.has(element.key)) return;
    copyRedacted(body, element, out, shape);
  });
  return out.take();
}

function copyRedacted(body: Buffer, element: Element, out: ByteWriter, shape: ReplyShape): void {
  const { key, start, valueStart, valueEnd, type } = element;
  if (key === 'errmsg') out.bytes(ERRMSG);
  else if (key === 'errInfo' || key === 'keyValue') return;
  else if (key === 'writeErrors' && type === BSON.array) writeItems(body, element, out);
  else if (key === 'writeConcernError' && type === BSON.document) {
    out.bytes(body.subarray(start, valueStart));
    writeError(body, element, out);
  } else if (shape === 'results' && key === 'cursor' && type === BSON.document) {
    out.bytes(body.subarray(start, valueStart));
    writeLevel(out, elements(body, valueStart, valueEnd), (inner) => {
      const isBatch = inner.key === 'firstBatch' || inner.key === 'nextBatch';
      if (isBatch && inner.type === BSON.array) writeItems(body, inner, out);
      else out.bytes(body.subarray(inner.start, inner.valueEnd));
    });
  } else out.bytes(body.subarray(start, valueEnd));
}

/** An array of errors, or of results that may be errors. */
function writeItems(body: Buffer, { start, valueStart, valueEnd }: Element, out: ByteWriter): void {
  out.bytes(body.subarray(start, valueStart));
  writeLevel(out, elements(body, valueStart, valueEnd), (item) => {
    if (item.type !== BSON.document) return;
    out.bytes(body.subarray(item.start, item.valueStart));
    writeError(body, item, out);
  });
}

function writeError(body: Buffer, { valueStart, valueEnd }: Element, out: ByteWriter): void {
  writeLevel(out, elements(body, valueStart, valueEnd), ({ key, start, valueEnd: end }) => {
    if (key === 'errmsg') out.bytes(ERRMSG);
    else if (KEPT_OF_ITEM.has(key)) out.bytes(body.subarray(start, end));
  });
}

function writeLevel(out: ByteWriter, parts: Iterable<Element>, copy: (element: Element) => void): void {
  const gap = out.gap(4);
  for (const element of parts) copy(element);
  out.uint8(0);
  out.patchInt32le(gap, out.length - gap);
}

/** The element `errmsg: '…'` as bytes. */
const ERRMSG = Buffer.from(
  serialize({
    errmsg:
      'the database refused the statement; its message is withheld because it may hold protected values',
  }),
).subarray(4, -1);

const KEPT_OF_ERROR = new Set([
  'ok',
  'errmsg',
  'code',
  'codeName',
  'errorLabels',
  'n',
  'nModified',
  'writeErrors',
  'writeConcernError',
  'operationTime',
  '$clusterTime',
  'opTime',
  'electionId',
  'recoveryToken',
]);
const KEPT_OF_ITEM = new Set([
  'index',
  'idx',
  'ok',
  'code',
  'codeName',
  'errmsg',
  'n',
  'nModified',
  'upserted',
]);
