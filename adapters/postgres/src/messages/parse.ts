import type { Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage, utf8Of } from './message-body.ts';
import { FRONTEND } from './message-type.ts';

/** Parse: a statement to prepare; `name` is empty for the unnamed one, `text` null when it is not UTF-8. */
export interface Parse {
  readonly name: string;
  readonly text: string | null;
}

export function decodeParse(frame: Frame): Parse {
  const body = bodyOf(frame);
  const name = body.cstringBytes().toString('latin1');
  const text = utf8Of(body.cstringBytes());
  const count = body.uint16be();
  body.skip(count * 4);
  body.end();
  return { name, text };
}

export function encodeParse(name: string, text: string): Buffer {
  return encodeMessage(FRONTEND.parse, (body) => body.cstring(name).cstring(text).int16be(0));
}
