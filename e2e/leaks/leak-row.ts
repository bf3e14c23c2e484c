/**
 * One attempt to get a masked value out.
 *
 * - `masked`: the statement runs and what comes back holds no masked value.
 * - `hidden`: the statement runs, and every value that comes back is NULL, but for a column named `id`.
 * - `denied`: it must be refused, by its nature.
 * - `depth`: it is refused for want of understanding only; a later version may answer it, masked.
 * - `harmless`: it runs, and nothing of a masked column is in what comes back.
 */
export interface LeakRow {
  readonly statement: string;
  readonly expect: 'masked' | 'hidden' | 'denied' | 'depth' | 'harmless';
}

/** Rows of one expectation, one statement a line. */
export function rows(expect: LeakRow['expect'], statements: string): readonly LeakRow[] {
  return statements
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((statement) => ({ statement, expect }));
}
