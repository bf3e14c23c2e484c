import { BACKEND } from '../messages/message-type.ts';
import type { ReplyKind } from './expected-reply.ts';

/** Whether a reply of this type can answer a message of that kind. */
export function mayAnswer(type: number, kind: ReplyKind): boolean {
  return ALLOWED[type]?.includes(kind) ?? false;
}

const DESCRIBED: readonly ReplyKind[] = ['describe-statement', 'describe-portal'];
const RUN: readonly ReplyKind[] = ['query', 'execute'];

const ALLOWED: Readonly<Record<number, readonly ReplyKind[]>> = {
  [BACKEND.parseComplete]: ['parse'],
  [BACKEND.bindComplete]: ['bind'],
  [BACKEND.closeComplete]: ['close'],
  [BACKEND.parameterDescription]: ['describe-statement'],
  [BACKEND.noData]: DESCRIBED,
  [BACKEND.rowDescription]: ['query', ...DESCRIBED],
  [BACKEND.commandComplete]: RUN,
  [BACKEND.emptyQueryResponse]: RUN,
  [BACKEND.portalSuspended]: ['execute'],
  [BACKEND.copyInResponse]: RUN,
  [BACKEND.copyOutResponse]: RUN,
  [BACKEND.copyDone]: RUN,
  [BACKEND.readyForQuery]: ['query', 'sync'],
  [BACKEND.errorResponse]: ['query', 'parse', 'bind', 'close', ...DESCRIBED, 'execute', 'sync'],
};
