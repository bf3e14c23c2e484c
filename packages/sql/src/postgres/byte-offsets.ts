/**
 * Turns UTF-8 byte offsets into UTF-16 offsets of the same text. Offsets must be asked for in rising order.
 */
export function createOffsetMapper(text: string, byteLength: number): (byteOffset: number) => number {
  if (byteLength === text.length) return (byteOffset) => byteOffset;
  let bytes = 0;
  let units = 0;
  return (byteOffset) => {
    while (bytes < byteOffset && units < text.length) {
      const code = text.codePointAt(units)!;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      units += code < 0x10000 ? 1 : 2;
    }
    return units;
  };
}
