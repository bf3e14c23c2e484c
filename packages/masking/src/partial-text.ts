/**
 * `partial`: shows the first and the last code points of a text and a `*` for every other one.
 *
 * A value that would be shown whole is hidden whole. Something that looks like an e-mail address
 * keeps its shape: the local part and the domain without its last label are hidden each by
 * themselves (`ana@example.com` with one and none kept: `a**@e******.com`). The length stays visible.
 */
import { type AsciiMask, isAscii, LEFT_TO_TEXT } from './fast-mask.ts';
import { toWellFormed } from './well-formed.ts';

const STAR = '*';
const EMAIL = /^([^\s@]+)@([^\s@]+)(\.[^\s@.]+)$/;
const MAX_EMAIL = 320;

/** Hides all but the ends. */
export function partialText(value: string, keepFirst: number, keepLast: number): string {
  const text = toWellFormed(value);
  const email = text.length <= MAX_EMAIL ? EMAIL.exec(text) : null;
  if (email === null) return hideMiddle(text, keepFirst, keepLast);
  const [, local, domain, end] = email;
  return `${hideMiddle(local!, keepFirst, keepLast)}@${hideMiddle(domain!, keepFirst, keepLast)}${end!}`;
}

function hideMiddle(text: string, keepFirst: number, keepLast: number): string {
  const length = countCodePoints(text);
  if (length <= keepFirst + keepLast) return STAR.repeat(length);
  const head = indexOfCodePoint(text, keepFirst);
  const tail = indexFromEnd(text, keepLast);
  return text.slice(0, head) + STAR.repeat(length - keepFirst - keepLast) + text.slice(tail);
}

/** The same over bytes. */
export function partialAscii(keepFirst: number, keepLast: number): AsciiMask {
  const hide: Hide = (source, start, end, target, to) => {
    const length = end - start;
    const isWhole = length <= keepFirst + keepLast;
    const head = isWhole ? start : start + keepFirst;
    const tail = isWhole ? end : end - keepLast;
    for (let at = start, put = to; at < end; at++, put++)
      target[put] = at < head || at >= tail ? source[at]! : STAR_BYTE;
  };
  return {
    write(source, start, end, target, to) {
      if (!isAscii(source, start, end)) return LEFT_TO_TEXT;
      const sign = end - start <= MAX_EMAIL ? findSign(source, start, end) : -1;
      const point = sign === -1 ? -1 : findPoint(source, sign, end);
      if (point === -1) hide(source, start, end, target, to);
      else {
        hide(source, start, sign, target, to);
        target[to + sign - start] = AT_SIGN;
        hide(source, sign + 1, point, target, to + sign + 1 - start);
        for (let at = point; at < end; at++) target[to + at - start] = source[at]!;
      }
      return end - start;
    },
  };
}

type Hide = (source: Uint8Array, start: number, end: number, target: Uint8Array, to: number) => void;

/** Where the only `@` of a text without white space stands, behind something; -1 for any other text. */
function findSign(source: Uint8Array, start: number, end: number): number {
  let sign = -1;
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    if (byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN)) return -1;
    if (byte !== AT_SIGN) continue;
    if (sign !== -1 || at === start) return -1;
    sign = at;
  }
  return sign;
}

/** Where the last point stands that has something of the domain on both sides; -1 without one. */
function findPoint(source: Uint8Array, sign: number, end: number): number {
  let point = end - 1;
  while (point > sign && source[point] !== POINT) point--;
  return point > sign + 1 && point < end - 1 ? point : -1;
}

function countCodePoints(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) if (isLowSurrogate(text, at)) count--;
  return count;
}

function indexOfCodePoint(text: string, count: number): number {
  let at = 0;
  for (let passed = 0; passed < count; passed++) at += isLowSurrogate(text, at + 1) ? 2 : 1;
  return at;
}

function indexFromEnd(text: string, count: number): number {
  let at = text.length;
  for (let passed = 0; passed < count; passed++) at -= isLowSurrogate(text, at - 1) ? 2 : 1;
  return at;
}

/** The text is well formed, so a low surrogate always ends a pair. */
function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

const STAR_BYTE = 0x2a;
const AT_SIGN = 0x40;
const POINT = 0x2e;
const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
