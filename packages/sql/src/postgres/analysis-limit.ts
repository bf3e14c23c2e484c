/**
 * Bounds of one analysis, so that a small text cannot make the gateway work for long.
 *
 * Reaching one is no fault of the gateway: the text is refused as `too-deep`.
 */
export class AnalysisLimit extends Error {}

/** The server takes at most 1,664 columns in a target list; joins under it may have more. */
const MAX_COLUMNS = 20_000;
const MAX_STEPS = 20_000;

export function assertColumnCount(count: number): void {
  if (count > MAX_COLUMNS) throw new AnalysisLimit('too many columns');
}

/** Counts the queries analyzed for one statement. */
export function assertSteps(steps: number): void {
  if (steps > MAX_STEPS) throw new AnalysisLimit('too many steps');
}
