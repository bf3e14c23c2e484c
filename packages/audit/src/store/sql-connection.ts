import type { SqlQuery } from './search-query.ts';

/** A row as the driver gives it; bigint columns may be texts. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** What the store needs of a database. */
export interface SqlConnection {
  /** Runs one statement. Throws what the driver throws. */
  query(query: SqlQuery): Promise<readonly SqlRow[]>;
  close(): Promise<void>;
}

/** Runs one statement. Throws GatewayError `store-unavailable`, with the SQLSTATE as `reason`. */
export type RunSql = (text: string, ...values: readonly unknown[]) => Promise<readonly SqlRow[]>;
