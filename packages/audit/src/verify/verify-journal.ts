/** Proves the journals in a folder offline, without the gateway and without the store. */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { listNodes, listSegments } from '../journal/segment-files.ts';
import { readCursor } from '../shipping/cursor-file.ts';
import type { AuditReader } from '../store/audit-store.ts';
import { type ChainProblem, type VerifyOptions, type VerifyResult, verifyLines } from './verify-lines.ts';

/** The result for one node; `place` says in which file the problem is. */
export interface JournalResult extends VerifyResult {
  readonly node: string;
  /** `FILE:LINE` of the problem, null without one. */
  readonly place: string | null;
}

const CHUNK = 256 * 1024;
const TORN_AGAIN_MS = 300;
const TORN_ATTEMPTS = 3;

/** Verifies each node's journal in a folder from its first event. A journal that is being written may be verified at any time. */
export async function verifyJournal(dir: string): Promise<readonly JournalResult[]> {
  const results: JournalResult[] = [];
  for (const node of listNodes(dir)) results.push(await verifyNode(dir, node));
  return results;
}

async function verifyNode(dir: string, node: string): Promise<JournalResult> {
  for (let attempt = 1; ; attempt += 1) {
    const files: FileStart[] = [];
    const result = await verifyLines(journalLines(dir, node, files), { after: 'start' });
    if (result.problem?.kind === 'torn' && attempt < TORN_ATTEMPTS) {
      // A running gateway may have been in the middle of the line.
      await new Promise((resolve) => setTimeout(resolve, TORN_AGAIN_MS));
      continue;
    }
    const problem = result.problem ?? missingEnd(dir, node, result);
    return { ...result, node, problem, place: problem === null ? null : placeOf(problem, files) };
  }
}

/** What was passed on must have been there. */
function missingEnd(dir: string, node: string, { last, events }: VerifyResult): ChainProblem | null {
  const passedOn = readCursor(join(dir, `${node}.cursor`)).seq;
  const seq = last?.seq ?? 0;
  if (passedOn <= seq) return null;
  return {
    kind: 'missing',
    seq: seq + 1,
    line: events + 1,
    detail: `events up to number ${passedOn} were passed on`,
  };
}

/** How many lines stand before a file. */
interface FileStart {
  readonly file: string;
  readonly before: number;
}

function placeOf({ line }: ChainProblem, files: readonly FileStart[]): string | null {
  const start = files.findLast(({ before }) => before < line);
  return start === undefined ? null : `${start.file}:${line - start.before}`;
}

/** Gives the lines of a node's journal in order, as bytes without line feeds; notes in `files` where each file begins. */
export async function* journalLines(
  dir: string,
  node: string,
  files: FileStart[] = [],
): AsyncGenerator<Buffer> {
  let lines = 0;
  for (const { path } of listSegments(dir, node)) {
    files.push({ file: basename(path), before: lines });
    for await (const line of fileLines(path)) {
      lines += 1;
      yield line;
    }
  }
}

/** Splits at line feeds only: a text may hold other characters that end lines elsewhere. */
async function* fileLines(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    let rest: Buffer[] = [];
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK);
      if (bytesRead === 0) break;
      let from = 0;
      const bytes = buffer.subarray(0, bytesRead);
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        const tail = bytes.subarray(from, end);
        yield rest.length === 0 ? tail : Buffer.concat([...rest, tail]);
        rest = [];
        from = end + 1;
      }
      if (from < bytesRead) rest.push(bytes.subarray(from));
    }
    if (rest.length > 0) yield Buffer.concat(rest);
  } finally {
    await file.close();
  }
}

const PAGE = 1_000;

/** Gives the lines that a store holds of a node, in order; for `verifyLines` and `exportEvents`. */
export async function* storedLines(reader: Pick<AuditReader, 'lines'>, node: string): AsyncGenerator<string> {
  for (let after = 0; ; ) {
    const lines = await reader.lines(node, after, PAGE);
    yield* lines;
    if (lines.length < PAGE) return;
    const last = /^\{"v":1,"node":"[^"]*","seq":(\d+),/.exec(lines.at(-1)!);
    if (last === null) return;
    after = Number(last[1]);
  }
}

/** Verifies what a store holds of a node. */
export function verifyStored(
  reader: Pick<AuditReader, 'lines'>,
  node: string,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  return verifyLines(storedLines(reader, node), options);
}
