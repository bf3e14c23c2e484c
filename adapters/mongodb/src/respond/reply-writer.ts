import type { RunningRequest } from '@gatehouse/adapter';
import type { ReplyShape } from '../classify/command-reader.ts';
import { encodeOpMsg, FLAG, type OpMsg } from '../messages/op-msg.ts';
import { FLAGS_OFFSET } from '../messages/rewrite-request.ts';
import { maskReply } from './mask-reply.ts';
import { createMaskerCache, createMaskTree } from './mask-tree.ts';
import { redactReply } from './redact-reply.ts';

/** Carries out masks and redaction on one reply. */
export interface ReplyWriter {
  /** The reply to send instead; null when it may go as it came. */
  rewrite(message: OpMsg, isOk: boolean, shape: ReplyShape, running: RunningRequest): Buffer | null;
}

/** `maskingKey`: at least 16 bytes, for keyed maskers. */
export function createReplyWriter(maskingKey: Buffer): ReplyWriter {
  const maskerOf = createMaskerCache(maskingKey);
  return {
    rewrite(message, isOk, shape, running) {
      const { masks, redactDiagnostics } = running.obligations;
      const node = createMaskTree(masks, maskerOf);
      let body: Buffer | null = null;
      if (redactDiagnostics || node !== null) body = redactReply(message.body, isOk, shape);
      if (node !== null && isOk && MASKED.has(shape))
        body = maskReply(body ?? message.body, shape, node, running);
      return body === null ? null : withBody(message, body);
    },
  };
}

/** The body is another one: a checksum of the old one must not go along. */
function withBody({ requestId, responseTo, flags }: OpMsg, body: Buffer): Buffer {
  const bytes = encodeOpMsg(requestId, responseTo, body);
  bytes.writeUInt32LE((flags & ~FLAG.checksumPresent) >>> 0, FLAGS_OFFSET);
  return bytes;
}

/** Replies that hold documents; what `distinct` gives is never protected, see its classification. */
const MASKED: ReadonlySet<ReplyShape> = new Set(['cursor', 'value']);
