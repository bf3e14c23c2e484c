import type { ByteReader, Frame } from '@gatehouse/wire';
import { bodyOf } from './message-body.ts';

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

function readFormats(body: ByteReader): number[] {
  return Array.from({ length: body.uint16be() }, () => body.int16be());
}

function readParameters(body: ByteReader): (Buffer | null)[] {
  return Array.from({ length: body.uint16be() }, () => {
    const length = body.int32be();
    return length === -1 ? null : body.bytes(length);
  });
}
