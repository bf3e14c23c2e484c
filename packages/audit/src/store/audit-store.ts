/**
 * The store: an index over what the journals hold, for people who search. It can be rebuilt from
 * them at any time and proves nothing by itself.
 */

/** One event of the store. */
export interface StoredEvent {
  /** Grows in the order of arrival; what `tail` and `search` page by. */
  readonly id: number;
  /** The line exactly as the journal wrote it, without line feed. */
  readonly line: string;
}

/** What `search` looks for; all that is given must fit. Facts of a statement also find its outcome. */
export interface SearchFilter {
  readonly node?: string;
  /** From this time on, ISO 8601. */
  readonly from?: string;
  /** Before this time, ISO 8601. */
  readonly to?: string;
  readonly kind?: string;
  /** A person, a service or an agent; also the one that somebody acted for. */
  readonly who?: string;
  readonly database?: string;
  /** `public.customers`; `public.*` for everything inside. */
  readonly object?: string;
  readonly action?: string;
  readonly effect?: string;
  /** `policy/rule`, or the name of either. */
  readonly rule?: string;
  readonly result?: string;
  readonly code?: string;
  readonly request?: string;
  readonly session?: string;
  readonly verb?: string;
  /** What the principal said it works on. */
  readonly purpose?: string;
  /** A part of the text, in any case. */
  readonly text?: string;
  /** Only events that arrived before this id, to page backwards. */
  readonly before?: number;
  /** At most 10000; 100 when absent. */
  readonly limit?: number;
}

/** What became of lines that were inserted. */
export interface InsertResult {
  readonly inserted: number;
  /** Were there already, byte for byte. */
  readonly duplicates: number;
  /** Have the number of another event: `node/seq`. One of the two was forged or a journal was started anew. The first stays. */
  readonly conflicts: readonly string[];
  /** Do not name the hash of the event before, or the one behind does not name theirs: `node/seq`. Stored all the same: it is evidence. */
  readonly broken: readonly string[];
}

/** What the store holds of one node. */
export interface NodeInfo {
  readonly node: string;
  readonly events: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Numbers between the first and the last that are not there. */
  readonly missing: number;
}

/** Numbers of one node, both ends included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** A stretch of one node's numbers. */
export interface Holes {
  /** Numbers that are not there, between some that are; and from where the stretch was to begin. */
  readonly holes: readonly NumberRange[];
  /** The last number that was looked at; where it was to begin when nothing is behind that. */
  readonly through: number;
}

/** What of a store is to stay. */
export interface StoreLimits {
  /** Days that have ended longer ago may go. */
  readonly maxAgeMs?: number;
  /** The oldest days may go while all together are larger. */
  readonly maxBytes?: number;
}

/** What of a store may go at one moment. */
export interface RetentionPlan {
  readonly days: number;
  readonly bytes: number;
  /** The oldest day, null for an empty store. */
  readonly oldest: string | null;
  /** Null when nothing may go. */
  readonly due: DueDays | null;
  /** Why some days that are old or too much may not go; null when there are none. */
  readonly kept: string | null;
}

/** The oldest days, to go together. */
export interface DueDays {
  readonly days: readonly string[];
  readonly bytes: number;
  readonly why: 'store-age' | 'store-size';
  readonly nodes: readonly DueNode[];
}

/** What of one node goes. */
export interface DueNode {
  readonly node: string;
  readonly events: number;
  /** The last number. */
  readonly through: number;
  /** Hash of its line. */
  readonly head: string;
  /** Id of the key by which a tombstone that is stored says exactly this; null when there is none. */
  readonly signedBy: string | null;
  /** True for a node that has been gone for long, so that another one must sign. */
  readonly silent: boolean;
  /** The line of its newest checkpoint, null without one. */
  readonly checkpoint: string | null;
}

/** What can be read from any process. All methods throw GatewayError `store-unavailable`, kind `unavailable`. */
export interface AuditReader {
  /** Events after an id in order of arrival; the newest ones for null. */
  tail(after: number | null, limit: number): Promise<readonly StoredEvent[]>;
  /** Newest first. */
  search(filter: SearchFilter): Promise<readonly StoredEvent[]>;
  /** Everything about one request in order: its session's login, intent, outcome. Empty when there is none. */
  show(requestId: string): Promise<readonly StoredEvent[]>;
  /** Lines of one node in the order of their numbers, after one. */
  lines(node: string, afterSeq: number, limit: number): Promise<readonly string[]>;
  verifyInfo(): Promise<readonly NodeInfo[]>;
  /** The line of each node's newest checkpoint. */
  checkpoints(): Promise<readonly string[]>;
  /** What may go under these limits; `now` is in milliseconds since 1970. */
  planRetention(limits: StoreLimits, now: number): Promise<RetentionPlan>;
  close(): Promise<void>;
}

export interface AuditStore extends AuditReader {
  /** Creates what is missing of the schema, once; `insert` does it too, and brings over what an older version has stored. Throws GatewayError `store-encoding` for a server that does not keep UTF-8. */
  migrate(): Promise<void>;
  /** Adds lines once, all or none. Throws GatewayError `line-malformed`, kind `audit`, for a text that is no event. */
  insert(lines: readonly string[]): Promise<InsertResult>;
  /** Takes days away for good. False, and nothing done, when meanwhile there is more in them than was planned. */
  dropDays(due: DueDays): Promise<boolean>;
  /** The names of all nodes of which it has events. */
  nodes(): Promise<readonly string[]>;
  /** Looks through so many events of a node from a number on; from 0, beginning with the first that is there. */
  holes(node: string, from: number, events: number): Promise<Holes>;
  /** How many of these numbers are there. */
  present(node: string, first: number, last: number): Promise<number>;
}
