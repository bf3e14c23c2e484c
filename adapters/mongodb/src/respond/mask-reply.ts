import { ByteWriter, WireError } from '@gatehouse/wire';
import { BSON, type Element, elements } from '../bson/walk.ts';
import type { ReplyShape } from '../classify/command-reader.ts';
import { type MaskCounter, writeMasked } from './mask-document.ts';
import type { MaskNode } from './mask-tree.ts';

/**
 * The reply with the documents of its batch (or its `value`) masked; everything else byte for byte.
 *
 * SECURITY: a reply in which the documents are not where they belong (no batch, a namespace that goes on behind a NUL)
 * is not passed on: they may stand in something that is copied. Throws WireError `malformed`.
 */
export function maskReply(body: Buffer, shape: ReplyShape, node: MaskNode, counter: MaskCounter): Buffer {
  const out = new ByteWriter(body.length + 1024);
  const copyTop: CopyElement = (element) => {
    if (shape === 'cursor' && element.key === 'cursor') writeNested(body, element, out, copyCursor);
    else if (shape === 'value' && element.key === 'value') writeItem(element);
    else if (IS_SMALL.has(element.type) || BESIDE_RESULT.has(element.key))
      out.bytes(body.subarray(element.start, element.valueEnd));
  };
  let hasBatch = false;
  const copyCursor: CopyElement = (element) => {
    if (element.key === 'firstBatch' || element.key === 'nextBatch') {
      hasBatch = true;
      writeNested(body, element, out, writeItem);
      return;
    }
    if (element.key === 'ns' && !isPlainText(body, element)) throw new WireError('malformed', 'namespace');
    if (!BESIDE_BATCH.has(element.key)) return;
    out.bytes(body.subarray(element.start, element.valueEnd));
  };
  const writeItem: CopyElement = ({ type, start, valueStart, valueEnd }) => {
    if (type !== BSON.document) {
      // `value: null` of an update that found nothing; anything else has no field to mask by.
      if (type !== BSON.null) throw new WireError('malformed', 'batch without documents');
      out.bytes(body.subarray(start, valueEnd));
      return;
    }
    out.bytes(body.subarray(start, valueStart));
    writeMasked(body, valueStart, valueEnd, node, out, counter);
  };
  writeLevel(body, 0, body.length, out, copyTop);
  if (shape === 'cursor' && !hasBatch) throw new WireError('malformed', 'cursor without a batch');
  return out.take();
}

/** What a cursor holds besides its batch; anything else does not leave. */
const BESIDE_BATCH: ReadonlySet<string> = new Set([
  ...['id', 'ns', 'postBatchResumeToken', 'partialResultsReturned', 'atClusterTime', 'invalidated'],
]);
/** Parts of a reply that may be texts or documents, and never hold those of the collection. */
const BESIDE_RESULT: ReadonlySet<string> = new Set([
  ...[
    'lastErrorObject',
    '$clusterTime',
    'opTime',
    '$gleStats',
    '$configServerState',
    'electionId',
    'writeConcernError',
  ],
]);
const IS_SMALL: ReadonlySet<number> = new Set([
  ...[
    BSON.double,
    BSON.int32,
    BSON.int64,
    BSON.decimal128,
    BSON.boolean,
    BSON.date,
    BSON.timestamp,
    BSON.null,
  ],
  BSON.objectId,
]);

function isPlainText(body: Buffer, { type, valueStart, valueEnd }: Element): boolean {
  return type === BSON.string && body.indexOf(0, valueStart + 4) === valueEnd - 1;
}

type CopyElement = (element: Element) => void;

function writeNested(body: Buffer, element: Element, out: ByteWriter, copy: CopyElement): void {
  if (element.type !== BSON.document && element.type !== BSON.array)
    throw new WireError('malformed', element.key);
  out.bytes(body.subarray(element.start, element.valueStart));
  writeLevel(body, element.valueStart, element.valueEnd, out, copy);
}

function writeLevel(body: Buffer, at: number, end: number, out: ByteWriter, copy: CopyElement): void {
  const gap = out.gap(4);
  for (const element of elements(body, at, end)) copy(element);
  out.uint8(0);
  out.patchInt32le(gap, out.length - gap);
}
