/**
 * What the greeting must say of the upstream, asked on the gateway's own connection.
 */
import type { Ask, ServerFacts } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import { flavorOf } from './handshake/negotiated.ts';

/** Reads version and character set; throws GatewayError `server-facts-unreadable` for an answer of another form. */
export async function readServerFacts(ask: Ask): Promise<ServerFacts> {
  const rows = await ask({
    sql: 'select version() as version, @@character_set_server as character_set, @@lower_case_table_names as lower_case_table_names',
  });
  const row: unknown = Array.isArray(rows) ? rows[0] : null;
  const version = field(row, 'version');
  if (typeof version !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(version))
    throw new GatewayError('unavailable', 'server-facts-unreadable', 'the database did not say its version');
  return {
    version,
    details: {
      flavor: flavorOf(version),
      characterSet: String(field(row, 'character_set') ?? ''),
      lowerCaseTableNames: Number(field(row, 'lower_case_table_names') ?? 0),
    },
  };
}

function field(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null
    ? (row as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
