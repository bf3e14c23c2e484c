/** Where a command writes; tests give one that collects. */
export interface Terminal {
  /** One line on standard output. */
  line(text?: string): void;
  /** One line on standard error: progress and problems, so that output can be piped. */
  note(text: string): void;
  /** A value for scripts: one JSON document on one line. */
  json(value: unknown): void;
  readonly isTty: boolean;
}

export function createTerminal(): Terminal {
  return {
    line: (text = '') => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    json: (value) => void process.stdout.write(`${JSON.stringify(value)}\n`),
    isTty: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  };
}

/** Rows as aligned columns, the first row being the head. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
