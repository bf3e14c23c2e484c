/**
 * Tokens for text; the forms and their strength are in mask-token.ts.
 *
 * In the format-keeping form the last replaceable characters are the check. Which they are follows
 * from the format alone, and a token has the format of its value, so the token is enough to verify.
 */
import { createKeyedStream, type KeyedStream } from './keyed-digest.ts';
import type { KeyedMac } from './keyed-mac.ts';

/** Longest text whose format is kept, in code points. */
const MAX_FORMAT_LENGTH = 256;
const MIN_CHECK_BITS = 16;
const FULL_CHECK_BITS = 24;
const WHOLE_PREFIX = 'mask_';
const WHOLE = /^mask_([a-z2-7]{10,20})$/;
const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** One character of a format: an alphabet to draw from, or a separator that stays. */
type Place = {
  /** What stands for it where the format is written down. */
  readonly sign: string;
} & (
  | { readonly alphabet: string; readonly bits: number }
  | { readonly alphabet: undefined; readonly separator: string }
);

const DIGIT_PLACE = placeFrom(DIGITS);
const LOWER_PLACE = placeFrom(LOWER);
const UPPER_PLACE = placeFrom(UPPER);
/** By their code, for all of ASCII. */
const SEPARATORS: readonly Place[] = Array.from({ length: 128 }, (_, code) => {
  const separator = String.fromCharCode(code);
  return { sign: `\\${separator}`, alphabet: undefined, separator };
});

function placeFrom(alphabet: string): Place {
  return { sign: alphabet[0]!, alphabet, bits: Math.log2(alphabet.length) };
}

/** Tokenizes a text, in its own format where that leaves room for a check; null where nothing fits. */
export function tokenizeText(mac: KeyedMac, value: string, maxLength: number | undefined): string | null {
  if (value === '') return '';
  const places = value.length <= 2 * MAX_FORMAT_LENGTH ? readFormat(value) : null;
  const checked = places === null ? 0 : countCheckPlaces(places);
  if (places === null || checked === 0) return tokenizeWhole(mac, value, maxLength);
  const stream = createKeyedStream(mac, 'token:text', value);
  return sealText(mac, drawBody(places, checked, stream), places, checked);
}

/** Tokenizes without keeping the format. */
export function tokenizeWhole(mac: KeyedMac, value: string, maxLength: number | undefined): string | null {
  const size = Math.min(20, (maxLength ?? 25) - WHOLE_PREFIX.length);
  if (size < 10) return null;
  const stream = createKeyedStream(mac, 'token:whole', value);
  return sealWhole(mac, draw(stream, BASE32, size - wholeCheckSize(size)), size);
}

/** True for what the two functions above give. */
export function isTextToken(value: string, mac: KeyedMac): boolean {
  const whole = WHOLE.exec(value)?.[1];
  if (whole !== undefined) {
    const body = whole.slice(0, whole.length - wholeCheckSize(whole.length));
    if (sealWhole(mac, body, whole.length) === value) return true;
  }
  const places = value.length <= MAX_FORMAT_LENGTH ? readFormat(value) : null;
  const checked = places === null ? 0 : countCheckPlaces(places);
  if (places === null || checked === 0) return false;
  return sealText(mac, bodyOf(value, places, checked), places, checked) === value;
}

function wholeCheckSize(size: number): number {
  return size < 20 ? 4 : 8;
}

function sealWhole(mac: KeyedMac, body: string, size: number): string {
  const check = draw(createKeyedStream(mac, 'check:whole', body), BASE32, size - body.length);
  return WHOLE_PREFIX + body + check;
}

function draw(stream: KeyedStream, alphabet: string, count: number): string {
  let text = '';
  for (let at = 0; at < count; at++) text += alphabet[stream.next(alphabet.length)]!;
  return text;
}

/** Null when the text is too long; everything outside ASCII has a letter or a digit in its place. */
function readFormat(text: string): Place[] | null {
  const places: Place[] = [];
  for (const character of text) {
    if (places.length === MAX_FORMAT_LENGTH) return null;
    places.push(placeOf(character));
  }
  return places;
}

function placeOf(character: string): Place {
  const code = character.charCodeAt(0);
  if (code > 0x7f) return placeOfOther(character);
  if (code >= 0x61 && code <= 0x7a) return LOWER_PLACE;
  if (code >= 0x30 && code <= 0x39) return DIGIT_PLACE;
  if (code >= 0x41 && code <= 0x5a) return UPPER_PLACE;
  return SEPARATORS[code]!;
}

function placeOfOther(character: string): Place {
  if (/\p{N}/u.test(character)) return DIGIT_PLACE;
  return /\p{Lu}/u.test(character) ? UPPER_PLACE : LOWER_PLACE;
}

/** How many of the last replaceable places are the check: 24 bits if half of them give so much; 0 for less than 16. */
function countCheckPlaces(places: readonly Place[]): number {
  const half = countDrawn(places) >> 1;
  let bits = 0;
  let count = 0;
  for (let at = places.length - 1; at >= 0 && bits < FULL_CHECK_BITS && count < half; at--) {
    const place = places[at]!;
    if (place.alphabet === undefined) continue;
    bits += place.bits;
    count++;
  }
  return bits >= MIN_CHECK_BITS ? count : 0;
}

function countDrawn(places: readonly Place[]): number {
  let count = 0;
  for (const { alphabet } of places) if (alphabet !== undefined) count++;
  return count;
}

/** The replaceable characters that are not the check. */
function drawBody(places: readonly Place[], checked: number, stream: KeyedStream): string {
  let left = countDrawn(places) - checked;
  let body = '';
  for (let at = 0; left > 0; at++) {
    const { alphabet } = places[at]!;
    if (alphabet === undefined) continue;
    body += alphabet[stream.next(alphabet.length)]!;
    left--;
  }
  return body;
}

function bodyOf(token: string, places: readonly Place[], checked: number): string {
  const characters = [...token].filter((_, at) => places[at]!.alphabet !== undefined);
  return characters.slice(0, characters.length - checked).join('');
}

/** Puts body, check and separators together; the check covers the body and the format. */
function sealText(mac: KeyedMac, body: string, places: readonly Place[], checked: number): string {
  let format = '';
  for (const { sign } of places) format += sign;
  const stream = createKeyedStream(mac, `check:text:${checked}`, `${format}\0${body}`);
  let text = '';
  let drawn = 0;
  for (const place of places) {
    if (place.alphabet === undefined) text += place.separator;
    else text += body[drawn++] ?? place.alphabet[stream.next(place.alphabet.length)]!;
  }
  return text;
}
