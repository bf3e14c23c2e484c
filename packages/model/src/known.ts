/**
 * Unknown is a value, never an empty list.
 *
 * What a classifier could not establish is `unknown` with a reason, and nothing can read the
 * value without asking first. Policy denies what it has to read and cannot.
 */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly reason: string };

/** Wraps a value that was established. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** States that a value could not be established; `reason` is one lower-case line without literals of the statement. */
export function unknown(reason: string): { readonly known: false; readonly reason: string } {
  return { known: false, reason };
}
