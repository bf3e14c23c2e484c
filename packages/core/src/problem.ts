/** One mistake in a policy document or a case file, at the place where a person has to look. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One lower-case line; values of the document in backticks. */
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}

/** `file:line:column: message (suggestion)`, as editors and CI logs link it. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  const suggestion = problem.suggestion === undefined ? '' : ` (${problem.suggestion})`;
  return `${place}: ${problem.message}${suggestion}`;
}
