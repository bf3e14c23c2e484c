import { GatewayError } from '@gatehouse/model';
import {
  createScramClient,
  type ScramClientExchange,
  type ScramClientOptions,
  scramKeysOf,
} from './scram-client.ts';
import type { ScramKeys } from './scram-keys.ts';

/** The gateway's own credential for one upstream. */
export interface UpstreamCredential {
  readonly user: string;
  password(): string;
  /** Starts a client-side SCRAM exchange; the derived keys are remembered for the last salt. */
  scram(options: ScramClientOptions): ScramClientExchange;
}

export interface UpstreamCredentialOptions {
  readonly user: string;
  readonly password: string;
  /** The fewest iterations accepted from the server; lower ones let a false server guess the password. */
  readonly minIterations?: number;
  readonly maxIterations?: number;
}

/**
 * Creates the credential. One object serves all sessions of an upstream, so that the key derivation
 * is paid once and not per connection. It never shows the password when it is printed or serialised.
 */
export function createUpstreamCredential(options: UpstreamCredentialOptions): UpstreamCredential {
  const { user, password, minIterations, maxIterations } = options;
  if (user.includes('\0') || password.includes('\0'))
    throw new GatewayError('config', 'upstream-credential-invalid', 'an upstream credential contains a NUL');
  const keys = rememberLast(scramKeysOf(password));
  const bounds = {
    ...(minIterations === undefined ? {} : { minIterations }),
    ...(maxIterations === undefined ? {} : { maxIterations }),
  };
  return {
    user,
    password: () => password,
    scram: (exchange) => createScramClient(exchange, { user, keys, ...bounds }),
  };
}

function rememberLast(derive: (salt: Buffer, iterations: number) => ScramKeys) {
  let last: { readonly salt: Buffer; readonly iterations: number; readonly keys: ScramKeys } | null = null;
  return (salt: Buffer, iterations: number): ScramKeys => {
    if (last === null || last.iterations !== iterations || !last.salt.equals(salt))
      last = { salt, iterations, keys: derive(salt, iterations) };
    return last.keys;
  };
}
