import type { Credentials } from '@gatehouse/adapter';
import type { Principal } from '@gatehouse/model';

/** What the login flow needs of identity; one implementation for every dialect. */
export interface Door {
  /** Whether this name may try now from this address. */
  check(
    name: string,
    address: string,
  ): { readonly allowed: true } | { readonly allowed: false; readonly retryAfterMs: number };
  /** Credentials to check proofs with; an unknown name gets some that never succeed, at the same cost. */
  credentials(name: string, address: string): Credentials;
  /** The single place where a proved token becomes a principal: re-checks expiry, revocation and the principal itself. */
  accept(tokenId: string, name: string): Principal | null;
  failed(name: string, address: string): void;
  succeeded(name: string, address: string): void;
}
