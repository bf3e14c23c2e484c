import type { Principal } from '@gatehouse/model';
import type { Document } from 'bson';
import { stringOf } from '../bson/value.ts';
import { isHello } from '../handshake/is-hello.ts';
import type { Command } from '../messages/command.ts';

/**
 * Commands that the gateway answers itself, because their answer would lead past it or speak of its
 * own login at the server. Null for everything else. They have no effect and read nothing.
 */
export function ownAnswer(
  command: Command,
  principal: Principal,
  hello: (command: Command) => Document,
): Document | null {
  const { name, fields } = command;
  if (isHello(name)) return hello(command);
  if (name === 'connectionStatus') return connectionStatus(principal);
  // A router, as which the gateway presents itself, does not know these.
  if (REPLICA_SET_COMMANDS.has(name))
    return { ok: 0, errmsg: 'gatehouse: no replica set here', code: 59, codeName: 'CommandNotFound' };
  if (name === 'isdbgrid') return { isdbgrid: 1, hostname: 'gatehouse', ok: 1 };
  if (!LOGIN_COMMANDS.has(name)) return null;
  const again = stringOf(fields.get('mechanism')) === null ? '' : '; open another one to log in again';
  return {
    ok: 0,
    errmsg: `gatehouse: this connection has its identity${again}`,
    code: 18,
    codeName: 'AuthenticationFailed',
  };
}

function connectionStatus({ name }: Principal): Document {
  return {
    authInfo: {
      authenticatedUsers: [{ user: name, db: 'admin' }],
      authenticatedUserRoles: [],
      authenticatedUserPrivileges: [],
    },
    ok: 1,
  };
}

const REPLICA_SET_COMMANDS = new Set(['replSetGetStatus', 'replSetGetConfig', 'replSetGetRBID']);
const LOGIN_COMMANDS = new Set([
  'saslStart',
  'saslContinue',
  'authenticate',
  'logout',
  'getnonce',
  'copydbgetnonce',
  'copydbsaslstart',
]);
