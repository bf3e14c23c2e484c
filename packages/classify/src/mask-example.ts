/** Characters that could be mistaken for others, move the cursor or end a line. */
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/**
 * An example of a value that shows what it looks like and not what it is: the first character, for an address the
 * `@` and the last part of the domain, for anything else of some length the last character. Safe to print.
 */
export function maskExample(value: string): string {
  const [first = ''] = value.slice(0, 2);
  const address = /^[^@\s]+@[^@\s]+\.(\p{L}{2,12})$/u.exec(value);
  if (address !== null) return `${show(first)}…@…${address[1]}`;
  if (value.length < 8) return value === '' ? '' : '…';
  return `${show(first)}…${show([...value.slice(-2)].at(-1) ?? '')}`;
}

function show(character: string): string {
  return UNPRINTABLE.test(character) ? '·' : character;
}
