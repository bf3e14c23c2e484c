/**
 * COM_CHANGE_USER: another identity on the same connection; answered like a login.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html
 */
import { ByteReader } from '@gatehouse/wire';
import { hasCapability } from './capability-flags.ts';
import { type ConnectAttributes, readConnectAttributes } from './connect-attributes.ts';

export interface ComChangeUser {
  readonly user: string;
  readonly database: string | null;
  readonly collation: number | null;
  readonly attributes: ConnectAttributes;
}

/** Decodes the payload, command byte included. The proof in it belongs to an old nonce and is not read. */
export function decodeComChangeUser(payload: Buffer, capabilities: number): ComChangeUser {
  const reader = new ByteReader(payload, 1);
  const user = reader.cstring();
  reader.skip(reader.uint8());
  const database = reader.cstring();
  const collation = reader.remaining >= 2 ? reader.uint16le() : null;
  if (hasCapability(capabilities, 'pluginAuth') && reader.remaining > 0) reader.cstringBytes();
  const attributes =
    hasCapability(capabilities, 'connectAttrs') && reader.remaining > 0
      ? readConnectAttributes(reader)
      : new Map<string, string>();
  return { user, database: database === '' ? null : database, collation, attributes };
}
