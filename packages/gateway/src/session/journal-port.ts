import type { AuditBody, GatewayError } from '@gatehouse/model';

/** What a session needs of the journal; packages/audit provides it. */
export interface JournalPort {
  /** Adds an event to this turn's batch; throws GatewayError of kind `audit` when it cannot be recorded. */
  append(body: AuditBody): unknown;
  /** Called when everything appended so far is in the file. */
  afterWritten(callback: (error: GatewayError | null) => void): void;
  /** Called when everything appended so far is on the disk. */
  afterSynced(callback: (error: GatewayError | null) => void): void;
}
