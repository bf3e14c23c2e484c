import type { Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage, utf8Of } from './message-body.ts';
import { FRONTEND } from './message-type.ts';

/** Query: the text of one or more statements; null when it is not UTF-8. */
export function decodeQuery(frame: Frame): string | null {
  const body = bodyOf(frame);
  const text = utf8Of(body.cstringBytes());
  body.end();
  return text;
}

export function encodeQuery(text: string): Buffer {
  return encodeMessage(FRONTEND.query, (body) => body.cstring(text));
}
