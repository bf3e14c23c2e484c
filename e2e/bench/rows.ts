/** What a run gives: the rows of its tables, ready for JSON. */

export interface PointRow {
  readonly database: string;
  /** What is sent. */
  readonly load: string;
  readonly clients: number;
  readonly target: string;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time that the process in between takes for one statement, in the last round; null for direct. */
  readonly cpuMicros: number | null;
  readonly ofDirect: number;
  /** Null where no pooler stands beside it. */
  readonly ofPgbouncer: number | null;
}

export interface ReadRow {
  readonly database: string;
  readonly rows: number;
  readonly format: string;
  readonly target: string;
  readonly megabytesPerSecond: number;
  readonly rowsPerSecond: number;
  readonly ofDirect: number;
}

/** A long read through the gateway with a mask, and the same one without in the same minute. */
export interface MaskRow {
  readonly masker: string;
  readonly format: string;
  readonly rows: number;
  readonly unmaskedMegabytesPerSecond: number;
  readonly megabytesPerSecond: number;
  readonly rowsPerSecond: number;
  readonly ofUnmasked: number;
  /** Processor time of the gateway for one row. */
  readonly unmaskedCpuMicros: number;
  readonly cpuMicros: number;
}

export interface IdleRow {
  readonly database: string;
  readonly sessions: number;
  readonly kilobytesEach: number;
}

/** The cost of one step inside, in microseconds. */
export interface StepRow {
  readonly step: string;
  readonly micros: number;
}

export interface Results {
  readonly points: PointRow[];
  readonly reads: ReadRow[];
  readonly masks: MaskRow[];
  readonly idle: IdleRow[];
  readonly steps: StepRow[];
  /** What a reader must know: programs that are missing, the load, how the gateway ran. */
  readonly notes: string[];
}

export function emptyResults(): Results {
  return { points: [], reads: [], masks: [], idle: [], steps: [], notes: [] };
}

/** The tables for people, in Markdown. */
export function formatTables({ points, reads, masks, idle, steps, notes }: Results): string {
  const tables = [
    table(
      [
        'database',
        'load',
        'clients',
        'through',
        'per second',
        'p50 ms',
        'p99 ms',
        'CPU µs',
        'of direct',
        'of PgBouncer',
      ],
      points.map((row) => [
        ...[row.database, row.load, String(row.clients), row.target, String(Math.round(row.perSecond))],
        ...[
          row.p50Ms.toFixed(2),
          row.p99Ms.toFixed(2),
          row.cpuMicros?.toFixed(0) ?? '',
          row.ofDirect.toFixed(2),
        ],
        row.ofPgbouncer?.toFixed(2) ?? '',
      ]),
    ),
    table(
      ['database', 'rows', 'format', 'through', 'MB/s', 'rows/s', 'of direct'],
      reads.map((row) => [
        ...[row.database, String(row.rows), row.format, row.target],
        ...[
          row.megabytesPerSecond.toFixed(0),
          String(Math.round(row.rowsPerSecond)),
          row.ofDirect.toFixed(2),
        ],
      ]),
    ),
    table(
      [
        'masked column',
        'format',
        'rows',
        'MB/s unmasked',
        'masked',
        'rows/s',
        'of unmasked',
        'CPU µs/row unmasked',
        'masked',
      ],
      masks.map((row) => [
        ...[row.masker, row.format, String(row.rows), row.unmaskedMegabytesPerSecond.toFixed(0)],
        ...[row.megabytesPerSecond.toFixed(0), String(Math.round(row.rowsPerSecond))],
        ...[row.ofUnmasked.toFixed(2), row.unmaskedCpuMicros.toFixed(2), row.cpuMicros.toFixed(2)],
      ]),
    ),
    table(
      ['database', 'idle sessions', 'KB of the gateway for each'],
      idle.map((row) => [row.database, String(row.sessions), row.kilobytesEach.toFixed(0)]),
    ),
    table(
      ['step', 'µs'],
      steps.map(({ step, micros }) => [step, micros.toPrecision(3)]),
    ),
  ];
  return [...tables.filter((text) => text !== ''), notes.map((note) => `- ${note}`).join('\n')].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
