import { setImmediate } from 'node:timers/promises';
import type { Adapter, Ask, ServerFacts } from '@gatehouse/adapter';
import { type LabelledColumn, readCommentLabels } from '@gatehouse/core';
import { createCatalogLoader, type Database } from '@gatehouse/gateway';
import { createUpstreamCredential } from '@gatehouse/identity';
import type { Logger } from 'pino';
import { resolveSecret } from '../config/resolve-secret.ts';
import type { DatabaseConfig } from '../config/schema.ts';
import type { OwnConnection, OwnConnectionOptions } from '../connections/own-connection.ts';
import type { Dialect } from './dialects.ts';

export interface OpenDatabase extends Database {
  /** Settles when the catalog was read for the first time, or could not be. */
  readonly ready: Promise<void>;
  /** Labels from comments on its columns; the same list until they change. */
  columnLabels(): readonly LabelledColumn[];
  /** Null when the catalog is current; otherwise why it is not. */
  problem(): string | null;
  close(): Promise<void>;
}

/** Opens one database: credential, own connection, catalog. A server that cannot be reached is tried again; sessions meanwhile know nothing of its objects. */
export function openDatabase(
  config: DatabaseConfig,
  dialect: Dialect,
  adapter: Adapter,
  folder: string,
  log: Logger,
): OpenDatabase {
  const { upstream } = config;
  const options = ownConnectionOptions(config, folder);
  const { database, tls } = options;
  const password = resolveSecret(upstream.password, folder);
  const connection = dialect.openConnection(options);
  const knowledge = new Knowledge(adapter, connection, log.child({ database: config.name }));
  return {
    facts: { name: config.name, labels: config.labels },
    adapter,
    upstream: {
      host: upstream.host,
      port: upstream.port,
      database,
      credential: createUpstreamCredential({ user: upstream.user, password }),
      tls,
    },
    catalog: knowledge.catalog,
    serverFacts: () => knowledge.facts,
    ask: connection.ask,
    ready: knowledge.ready,
    columnLabels: () => knowledge.columnLabels,
    problem: () => knowledge.problem,
    close: () => knowledge.close(),
  };
}

/** How the gateway itself connects to a database, its secrets resolved. */
export function ownConnectionOptions(
  { name, upstream }: DatabaseConfig,
  folder: string,
): OwnConnectionOptions {
  const { own, tls } = upstream;
  return {
    host: upstream.host,
    port: upstream.port,
    database: upstream.database ?? name,
    user: own?.user ?? upstream.user,
    password: resolveSecret(own?.password ?? upstream.password, folder),
    tls: {
      mode: tls.mode,
      ...(tls.ca === undefined ? {} : { ca: resolveSecret(tls.ca, folder) }),
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    },
  };
}

/** Labels that stand in comments on the columns of a database. */
export async function readColumnLabels(adapter: Adapter, ask: Ask): Promise<readonly LabelledColumn[]> {
  return readCommentLabels((await adapter.loadColumnComments?.(ask)) ?? []);
}

/** What is known of one server: its facts once, its catalog again and again. */
class Knowledge {
  readonly catalog;
  readonly ready: Promise<void>;
  facts: ServerFacts | null = null;
  columnLabels: readonly LabelledColumn[] = [];
  problem: string | null = 'the catalog has not been read yet';
  readonly #adapter: Adapter;
  readonly #connection: OwnConnection;
  readonly #log: Logger;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(adapter: Adapter, connection: OwnConnection, log: Logger) {
    this.#adapter = adapter;
    this.#connection = connection;
    this.#log = log;
    this.catalog = createCatalogLoader<unknown>({
      load: () => this.#load(),
      loaded: (error, revision) => this.#loaded(error, revision),
    });
    this.ready = this.catalog.refresh().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#connection.close();
  }

  async #load(): Promise<unknown> {
    this.facts ??= await this.#adapter.readServerFacts(this.#connection.ask);
    const catalog = await this.#adapter.loadCatalog(this.#connection.ask, () => setImmediate());
    // INVARIANT: labels are read behind the catalog and count before it, so that no table is known without its own.
    this.#label(await readColumnLabels(this.#adapter, this.#connection.ask));
    return catalog;
  }

  /** Keeps the list as long as it says the same, because everything that was decided hangs on it. */
  #label(columns: readonly LabelledColumn[]): void {
    if (JSON.stringify(columns) !== JSON.stringify(this.columnLabels)) this.columnLabels = columns;
  }

  #loaded(error: unknown, revision: number): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    if (error === null) {
      this.problem = null;
      this.#log.debug({ revision }, 'catalog read');
    } else {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#log.warn({ err: error }, 'catalog not read');
    }
    // Objects can change without the gateway seeing it; a failed read is tried again sooner.
    this.#retry = setTimeout(
      () => this.catalog.refresh().catch(() => undefined),
      error === null ? REREAD_MS : RETRY_MS,
    );
    this.#retry.unref();
  }
}

const REREAD_MS = 60_000;
const RETRY_MS = 1_000;
