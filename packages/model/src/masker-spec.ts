/**
 * How a protected value is replaced. Typed maskers in `packages/masking` carry it out; a masker that
 * has no valid result for a value's type gives NULL.
 *
 * - `null`: NULL. - `redact`: a fixed text for text types, zero value otherwise.
 * - `partial`: keeps `keepFirst` and `keepLast` characters. - `hash`: keyed, the same for the same value.
 * - `token`: keyed, keeps the format, recognisable by the gateway. - `round`: numbers to a multiple of `step`.
 * - `year`: dates cut to the first of January. - `zero`: the type's zero value.
 */
export type MaskerSpec =
  | { readonly kind: 'null' }
  | { readonly kind: 'redact'; readonly text?: string }
  | { readonly kind: 'partial'; readonly keepFirst: number; readonly keepLast: number }
  | { readonly kind: 'hash' }
  | { readonly kind: 'token' }
  | { readonly kind: 'round'; readonly step: number }
  | { readonly kind: 'year' }
  | { readonly kind: 'zero' };
