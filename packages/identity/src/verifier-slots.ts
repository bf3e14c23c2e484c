/**
 * Makes the work of one proof the same for every name.
 *
 * A proof is tried against every live token of a principal. The list is filled up with values that
 * nothing matches, so that neither the existence of a name nor its number of tokens shows in time.
 */

/** Tokens of one principal that a proof is tried against; more are never live at once. */
export const VERIFIER_SLOTS = 32;

interface VerifierSlot<T> {
  /** Null for a filler. */
  readonly verifier: T | null;
  readonly bytes: Buffer;
}

/** Fills up to `VERIFIER_SLOTS`; verifiers beyond it are left out. `bytesOf` gives `size` bytes, or undefined when it has none. */
export function padSlots<T>(
  verifiers: readonly T[],
  bytesOf: (verifier: T) => Buffer | undefined,
  size: number,
): readonly VerifierSlot<T>[] {
  const filler = Buffer.alloc(size);
  return Array.from({ length: VERIFIER_SLOTS }, (_, at) => {
    const verifier = verifiers[at];
    const bytes = verifier === undefined ? undefined : bytesOf(verifier);
    // SECURITY: a filler is never a match, even if its bytes could be matched.
    return verifier === undefined || bytes?.length !== size
      ? { verifier: null, bytes: filler }
      : { verifier, bytes };
  });
}
