/**
 * `round`: numbers to the nearest multiple of a step, halves away from zero, exactly for integers and
 * decimals of any length. A multiple that does not fit into the column is replaced by the one next
 * to it towards zero. Everything that is not a number becomes null.
 */
import {
  type Decimal,
  formatDecimal,
  parseDecimal,
  parseFloatText,
  parseInteger,
} from './canonical-value.ts';
import type { FastMasks } from './fast-mask.ts';
import { integerRange } from './integer-range.ts';
import type { MaskColumn } from './mask-type.ts';

/** Makes the rounding for one column. A step that is no whole number is rounded up for integers. */
export function createRounding(column: MaskColumn, step: number): (value: string) => string | null {
  if (column.type === 'integer') return roundingOfIntegers(column, BigInt(Math.ceil(step)));
  if (column.type === 'float') return (value) => roundFloat(value, step, column.bits === 32);
  const exact = parseDecimal(String(step))!;
  return (value) => roundDecimal(value, exact, column);
}

/** The same over numbers, where the column holds integers and everything fits. */
export function fastRounding(column: MaskColumn, step: number): FastMasks {
  const unit = Math.ceil(step);
  if (column.type !== 'integer' || unit > EXACT) return {};
  const range = integerRange(column);
  const min = Number(range.min);
  const max = Number(range.max);
  const mask = (value: number): number => {
    const magnitude = Math.abs(value);
    if (!(magnitude <= EXACT)) return Number.NaN;
    const twice = magnitude * 2 + unit;
    const multiple = (twice - (twice % (unit * 2))) / 2;
    // A zero has no sign here.
    const rounded = value < 0 && multiple > 0 ? -multiple : multiple;
    return rounded >= min && rounded <= max ? rounded : Number.NaN;
  };
  return { integer: { mask } };
}

/** What is twice as large and more is still exact as a double. */
const EXACT = 2 ** 50;

function roundingOfIntegers(column: MaskColumn, step: bigint): (value: string) => string | null {
  const { min, max } = integerRange(column);
  return (value) => {
    const integer = parseInteger(value);
    if (integer === null) return null;
    const rounded = roundToMultiple(integer, step);
    if (rounded >= min && rounded <= max) return rounded.toString();
    return ((integer / step) * step).toString();
  };
}

function roundDecimal(value: string, step: Decimal, column: MaskColumn): string | null {
  const number = parseDecimal(value);
  if (number === null) return null;
  const scale = Math.max(number.scale, step.scale);
  const unscaled = rescale(number, scale);
  const unit = rescale(step, scale);
  const rounded = { unscaled: roundToMultiple(unscaled, unit), scale };
  const fitted = fitsPrecision(rounded, column) ? rounded : { unscaled: (unscaled / unit) * unit, scale };
  return formatDecimal(withoutTrailingZeros(fitted, number.scale));
}

function roundFloat(value: string, step: number, single: boolean): string | null {
  const number = parseFloatText(value);
  if (number === null) return null;
  const rounded = Math.sign(number) * Math.round(Math.abs(number) / step) * step;
  const result = single ? Math.fround(rounded) : rounded;
  return Number.isFinite(result) ? String(result === 0 ? 0 : result) : null;
}

function roundToMultiple(value: bigint, step: bigint): bigint {
  const magnitude = value < 0n ? -value : value;
  const multiple = ((magnitude * 2n + step) / (step * 2n)) * step;
  return value < 0n ? -multiple : multiple;
}

function rescale(number: Decimal, scale: number): bigint {
  return number.unscaled * 10n ** BigInt(scale - number.scale);
}

/** Drops zeros that the step brought in, down to the value's own scale. */
function withoutTrailingZeros(number: Decimal, minScale: number): Decimal {
  let { unscaled, scale } = number;
  while (scale > minScale && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return { unscaled, scale };
}

function fitsPrecision({ unscaled, scale }: Decimal, column: MaskColumn): boolean {
  if (column.precision === undefined) return true;
  const whole = (unscaled < 0n ? -unscaled : unscaled) / 10n ** BigInt(scale);
  return whole < 10n ** BigInt(Math.max(0, column.precision - (column.scale ?? 0)));
}
