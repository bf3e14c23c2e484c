import { parseArgs } from 'node:util';

/** The parts of the bench, in the order in which they run. */
export const PARTS = ['postgres', 'masks', 'mysql', 'mongodb', 'decide', 'audit'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Seconds that one round of one point lasts. */
  readonly seconds: number;
  /** Seconds of one warming up. */
  readonly warmUpSeconds: number;
  /** How often every point is measured; the rounds go over all targets in turn. */
  readonly rounds: number;
  /** Connections that send at the same time. */
  readonly clients: readonly number[];
  /** Rows of the long read. */
  readonly rows: number;
  readonly idleSessions: number;
  readonly json: boolean;
}

export const USAGE = `npm run bench -- [--only ${PARTS.join('|')}] [--seconds N] [--quick] [--json]

  --only PART    one part; may be given several times
  --seconds N    seconds for one round of one point (default 2)
  --quick        one round at 8 clients, a shorter read, fewer idle sessions
  --json         one JSON document on standard output in place of the tables
`;

/** Reads the command line; throws an Error that says what was expected. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.map(readPart);
  const { quick, json } = values;
  return {
    parts: PARTS.filter((part) => only === undefined || only.includes(part)),
    seconds: values.seconds === undefined ? (quick ? 1 : 2) : readSeconds(values.seconds),
    warmUpSeconds: quick ? 1 : 3,
    rounds: quick ? 1 : 2,
    clients: quick ? [8] : [1, 8, 32],
    rows: quick ? 200_000 : 1_000_000,
    idleSessions: quick ? 100 : 500,
    json,
  };
}

function readPart(text: string): Part {
  const part = PARTS.find((name) => name === text);
  if (part === undefined) throw new Error(`--only: expected one of ${PARTS.join(', ')}, got \`${text}\``);
  return part;
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 600)
    throw new Error(`--seconds: expected a whole number from 1 to 600, got \`${text}\``);
  return seconds;
}
