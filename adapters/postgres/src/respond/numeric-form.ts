const NUMERIC_NEGATIVE = 0x4000;

/** `numeric_send`: ndigits, weight, sign, display scale, then digits to the base of 10,000. */
export function decodeNumeric(bytes: Buffer): string | null {
  if (bytes.length < 8) return null;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== 8 + count * 2 || (sign !== 0 && sign !== NUMERIC_NEGATIVE)) return null;
  const digit = (index: number): string =>
    index >= 0 && index < count ? String(bytes.readUInt16BE(8 + index * 2)).padStart(4, '0') : '0000';
  let whole = '';
  for (let i = 0; i <= weight; i++) whole += digit(i);
  let fraction = '';
  for (let i = weight + 1; fraction.length < scale; i++) fraction += digit(i);
  const text = `${whole.replace(/^0+(?=\d)/, '') || '0'}${scale === 0 ? '' : `.${fraction.slice(0, scale)}`}`;
  return sign === NUMERIC_NEGATIVE ? `-${text}` : text;
}

export function encodeNumeric(text: string): Buffer | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const [, minus, whole = '0', fraction = ''] = match;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, '0');
  const right = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const digits = [...`${left}${right}`.matchAll(/\d{4}/g)].map(([four]) => Number(four));
  let weight = left.length / 4 - 1;
  while (digits.length > 0 && digits[0] === 0) {
    digits.shift();
    weight -= 1;
  }
  while (digits.at(-1) === 0) digits.pop();
  const out = Buffer.alloc(8 + digits.length * 2);
  if (digits.length > 0xffff || weight > 0x7fff || fraction.length > 0x3fff) return null;
  out.writeUInt16BE(digits.length, 0);
  out.writeInt16BE(digits.length === 0 ? 0 : weight, 2);
  out.writeUInt16BE(minus === '-' && digits.length > 0 ? NUMERIC_NEGATIVE : 0, 4);
  out.writeUInt16BE(fraction.length, 6);
  for (const [i, value] of digits.entries()) out.writeUInt16BE(value, 8 + i * 2);
  return out;
}
