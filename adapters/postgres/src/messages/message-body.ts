import { ByteReader, ByteWriter, type Frame } from '@gatehouse/wire';

/** A reader over the body of a whole typed message. */
export function bodyOf(frame: Frame): ByteReader {
  return new ByteReader(frame.bytes, frame.start + 5, frame.end);
}

/** A typed message with the body that `write` gives it. */
export function encodeMessage(type: number, write: (body: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(256);
  writer.uint8(type);
  const length = writer.gap(4);
  write(writer);
  writer.patchInt32be(length, writer.length - 1);
  return writer.take();
}

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Text in the client's encoding, which is pinned to UTF-8; null when the bytes are not UTF-8. */
export function utf8Of(bytes: Buffer): string | null {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    return null;
  }
}
