/**
 * The row of a line, without reading again what many lines say alike.
 *
 *   {"v":1,…,"body":{"kind":"intent","request":"s1-7", | "session":…,"decision":… | ,"via":…,"text":…}}
 *                head                                       known by its text          read
 *
 * Who asks, for what, and the decision are most of an intent, and the same for every time that a
 * statement is sent. SECURITY: a text counts as known only after it was read as whole members of the
 * body, those that stand there and no others; everything else is read as a whole. Test: `gives the
 * same row as reading all of it, whatever a line holds`.
 */
import type { IntentBody } from '@gatehouse/model';
import { parseLine } from '../journal/event-line.ts';
import {
  type CleanFacts,
  cleanFacts,
  type EventColumns,
  eventColumns,
  intentColumns,
  safeFacts,
} from './event-columns.ts';

export interface OpenedEvent {
  readonly columns: EventColumns;
  readonly prev: string;
  /** False for a line that is not as a journal writes it. */
  readonly regular: boolean;
}

/** Gives null for a text that is no event. */
export type EventReader = (line: string) => OpenedEvent | null;

/** So many texts are remembered. */
const REMEMBERED = 2_000;
/** Longer ones are not. */
const MAX_CHARACTERS = 8_192;
const KNOWN_KEYS = 'session,principal,statements,decision';
const READ_KEYS: readonly string[] = ['via', 'text', 'parameters'];

/** As a journal writes it, nothing in it escaped. */
const HEAD =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may stand in a text
  /^\{"v":1,"node":"([^"\\\0-\x1f]*)","seq":([1-9]\d{0,14}),"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","prev":"([0-9a-f]{64})","body":\{"kind":"intent","request":"([^"\\\0-\x1f]*)",/;

/** Reads all of a line. */
export function readEvent(line: string): OpenedEvent | null {
  const event = parseLine(line);
  if (event === null) return null;
  const { node, seq, at, prev } = event;
  const head = `{"v":1,"node":"${node}","seq":${seq},"at":"${at}","prev":"${prev}",`;
  return { columns: eventColumns(event, line), prev, regular: line.startsWith(head) };
}

/** Gives a reader that remembers. */
export function createEventReader(): EventReader {
  const known = new Map<string, CleanFacts>();
  const factsOf = (text: string): CleanFacts | null => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const body = readMembers(text);
    if (body === null || Object.keys(body).join() !== KNOWN_KEYS || text.length > MAX_CHARACTERS) return null;
    const facts = cleanFacts(safeFacts({ ...(body as unknown as IntentBody), kind: 'intent' }));
    if (known.size >= REMEMBERED) known.clear();
    // A copy: a part of a line would keep all of it in memory.
    known.set(Buffer.from(text).toString(), facts);
    return facts;
  };
  return (line) => readKnown(line, factsOf) ?? readEvent(line);
}

function readKnown(line: string, factsOf: (text: string) => CleanFacts | null): OpenedEvent | null {
  const head = HEAD.exec(line);
  if (head === null || /[\ud800-\udfff]/.test(line)) return null;
  const from = head[0].length;
  const via = line.indexOf(',"via":', from);
  if (via === -1 || !line.endsWith('}}')) return null;
  const facts = factsOf(line.slice(from, via));
  const rest = facts === null ? null : readMembers(line.slice(via + 1, -2));
  if (facts === null || rest === null || !Object.keys(rest).every((key) => READ_KEYS.includes(key)))
    return null;
  const [, node, seq, at, prev, request] = head as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if (Number.isNaN(Date.parse(at))) return null;
  const { text } = rest as Pick<IntentBody, 'text'>;
  const own = { request, ...(text === undefined ? {} : { text }) };
  return { columns: intentColumns({ node, seq: Number(seq), at }, facts, own, line), prev, regular: true };
}

/** The members of an object, or null for a text that is something else. */
function readMembers(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(`{${text}}`) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
