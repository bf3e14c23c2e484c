/**
 * What one client connection knows of itself, shared by its logins and its relay.
 *
 * Set by the logins, kept current by the relay from what the upstream reports. Belongs to one session.
 */
import type { SessionServices } from '@gatehouse/adapter';
import { type Negotiated, negotiate } from './handshake/negotiated.ts';
import type { MysqlOptions } from './mysql-options.ts';

export interface SessionState {
  readonly services: SessionServices;
  readonly options: MysqlOptions;
  /** Capabilities of the greeting. */
  offered: number;
  offeredMariadb: number;
  negotiated: Negotiated;
  tls: boolean;
  /** The upstream's id of this session's connection, for KILL QUERY. */
  upstreamThreadId: number;
  /** Server status as the upstream reported it last. */
  status: number;
  /** Default database at the upstream; null for none. */
  database: string | null;
  /** Character set that the client's statements are written in, as the upstream knows it. */
  clientCharacterSet: string;
}

export function createSessionState(services: SessionServices, options: MysqlOptions): SessionState {
  return {
    services,
    options,
    offered: 0,
    offeredMariadb: 0,
    negotiated: negotiate(0, 0, 0, 0),
    tls: false,
    upstreamThreadId: 0,
    status: 0,
    database: null,
    clientCharacterSet: 'utf8mb4',
  };
}
