/** Opens the store that a configuration names. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { takeLock } from '../journal/journal-lock.ts';
import type { AuditStore } from './audit-store.ts';
import { openEmbeddedConnection } from './embedded-connection.ts';
import { openPostgresConnection } from './postgres-connection.ts';
import { createSqlStore } from './sql-store.ts';

export type StoreTarget =
  | { readonly kind: 'embedded'; readonly dir: string }
  | { readonly kind: 'server'; readonly url: string };

/**
 * Opens a store without touching its schema; `migrate` does that. The embedded one belongs to one
 * process. Throws GatewayError `journal-in-use` or `store-unusable`. A server is not connected to yet.
 */
export async function openStore(target: StoreTarget, onError: (error: Error) => void): Promise<AuditStore> {
  if (target.kind === 'server') {
    return createSqlStore(openPostgresConnection({ url: target.url, onError }));
  }
  mkdirSync(dirname(target.dir), { recursive: true, mode: 0o700 });
  const unlock = takeLock(`${target.dir}.lock`);
  try {
    const connection = await openEmbeddedConnection(target.dir);
    return createSqlStore({
      query: (query) => connection.query(query),
      close: () => connection.close().finally(unlock),
    });
  } catch (error) {
    unlock();
    throw error;
  }
}
