/** Proves the journals in a folder offline, without the gateway and without the store. */
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CHECKPOINT, type Checkpoint, readCheckpoint } from '../checkpoint/checkpoint.ts';
import type { PublicKey } from '../checkpoint/signing-key.ts';
import { readStoreTombstone, STORE_TRIMMED, type Tombstone } from '../checkpoint/tombstone.ts';
import { readWitnessed, WITNESSED } from '../checkpoint/witness.ts';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
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

/** What a verification is held against. */
export interface TrustOptions {
  /** Keys that count; without them the first one that each node's journal names. */
  readonly keys?: readonly PublicKey[];
  /** Further lines that may tell what others have seen: exports of other nodes, or of a sink. */
  readonly witnesses?: readonly string[];
}

/** Verifies each node's journal in a folder from its first event. A journal that is being written may be verified at any time. */
export async function verifyJournal(
  dir: string,
  trust: TrustOptions = {},
): Promise<readonly JournalResult[]> {
  const nodes = listNodes(dir).map((node) => ({
    node,
    files: () => listSegments(dir, node).map(({ path }) => path),
    passedOn: readCursor(join(dir, `${node}.cursor`)).seq,
  }));
  return verifyNodes(nodes, trust, false);
}

/** Verifies exported files, each with the lines of one node; several files of a node in any order. Lines must begin with the node's first event, or behind what a signed tombstone in them says was taken away. */
export async function verifyFiles(
  paths: readonly string[],
  trust: TrustOptions = {},
): Promise<readonly JournalResult[]> {
  const starts: { path: string; node: string; seq: number }[] = [];
  for (const path of paths) {
    const first = await firstEvent(path);
    // A file without an event is verified under its own name, and found to be none.
    starts.push({ path, node: first?.node ?? basename(path), seq: first?.seq ?? 0 });
  }
  const names = [...new Set(starts.map(({ node }) => node))].sort();
  const nodes = names.map((node) => {
    const files = starts.filter((start) => start.node === node).sort((a, b) => a.seq - b.seq);
    return { node, files: () => files.map(({ path }) => path), passedOn: 0 };
  });
  return verifyNodes(nodes, trust, true);
}

interface NodeFiles {
  readonly node: string;
  readonly files: () => readonly string[];
  /** Events up to this number were passed on. */
  readonly passedOn: number;
}

async function verifyNodes(
  nodes: readonly NodeFiles[],
  { keys = [], witnesses = [] }: TrustOptions,
  fromStore: boolean,
): Promise<readonly JournalResult[]> {
  const own = await collectSeen(nodes.flatMap(({ files }) => files()));
  // What a sink or a copy holds of a node's own checkpoints is a witness of it, too.
  const others = await collectSeen(witnesses, CHECKPOINT);
  const seen = [...own.checkpoints, ...others.checkpoints];
  const trimmed = [...own.tombstones, ...others.tombstones];
  const results: JournalResult[] = [];
  for (const one of nodes) {
    const witnessed = seen.filter(({ node }) => node === one.node);
    const tombstones = fromStore ? trimmed.filter(({ node }) => node === one.node) : [];
    results.push(await verifyNode(one, { after: 'tombstone', keys, witnessed, tombstones, fromStore }));
  }
  return results;
}

interface Seen {
  readonly checkpoints: readonly Checkpoint[];
  readonly tombstones: readonly Tombstone[];
}

/** Every checkpoint that these files have witnessed of other nodes, and what they took of others from the store; also the checkpoints that nodes tell of themselves, if asked. */
async function collectSeen(paths: readonly string[], also?: string): Promise<Seen> {
  const found = new Map<string, Checkpoint>();
  const tombstones: Tombstone[] = [];
  for (const path of paths) {
    for await (const line of fileLines(path)) {
      if (!line.subarray(0, HEAD_BYTES).includes('"body":{"kind":"gateway"')) continue;
      const event = parseLine(line.toString('utf8'));
      if (event?.body.kind !== 'gateway') continue;
      const { what, detail } = event.body;
      let checkpoint: Checkpoint | null = null;
      if (what === WITNESSED) checkpoint = readWitnessed(detail);
      else if (what === also) checkpoint = readCheckpoint(event.node, detail);
      if (checkpoint !== null)
        found.set(`${checkpoint.node}/${checkpoint.to}/${checkpoint.head}`, checkpoint);
      const tombstone = what === STORE_TRIMMED ? readStoreTombstone(event.node, detail) : null;
      if (tombstone !== null && tombstone.node !== event.node) tombstones.push(tombstone);
    }
  }
  return { checkpoints: [...found.values()], tombstones };
}

/** No head of a line is longer. */
const HEAD_BYTES = 300;

async function firstEvent(path: string): Promise<AuditEvent | null> {
  for await (const line of fileLines(path)) return parseLine(line.toString('utf8'));
  return null;
}

async function verifyNode(one: NodeFiles, options: VerifyOptions): Promise<JournalResult> {
  for (let attempt = 1; ; attempt += 1) {
    const files: FileStart[] = [];
    const result = await verifyLines(linesOf(one.files(), files), options);
    if (result.problem?.kind === 'torn' && attempt < TORN_ATTEMPTS) {
      // A running gateway may have been in the middle of the line.
      await new Promise((resolve) => setTimeout(resolve, TORN_AGAIN_MS));
      continue;
    }
    const problem = result.problem ?? missingEnd(one.passedOn, result);
    return { ...result, node: one.node, problem, place: problem === null ? null : placeOf(problem, files) };
  }
}

/** What was passed on must have been there. */
function missingEnd(passedOn: number, { last, events }: VerifyResult): ChainProblem | null {
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

/** Gives the lines of a node's journal in order, as bytes without line feeds. */
export function journalLines(dir: string, node: string): AsyncGenerator<Buffer> {
  return linesOf(
    listSegments(dir, node).map(({ path }) => path),
    [],
  );
}

/** Notes in `files` where each file begins. */
async function* linesOf(paths: readonly string[], files: FileStart[]): AsyncGenerator<Buffer> {
  let lines = 0;
  for (const path of paths) {
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
