import type { AuditReader } from '@gatehouse/audit';
import { openReader } from '../compose/open-audit.ts';
import type { Terminal } from '../terminal.ts';
import { openConfig } from './open-config.ts';

/** Works with the audit store of a configuration and closes it. */
export async function withReader(
  options: { readonly config?: string },
  terminal: Terminal,
  work: (reader: AuditReader) => Promise<void>,
): Promise<void> {
  const reader = await openReader(openConfig(options.config, terminal));
  try {
    await work(reader);
  } finally {
    await reader.close();
  }
}
