import type { Adapter, CatalogHolder, ServerFacts, UpstreamCredential } from '@gatehouse/adapter';
import type { DatabaseFacts } from '@gatehouse/model';

/** A database behind the gateway, composed by the CLI. */
export interface Database {
  readonly facts: DatabaseFacts;
  readonly adapter: Adapter;
  readonly upstream: UpstreamAddress;
  readonly catalog: CatalogHolder<unknown>;
  /** Null until the server has been reached for the first time. */
  serverFacts(): ServerFacts | null;
  /** Asks on the gateway's own connection. */
  ask(question: unknown): Promise<unknown>;
}

export interface UpstreamAddress {
  readonly host: string;
  readonly port: number;
  /** The database's name at the server. */
  readonly database: string;
  readonly credential: UpstreamCredential;
  readonly tls: UpstreamTls;
}

export interface UpstreamTls {
  readonly mode: 'disable' | 'require' | 'verify-ca' | 'verify-full';
  /** PEM; the system's authorities when absent. */
  readonly ca?: string;
  readonly serverName?: string;
}
