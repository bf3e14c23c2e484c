import type { ObjectRef } from '@gatehouse/model';

/**
 * What an adapter knows of a database's objects, read through the gateway's own connection.
 *
 * Snapshots are immutable; sessions take the current one for each message.
 */
export interface CatalogHolder<Catalog> {
  /** Null until the first load has succeeded; classifiers then treat every object as unknown. */
  current(): Catalog | null;
  /** Counts up with every new snapshot. */
  readonly revision: number;
  /** Resolves when a snapshot that was read after this call is current; rejects when it could not be read. Concurrent calls share one load. */
  refresh(): Promise<void>;
}

/** Asks the upstream on the gateway's own connection: SQL text in, rows out; or a command document in, reply out. */
export type Ask = (question: unknown) => Promise<unknown>;

/** A column with what is written about it in the database. */
export interface ColumnComment {
  readonly object: ObjectRef;
  readonly field: string;
  readonly comment: string;
}

/** Facts about the upstream server that are needed before a client has logged in (greetings, hello). */
export interface ServerFacts {
  readonly version: string;
  /** Anything else that the dialect must know: flavor, wire versions, character set. JSON values only. */
  readonly details: Readonly<Record<string, unknown>>;
}
