/**
 * What adapters use of this package: a masker made of a policy's spec, and its form for one column.
 *
 * A masker holds no state between values and is shared by all sessions. NULL is never given to it:
 * NULL stays NULL (that a value is absent is not hidden). Whatever does not look like canonical text
 * of its type becomes null, and so does everything a masker has no valid result for.
 */
import type { MaskerSpec } from '@gatehouse/model';
import { compileColumnMask } from './column-mask.ts';
import type { FastMasks } from './fast-mask.ts';
import { KeyedMac } from './keyed-mac.ts';
import type { MaskColumn, MaskType } from './mask-type.ts';
import { assertMaskerSpec, assertMaskKey } from './masker-check.ts';

/**
 * A masker for one column: either every value becomes the same (encode it once), or each is computed.
 * `mask` takes canonical text and gives canonical text of the same type, or null for NULL; never throws.
 */
export type ColumnMask = { readonly kind: 'constant'; readonly value: string | null } | ComputedMask;

/** The same results in all ways. */
export interface ComputedMask extends FastMasks {
  readonly kind: 'computed';
  mask(value: string): string | null;
  /** Equal values have equal masks that tell them apart from others, so that results may be kept. */
  readonly isPseudonym?: true;
}

export interface Masker {
  readonly spec: MaskerSpec;
  /** The form for one column; make it once per result, not per row. */
  column(column: MaskColumn): ColumnMask;
  /** Masks one value whose type is known only when it is seen (documents). */
  apply(type: MaskType, value: string): string | null;
}

export interface MaskerOptions {
  /** Key of `hash` and `token`: at least 16 bytes, the same at every node and over time. */
  readonly key: Buffer;
}

/** Creates a masker; throws GatewayError `masker-invalid` for a spec with impossible numbers or a short key. */
export function createMasker(spec: MaskerSpec, options: MaskerOptions): Masker {
  assertMaskerSpec(spec);
  assertMaskKey(options.key);
  const mac = new KeyedMac(options.key);
  const column = (shape: MaskColumn): ColumnMask => compileColumnMask(spec, shape, mac);
  const byType = new Map<MaskType, ColumnMask>();
  return {
    spec,
    column,
    apply(type, value) {
      let mask = byType.get(type);
      if (mask === undefined) {
        mask = column({ type });
        byType.set(type, mask);
      }
      return mask.kind === 'constant' ? mask.value : mask.mask(value);
    },
  };
}
