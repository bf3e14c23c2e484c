/**
 * Writes a number as the server does in the text format, so that a value is the same text to a masker in both: the
 * fewest digits that tell it apart, with an exponent from so many digits on (src/common/d2s.c, f2s.c).
 */
export function formatFloat(value: number, bits: 32 | 64): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = (bits === 32 ? shortestSingle(value) : value.toExponential()).split(
    'e',
  );
  const exponent = Number(power);
  if (exponent < -4 || exponent >= (bits === 32 ? 6 : 15))
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Nine digits tell any two singles apart. */
function shortestSingle(value: number): string {
  for (let digits = 0; digits < 8; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
}
