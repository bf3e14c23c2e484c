/** What the gateway's thread and the shipper's thread say to each other. */
import { ERROR_KINDS, GatewayError } from '@gatehouse/model';
import type { JournalPosition } from '../journal/segment-files.ts';

/** What the shipper's thread is started with. */
export interface ShipperThreadOptions {
  readonly dir: string;
  readonly node: string;
  readonly cursorPath: string;
  readonly redisUrl: string;
  readonly written: JournalPosition;
  readonly synced: JournalPosition;
}

export type ToShipper =
  /** The journal has come so far. */
  | { readonly kind: 'journal'; readonly written: JournalPosition; readonly synced: JournalPosition }
  /** The answer to `sync`. */
  | { readonly kind: 'synced'; readonly id: number; readonly failed: ErrorText | null }
  /** The Merkle root over these hashes is wanted: hex digits, joined. */
  | { readonly kind: 'hashes'; readonly id: number; readonly hashes: string }
  | { readonly kind: 'close'; readonly graceMs: number };

export type FromShipper =
  /** Everything that is written now is wanted on the disk. */
  | { readonly kind: 'sync'; readonly id: number }
  | { readonly kind: 'delivered'; readonly position: JournalPosition }
  | { readonly kind: 'safe'; readonly seq: number }
  /** The answer to `hashes`. */
  | { readonly kind: 'root'; readonly id: number; readonly root: string }
  | { readonly kind: 'backdate'; readonly sinceMs: number }
  | { readonly kind: 'trouble'; readonly failed: ErrorText | null }
  | { readonly kind: 'closed' };

/** An error without what cannot cross between threads. */
export interface ErrorText {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
}

export function errorText(error: Error): ErrorText {
  if (error instanceof GatewayError) return { kind: error.kind, code: error.code, message: error.message };
  const { code } = error as { code?: unknown };
  return {
    kind: 'internal',
    code: typeof code === 'string' ? code : 'shipper-failed',
    message: error.message,
  };
}

export function restoreError({ kind, code, message }: ErrorText): GatewayError {
  return new GatewayError(ERROR_KINDS.find((known) => known === kind) ?? 'internal', code, message);
}
