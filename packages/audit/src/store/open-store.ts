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
 * Opens a store. The embedded one belongs to one process and has its schema at once; a server is
 * not connected to yet. Throws GatewayError `journal-in-use` (another process has it) or `store-unusable`.
 */
export async function openStore(target: StoreTarget, onError: (error: Error) => void): Promise<AuditStore> {
  if (target.kind === 'server') {
    return createSqlStore(openPostgresConnection({ url: target.url, onError }));
  }
  mkdirSync(dirname(target.dir), { recursive: true, mode: 0o700 });
  const unlock = takeLock(`${target.dir}.lock`);
  try {
    const connection = await openEmbeddedConnection(target.dir);
    const store = createSqlStore({
      query: (query) => connection.query(query),
      close: () => connection.close().finally(unlock),
    });
    await store.migrate();
    return store;
  } catch (error) {
    unlock();
    throw error;
  }
}
