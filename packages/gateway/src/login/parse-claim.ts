import type { LoginClaim } from '@gatehouse/adapter';

export interface ParsedClaim {
  readonly user: string;
  readonly database: string | null;
}

/**
 * Takes `user~database` apart; the part behind the last `~` wins over the protocol's own field, which
 * some clients fill in by themselves (the user's name, `admin`).
 */
export function parseClaim(claim: LoginClaim): ParsedClaim {
  const tilde = claim.user.lastIndexOf('~');
  if (tilde > 0 && tilde < claim.user.length - 1) {
    return { user: claim.user.slice(0, tilde), database: claim.user.slice(tilde + 1) };
  }
  return {
    user: claim.user,
    database: claim.database === undefined || claim.database === '' ? null : claim.database,
  };
}
