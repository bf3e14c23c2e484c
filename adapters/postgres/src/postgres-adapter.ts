import type { Adapter, Ask, DialectSession, ServerFacts, SessionServices } from '@gatehouse/adapter';
import {
  buildPostgresCatalogInPieces,
  createPostgresAnalyzer,
  loadPostgresParser,
  POSTGRES_CATALOG_QUERIES,
  type PostgresAnalyzer,
  type PostgresCatalog,
  type PostgresCatalogQuery,
  type PostgresCatalogRows,
} from '@gatehouse/sql';
import { MessageCodec } from './codec/message-codec.ts';
import { loadColumnComments } from './column-comments.ts';
import { PostgresClientLogin } from './handshake/client-login.ts';
import { PostgresUpstreamLogin } from './handshake/upstream-login.ts';
import { BACKEND, FRONTEND } from './messages/message-type.ts';
import { PostgresRelay } from './respond/postgres-relay.ts';
import { createSessionState } from './session-state.ts';

/**
 * Postgres's protocol 3.0 and 3.2. Loads the parser first, which takes some milliseconds. Questions on the
 * gateway's own connection are `{ sql }`, answered with rows as objects.
 */
export async function createPostgresAdapter(): Promise<Adapter<PostgresCatalog>> {
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
  return {
    dialect: 'postgres',
    capabilities: {
      maskers: ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'],
      limits: ['rows', 'affectedRows', 'seconds'],
      redactDiagnostics: true,
      nullComputed: true,
      idleBeforeLogin: false,
    },
    createSession: (services) => createSession(services, analyzer),
    loadCatalog,
    readServerFacts,
    loadColumnComments,
    analysisCounters: () => analyzer.counters,
  };
}

function createSession(
  services: SessionServices,
  analyzer: PostgresAnalyzer,
): DialectSession<PostgresCatalog> {
  const state = createSessionState();
  const client = new MessageCodec(services.limits, 'startup', (type) => type === FRONTEND.copyData);
  let relay: PostgresRelay | null = null;
  // A row is only passed on in pieces when nothing in it has to be masked.
  const upstream = new MessageCodec(
    services.limits,
    'typed',
    (type) => (type === BACKEND.copyData || type === BACKEND.dataRow) && relay?.passesRows === true,
  );
  return {
    clientCodec: client,
    upstreamCodec: upstream,
    clientLogin: new PostgresClientLogin(services, client, state),
    openUpstream: (target) => new PostgresUpstreamLogin(target, upstream, state),
    openRelay(_admission, catalog) {
      client.setMode('typed');
      relay = new PostgresRelay(services, state, analyzer, catalog, { client, upstream });
      return relay;
    },
  };
}

async function loadCatalog(ask: Ask, pause: () => Promise<void>): Promise<PostgresCatalog> {
  const rows: Partial<Record<PostgresCatalogQuery, PostgresCatalogRows[PostgresCatalogQuery]>> = {};
  for (const [name, sql] of Object.entries(POSTGRES_CATALOG_QUERIES)) {
    rows[name as PostgresCatalogQuery] = (await ask({ sql })) as PostgresCatalogRows[PostgresCatalogQuery];
  }
  return buildPostgresCatalogInPieces(rows as PostgresCatalogRows, pause);
}

async function readServerFacts(ask: Ask): Promise<ServerFacts> {
  const [row] = (await ask({ sql: 'show server_version' })) as { readonly server_version?: string }[];
  return { version: row?.server_version ?? '0', details: {} };
}
