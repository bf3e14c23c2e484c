import { ByteWriter } from '@gatehouse/wire';
import { encodeMessage } from '../messages/message-body.ts';
import { FRONTEND } from '../messages/message-type.ts';

/** What a client sends, written independently of the decoders. */
export function startup(parameters: Readonly<Record<string, string>>, version = 0x0003_0000): Buffer {
  const out = new ByteWriter(64);
  const length = out.gap(4);
  out.int32be(version);
  for (const [name, value] of Object.entries(parameters)) out.cstring(name).cstring(value);
  out.uint8(0).patchInt32be(length, out.length);
  return out.take();
}

/** SSLRequest, GSSENCRequest, or CancelRequest with its key. */
export function startupRequest(code: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  return new ByteWriter(64)
    .int32be(8 + rest.length)
    .int32be(code)
    .bytes(rest)
    .take();
}

export function saslInitial(mechanism: string, data: string): Buffer {
  return encodeMessage(FRONTEND.password, (body) =>
    body.cstring(mechanism).int32be(Buffer.byteLength(data)).utf8(data),
  );
}

export function saslResponse(data: string): Buffer {
  return encodeMessage(FRONTEND.password, (body) => body.utf8(data));
}

export function password(secret: string): Buffer {
  return encodeMessage(FRONTEND.password, (body) => body.cstring(secret));
}

export function query(text: string): Buffer {
  return encodeMessage(FRONTEND.query, (body) => body.cstring(text));
}

export function parse(name: string, text: string): Buffer {
  return encodeMessage(FRONTEND.parse, (body) => body.cstring(name).cstring(text).int16be(0));
}

export function bind(portal: string, statement: string, formats: readonly number[] = []): Buffer {
  return encodeMessage(FRONTEND.bind, (body) => {
    body.cstring(portal).cstring(statement).int16be(0).int16be(0).int16be(formats.length);
    for (const format of formats) body.int16be(format);
  });
}

export function describe(kind: 'S' | 'P', name: string): Buffer {
  return encodeMessage(FRONTEND.describe, (body) => body.uint8(kind.charCodeAt(0)).cstring(name));
}

export function close(kind: 'S' | 'P', name: string): Buffer {
  return encodeMessage(FRONTEND.close, (body) => body.uint8(kind.charCodeAt(0)).cstring(name));
}

export function execute(portal: string, rows = 0): Buffer {
  return encodeMessage(FRONTEND.execute, (body) => body.cstring(portal).int32be(rows));
}

export function copyData(data: Buffer | string): Buffer {
  return encodeMessage(FRONTEND.copyData, (body) => body.bytes(Buffer.from(data)));
}

export const SYNC_MESSAGE = encodeMessage(FRONTEND.sync, () => undefined);
export const FLUSH_MESSAGE = encodeMessage(FRONTEND.flush, () => undefined);
export const COPY_DONE = encodeMessage(FRONTEND.copyDone, () => undefined);
export const TERMINATE = encodeMessage(FRONTEND.terminate, () => undefined);

/** Parse, Bind, Execute of one text through the unnamed names. */
export function extended(text: string): Buffer {
  return Buffer.concat([parse('', text), bind('', ''), execute('')]);
}
