/** What lies where in a data folder. */
import { join } from 'node:path';

/** Where the journal of a data folder lies. */
export function journalDir(dataDir: string): string {
  return join(dataDir, 'journal');
}

/** Where a node's public key lies: beside the segments, so that an archive of them can be verified. */
export function publicKeyPath(dataDir: string, node: string): string {
  return join(journalDir(dataDir), `${node}.pub`);
}

/** Where a node's private key lies: not beside the journal, which is copied to archives. */
export function signingKeyPath(dataDir: string, node: string): string {
  return join(dataDir, `${node}.signing-key`);
}

/** Where the owner of an embedded store in a data folder answers questions. */
export function storeSocketPath(dataDir: string): string {
  return join(dataDir, 'audit.sock');
}

/** Where it stands what was passed on. */
export function cursorPath(dataDir: string, node: string): string {
  return join(journalDir(dataDir), `${node}.cursor`);
}
