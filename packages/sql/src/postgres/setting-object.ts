import type { ObjectRef } from '@gatehouse/model';

/**
 * What giving a setting a value touches. Who the session is, is a setting to the server and a role to a policy, whether it is
 * SET ROLE or `set_config('role', …)` that changes it. `value` undefined: the one it had at the login.
 */
export function settingObject(name: string, value: string | undefined): ObjectRef {
  const isRole = name === 'role' || name === 'session_authorization';
  return isRole && value !== undefined ? { kind: 'role', path: [value] } : { kind: 'setting', path: [name] };
}
