import type { Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage } from './message-body.ts';
import { FRONTEND } from './message-type.ts';

const STATEMENT = 0x53;
const PORTAL = 0x50;

/** What Describe and Close name: a prepared statement or a portal. */
export interface Target {
  readonly kind: 'statement' | 'portal' | 'neither';
  readonly name: string;
}

/** Describe or Close. */
export function decodeTarget(frame: Frame): Target {
  const body = bodyOf(frame);
  const kind = body.uint8();
  const name = body.cstringBytes().toString('latin1');
  body.end();
  return { kind: kind === STATEMENT ? 'statement' : kind === PORTAL ? 'portal' : 'neither', name };
}

/** Execute: the portal's name; the row limit is the server's affair. */
export function decodeExecute(frame: Frame): string {
  const body = bodyOf(frame);
  const portal = body.cstringBytes().toString('latin1');
  body.skip(4);
  body.end();
  return portal;
}

/** Describe of a portal, for the gateway's own knowledge. */
export function encodeDescribePortal(portal: string): Buffer {
  return encodeMessage(FRONTEND.describe, (body) =>
    body.uint8(PORTAL).bytes(Buffer.from(portal, 'latin1')).uint8(0),
  );
}

/** All rows. */
export function encodeExecute(portal: string): Buffer {
  return encodeMessage(FRONTEND.execute, (body) => body.cstring(portal).int32be(0));
}

export function encodeCloseStatement(name: string): Buffer {
  return encodeMessage(FRONTEND.close, (body) => body.uint8(STATEMENT).cstring(name));
}

export function encodeClosePortal(name: string): Buffer {
  return encodeMessage(FRONTEND.close, (body) => body.uint8(PORTAL).cstring(name));
}

export const FLUSH = encodeMessage(FRONTEND.flush, () => undefined);
export const SYNC = encodeMessage(FRONTEND.sync, () => undefined);
