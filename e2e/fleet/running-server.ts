/**
 * What a test, the demo or the bench holds of a started server.
 *
 * The four kinds share one shape, so that a suite can be written over all of them. What only one of
 * them has (roles with older password methods, for example) stands in its own interface.
 */

/** The servers that a fleet can hold. */
export type ServerKind = 'postgres' | 'mysql' | 'mongodb' | 'redis';

export const SERVER_KINDS: readonly ServerKind[] = ['postgres', 'mysql', 'mongodb', 'redis'];

/** Where the server came from: given by URL, found on the PATH, or brought by a package registry. */
export type ServerSource = 'environment' | 'path' | 'npm' | 'pypi' | 'apt';

/** A user name with its password, in clear text: these servers live as long as one run. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A server that answers. */
export interface RunningServer {
  readonly kind: ServerKind;
  readonly source: ServerSource;
  /** What the server says of itself, for people. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** The owner: may do everything. Gatehouse's own connections (catalog, health) use it. */
  readonly user: string;
  readonly password: string;
  /** The database that `url` names. */
  readonly database: string;
  /** The owner's URL, with the password. */
  readonly url: string;
  /** The certificate (PEM) that vouches for this server's TLS; absent where it speaks no TLS. */
  readonly caCertificate?: string;
  /** Stops in the server's own orderly way. Calling it twice is harmless; a server given by URL is left alone. */
  stop(): Promise<void>;
  /** Ends the process with SIGKILL and returns when it is gone. Throws for a server given by URL. */
  kill9(): Promise<void>;
  /** Starts the server again on the same port with the same data; stops it first where it still runs. */
  restart(): Promise<void>;
}

export interface PostgresServer extends RunningServer {
  readonly kind: 'postgres';
  /** A plain role that may read and write the demo's tables; what the gateway uses upstream. SCRAM-SHA-256. */
  readonly app: Login;
  /** As `app`, but pg_hba asks for the md5 method. Absent for a server given by URL. */
  readonly md5?: Login;
  /** As `app`, but pg_hba asks for the password in clear text. Absent for a server given by URL. */
  readonly cleartext?: Login;
}

export interface MysqlServer extends RunningServer {
  readonly kind: 'mysql';
  /** May read and write every database except the server's own. */
  readonly app: Login;
}

export interface MongodbServer extends RunningServer {
  readonly kind: 'mongodb';
  /** May read and write every database except the server's own. */
  readonly app: Login;
}

export interface RedisServer extends RunningServer {
  readonly kind: 'redis';
}
