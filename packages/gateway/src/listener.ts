import { createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Adapter } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { Database } from './database.ts';
import { ClientSession } from './session/client-session.ts';
import type { GatewayServices } from './session/services.ts';

export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes any free port; `port` tells which. */
  readonly port: number;
  readonly adapter: Adapter;
  /** The first one is the default. */
  readonly databases: readonly Database[];
  readonly tls: ListenerTls | null;
  readonly tlsRequired: boolean;
  readonly maxSessions: number;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ListenerTls {
  readonly context: SecureContext;
  /** RFC 5929 tls-server-end-point of the certificate. */
  readonly serverEndPoint: Buffer;
}

/** Accepts the clients of one dialect on one port. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #services: GatewayServices;
  readonly #server: Server;
  readonly #sessions = new Set<ClientSession>();
  readonly #byName: ReadonlyMap<string, Database>;

  constructor(options: ListenerOptions, services: GatewayServices) {
    if (options.databases.length === 0) {
      throw new GatewayError(
        'config',
        'listener-without-database',
        `listener \`${options.name}\` has no database`,
      );
    }
    this.#options = options;
    this.#services = services;
    this.#byName = new Map(options.databases.map((database) => [database.facts.name, database]));
    this.#server = createServer({ noDelay: true, allowHalfOpen: false }, (socket) => this.#accept(socket));
  }

  get name(): string {
    return this.#options.name;
  }

  get adapter(): Adapter {
    return this.#options.adapter;
  }

  get tls(): ListenerTls | null {
    return this.#options.tls;
  }

  get tlsRequired(): boolean {
    return this.#options.tlsRequired;
  }

  get options(): Readonly<Record<string, unknown>> {
    return this.#options.options;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#options.port;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  defaultDatabase(): Database {
    return this.#options.databases[0]!;
  }

  /** The database that a client named; the default one without a name, none for a name that is not behind this listener. */
  database(name: string | null): Database | null {
    if (name === null) return this.defaultDatabase();
    return this.#byName.get(name) ?? null;
  }

  databaseNames(): readonly string[] {
    return [...this.#byName.keys()];
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new GatewayError(
            'config',
            'listen-failed',
            `listener \`${this.name}\` cannot listen on ${this.#options.host}:${this.#options.port}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`,
            { cause },
          ),
        ),
      );
      this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 1024 }, resolve);
    });
  }

  /** Stops accepting; sessions go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  sessions(): Iterable<ClientSession> {
    return this.#sessions;
  }

  sessionEnded(session: ClientSession): void {
    if (this.#sessions.delete(session))
      this.#services.metrics.sessions.set({ listener: this.name }, this.#sessions.size);
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined);
    const full = this.#sessions.size >= this.#options.maxSessions;
    const session = new ClientSession(socket, this, this.#services);
    this.#sessions.add(session);
    this.#services.metrics.sessions.set({ listener: this.name }, this.#sessions.size);
    if (full) {
      session.fail(
        new GatewayError(
          'overloaded',
          'too-many-sessions',
          'this listener has all the sessions that it may have',
          { retry: 'safe' },
        ),
        null,
      );
    }
  }
}
