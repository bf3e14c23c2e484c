/**
 * What the gateway fixes in every upstream session before anything of the client's runs there.
 *
 * A few SQL modes change what a text means (quotes, backslashes, names of functions), and so do some
 * character sets. They are removed, whatever the server's defaults are; the question and its answer
 * are the gateway's own words, and no client sees them. Asked after the login, and again whenever
 * something may have changed them (COM_RESET_CONNECTION, USE, settings).
 */
import { GatewayError } from '@gatehouse/model';
import { characterSetOf, isReadableCharacterSet } from '../messages/character-set.ts';

/** One row, five columns; see `readPins`. */
export const PINS_QUERY =
  'select connection_id(), database(), @@session.sql_mode, @@session.character_set_client, @@session.character_set_connection';

export interface SessionPins {
  readonly threadId: number;
  readonly database: string | null;
  readonly sqlMode: string;
  readonly characterSetClient: string;
  readonly characterSetConnection: string;
}

/** Reads the row that answers `PINS_QUERY`; throws GatewayError `upstream-pins-unreadable` for anything else. */
export function readPins(row: readonly (string | null)[]): SessionPins {
  const [threadId, database, sqlMode, characterSetClient, characterSetConnection] = row;
  const id = Number(threadId);
  if (
    row.length !== 5 ||
    !Number.isSafeInteger(id) ||
    database === undefined ||
    sqlMode == null ||
    characterSetClient == null ||
    characterSetConnection == null
  )
    throw pinsFailed('did not say how it reads statements');
  return { threadId: id, database, sqlMode, characterSetClient, characterSetConnection };
}

/** The statement that repairs what must not stay, or null when all is well. `collation` is the client's. */
export function repairOf(pins: SessionPins, collation: number): string | null {
  const modes = pins.sqlMode.split(',').filter((mode) => mode !== '');
  const kept = modes.filter((mode) => !FORBIDDEN_MODES.includes(mode.toUpperCase()));
  const readable =
    isReadableCharacterSet(pins.characterSetClient) && isReadableCharacterSet(pins.characterSetConnection);
  if (kept.length === modes.length && readable) return null;
  if (!kept.every((mode) => /^[A-Z0-9_]+$/i.test(mode)))
    throw pinsFailed('named an SQL mode that cannot be kept');
  const names = characterSetOf(collation) ?? 'utf8mb4';
  const settings = [`session sql_mode = '${kept.join(',')}'`];
  if (!readable)
    settings.push(
      `session character_set_client = ${names}`,
      `session character_set_results = ${names}`,
      `session character_set_connection = ${names}`,
    );
  return `set ${settings.join(', ')}`;
}

export function pinsFailed(what: string): GatewayError {
  return new GatewayError('unavailable', 'upstream-pins-failed', `the database ${what}`);
}

/** SECURITY: each of these makes the server read a text differently from the gateway (`removes every mode that changes the meaning of a text`). */
const FORBIDDEN_MODES: readonly string[] = [
  'ANSI',
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'PIPES_AS_CONCAT',
  'IGNORE_SPACE',
  'HIGH_NOT_PRECEDENCE',
  'ORACLE',
  'MSSQL',
  'DB2',
  'MAXDB',
  'POSTGRESQL',
  'MYSQL323',
  'MYSQL40',
];
