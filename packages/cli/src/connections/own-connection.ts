import type { Ask } from '@gatehouse/adapter';

/**
 * The gateway's own connection to one database: catalog, health, cancel. It never carries a client's
 * statement. Connects when it is first asked and again after it was lost.
 */
export interface OwnConnection {
  readonly ask: Ask;
  close(): Promise<void>;
}

export interface OwnConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls: {
    readonly mode: 'disable' | 'require' | 'verify-ca' | 'verify-full';
    readonly ca?: string;
    readonly serverName?: string;
  };
}

/** A question that the SQL connections understand. */
export function sqlOf(question: unknown): string {
  if (
    typeof question === 'object' &&
    question !== null &&
    'sql' in question &&
    typeof question.sql === 'string'
  )
    return question.sql;
  throw new TypeError('expected a question with `sql`');
}

/** How long the server may work on the question: `{ sql, timeoutMs }`; undefined when it does not say. */
export function timeoutOf(question: unknown): number | undefined {
  if (typeof question !== 'object' || question === null || !('timeoutMs' in question)) return undefined;
  return typeof question.timeoutMs === 'number' ? question.timeoutMs : undefined;
}

/** TLS options for a client library, the same meaning as for sessions' upstreams. */
export function clientTls(options: OwnConnectionOptions) {
  const { mode, ca, serverName } = options.tls;
  if (mode === 'disable') return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: mode !== 'require',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}
