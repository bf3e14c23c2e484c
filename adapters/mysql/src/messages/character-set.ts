/**
 * Which character set a collation id stands for, as far as the gateway must know it: to read statements
 * and to write masked text. Sets in which a byte below 0x80 may be half of a character (gbk, sjis, big5,
 * cp932, gb18030, ucs2 …) would let a statement say something else to the server than to the gateway.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_character_set.html
 */
export type CharacterSet = 'utf8mb4' | 'utf8mb3' | 'latin1' | 'ascii' | 'binary';

/** utf8mb4_general_ci. */
export const DEFAULT_COLLATION = 45;

/** Null for a set that the gateway cannot read. */
export function characterSetOf(collation: number): CharacterSet | null {
  // MariaDB numbers its NO PAD variants 1024 higher.
  const id = collation >= 1024 && collation < 2048 ? collation - 1024 : collation;
  if (id === 45 || id === 46 || within(id, 224, 247) || within(id, 255, 323) || within(id, 0x900, 0x9ff))
    return 'utf8mb4';
  if (id === 33 || id === 76 || id === 83 || within(id, 192, 215) || id === 223 || within(id, 0x800, 0x8ff))
    return 'utf8mb3';
  if (LATIN1.includes(id)) return 'latin1';
  if (id === 11 || id === 65) return 'ascii';
  return id === 63 ? 'binary' : null;
}

/** Whether statements in this set read the same here and at the server. */
export function isReadableCharacterSet(name: string): boolean {
  return READABLE.includes(name.toLowerCase());
}

export function decodeText(bytes: Buffer, set: CharacterSet): string {
  return bytes.toString(set === 'latin1' ? 'latin1' : 'utf8');
}

/** Characters that the set does not have become `?`. */
export function encodeText(text: string, set: CharacterSet): Buffer {
  if (set !== 'latin1') return Buffer.from(text, 'utf8');
  return Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1');
}

/** The most bytes that one character takes; the server reports column lengths in bytes. */
export function maxBytesPerCharacter(set: CharacterSet): number {
  return set === 'utf8mb4' ? 4 : set === 'utf8mb3' ? 3 : 1;
}

function within(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

const LATIN1: readonly number[] = [5, 8, 15, 31, 47, 48, 49, 94];
const READABLE: readonly string[] = ['utf8mb4', 'utf8mb3', 'utf8', 'latin1', 'ascii'];
