import { GatewayError, type MaskerSpec } from '@gatehouse/model';

/** The fewest bytes of a masking key. */
export const MIN_MASK_KEY_BYTES = 16;

const KINDS: Readonly<Record<MaskerSpec['kind'], true>> = {
  null: true,
  redact: true,
  partial: true,
  hash: true,
  token: true,
  round: true,
  year: true,
  zero: true,
};

/** Throws GatewayError `masker-invalid` unless every value in the spec makes sense. */
export function assertMaskerSpec(spec: MaskerSpec): void {
  if (!Object.hasOwn(KINDS, spec.kind)) throw invalid(`a masker kind, got \`${String(spec.kind)}\``);
  if (spec.kind === 'partial' && !(isCount(spec.keepFirst) && isCount(spec.keepLast)))
    throw invalid('`keepFirst` and `keepLast` to be whole numbers from 0');
  if (spec.kind === 'round' && !(Number.isFinite(spec.step) && spec.step > 0))
    throw invalid('`step` to be a number above 0');
  if (spec.kind === 'redact' && spec.text?.includes('\0')) throw invalid('`text` without a NUL');
}

/** Throws GatewayError `masker-invalid` for a key that is too short. */
export function assertMaskKey(key: Buffer): void {
  if (key.length < MIN_MASK_KEY_BYTES)
    throw invalid(`a masking key of at least ${MIN_MASK_KEY_BYTES} bytes, got ${key.length}`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function invalid(expectation: string): GatewayError {
  return new GatewayError('config', 'masker-invalid', `expected ${expectation}`);
}
