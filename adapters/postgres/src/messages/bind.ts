import type { ByteReader, Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage } from './message-body.ts';
import { FRONTEND } from './message-type.ts';

/**
 * Bind: a portal made of a prepared statement and parameters. Names are kept as bytes in latin1, so
 * that no two different names become one.
 */
export interface Bind {
  readonly portal: string;
  readonly statement: string;
  /** 0 text, 1 binary; one for all, or one for each. */
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
}

export function decodeBind(frame: Frame): Bind {
  const body = bodyOf(frame);
  const portal = body.cstringBytes().toString('latin1');
  const statement = body.cstringBytes().toString('latin1');
  const parameterFormats = readFormats(body);
  const parameters = readParameters(body);
  const resultFormats = readFormats(body);
  body.end();
  return { portal, statement, parameterFormats, parameters, resultFormats };
}

/** Of a statement without parameters; its rows as text. */
export function encodeBind(portal: string, statement: string): Buffer {
  return encodeMessage(FRONTEND.bind, (body) =>
    body.cstring(portal).cstring(statement).int16be(0).int16be(0).int16be(0),
  );
}

function readFormats(body: ByteReader): number[] {
  const formats: number[] = [];
  for (let rest = body.uint16be(); rest > 0; rest -= 1) formats.push(body.int16be());
  return formats;
}

function readParameters(body: ByteReader): (Buffer | null)[] {
  const parameters: (Buffer | null)[] = [];
  for (let rest = body.uint16be(); rest > 0; rest -= 1) {
    const length = body.int32be();
    parameters.push(length === -1 ? null : body.bytes(length));
  }
  return parameters;
}
