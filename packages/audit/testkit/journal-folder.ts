/** A folder with the journal of node `gw-1` for each test of a file, and what can be seen of it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditBody, GatewayError, IntentBody } from '@gatehouse/model';
import { afterEach, beforeEach, expect } from 'vitest';
import { GENESIS, hashLine, parseLine } from '../src/journal/event-line.ts';
import { type Journal, type JournalOptions, openJournal } from '../src/journal/journal.ts';
import { intent } from './event-bodies.ts';

export interface JournalFolder {
  readonly dir: string;
  /** Opens the journal; it is closed after the test. */
  open(options?: Partial<JournalOptions>): Journal;
  /** Names of the files in order. */
  segments(): string[];
  lines(): string[];
  /** What each line records; every line must be an event, numbered from 1 without gaps, each with the hash of the one before. */
  chain(dir?: string): string[];
}

/** Makes a folder before each test and removes it afterwards. */
export function useJournalFolder(): JournalFolder {
  let dir = '';
  const journals: Journal[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'));
  });
  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    get dir() {
      return dir;
    },
    open(options = {}) {
      const limits = { segmentBytes: 1 << 20, maxBacklogBytes: 1 << 30 };
      const journal = openJournal({ dir, node: 'gw-1', ...limits, ...options });
      journals.push(journal);
      return journal;
    },
    segments: () => segmentsOf(dir),
    lines: () => linesOf(dir),
    chain: (other = dir) => chainOf(linesOf(other)),
  };
}

function segmentsOf(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}

function linesOf(dir: string): string[] {
  return segmentsOf(dir).flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1));
}

function chainOf(lines: readonly string[]): string[] {
  let prev = GENESIS;
  return lines.map((line, index) => {
    const parsed = parseLine(line);
    expect(parsed).toMatchObject({ node: 'gw-1', seq: index + 1, prev });
    prev = hashLine(line);
    const { body } = parsed!;
    return body.kind === 'gateway' ? body.what : body.kind;
  });
}

/** An event of the gateway itself. */
export function event(what: string): AuditBody {
  return { kind: 'gateway', what, detail: {} };
}

/** A statement that touches no object. */
export function statementEvent(text: string, parameters?: IntentBody['parameters']): IntentBody {
  const body = intent('s1-1', { text, ...(parameters === undefined ? {} : { parameters }) });
  return { ...body, statements: [{ ...body.statements[0]!, accesses: { known: true, value: [] } }] };
}

export function written(journal: Journal): Promise<GatewayError | null> {
  return new Promise((resolve) => journal.afterWritten(resolve));
}

export function synced(journal: Journal): Promise<GatewayError | null> {
  return new Promise((resolve) => journal.afterSynced(resolve));
}

/** Kind and code of the GatewayError that an action throws, null for none. */
export function codeOf(action: () => unknown): string | null {
  try {
    action();
    return null;
  } catch (error) {
    return `${(error as GatewayError).kind}/${(error as GatewayError).code}`;
  }
}
