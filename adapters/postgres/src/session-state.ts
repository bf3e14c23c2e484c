import type { TransactionStatus } from './messages/server-messages.ts';

/** What login, upstream login and relay of one session know together. */
export interface SessionState {
  /** Minor version of the protocol spoken with the client. */
  minor: number;
  /** Settings of the client's StartupMessage, for the upstream. */
  startup: ReadonlyMap<string, string>;
  /** As the upstream said last. */
  readonly parameterStatus: Map<string, string>;
  /** The upstream's own key for a cancel request. */
  backendKey: { readonly processId: number; readonly secret: Buffer } | null;
  upstreamUser: string;
  upstreamDatabase: string;
  transaction: TransactionStatus;
  /** `search_path` as the server reported it at the login; null when it does not (before Postgres 18). */
  initialSearchPath: string | null;
}

export function createSessionState(): SessionState {
  return {
    minor: 0,
    startup: new Map(),
    parameterStatus: new Map(),
    backendKey: null,
    upstreamUser: '',
    upstreamDatabase: '',
    transaction: 'I',
    initialSearchPath: null,
  };
}
