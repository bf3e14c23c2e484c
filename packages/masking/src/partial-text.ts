/**
 * `partial`: shows the first and the last code points of a text and a `*` for every other one.
 *
 * A value that would be shown whole is hidden whole. Something that looks like an e-mail address
 * keeps its shape: the local part and the domain without its last label are hidden each by
 * themselves (`ana@example.com` with one and none kept: `a**@e******.com`). The length stays visible.
 */
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
