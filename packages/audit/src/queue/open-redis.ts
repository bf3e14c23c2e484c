/**
 * A client for the Redis that an URL names: one server, one behind Sentinels, or a cluster.
 *
 *   redis://user:password@host:6379/0                                  rediss:// for TLS
 *   redis+sentinel://user:password@s1:26379,s2:26379/primary?db=0      the Sentinels know where `primary` is
 *   redis+cluster://user:password@n1:6379,n2:6379                      any nodes of it; the others are found
 *
 * All keys of the queue have one hash tag, so that they lie on one node of a cluster.
 */
import { GatewayError } from '@gatehouse/model';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** What clients of all three kinds have. */
export type RedisClient = Redis | Cluster;

/** How a client behaves; the same for all kinds of servers. */
export interface RedisBehaviour {
  /** Milliseconds until the next attempt to connect, null for none. */
  readonly retryStrategy: (times: number) => number | null;
  /** False: a command fails at once while there is no connection. */
  readonly enableOfflineQueue: boolean;
  readonly maxRetriesPerRequest: number | null;
  readonly commandTimeout?: number;
  readonly connectTimeout?: number;
  /** Connect with `connect()` only. */
  readonly lazyConnect?: boolean;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

type Login = Pick<RedisOptions, 'username' | 'password'>;

type Place =
  | { readonly kind: 'single'; readonly url: string; readonly replicas: number }
  | {
      readonly kind: 'sentinel';
      readonly tls: boolean;
      readonly login: Login;
      readonly sentinels: readonly Address[];
      readonly name: string;
      readonly db: number;
      readonly sentinelLogin: Login;
      readonly replicas: number;
    }
  | {
      readonly kind: 'cluster';
      readonly tls: boolean;
      readonly login: Login;
      readonly nodes: readonly Address[];
    };

/** Throws GatewayError `redis-url`, kind `config`, for an URL of none of the three forms. The message does not hold it. */
export function assertRedisUrl(url: string): void {
  parsePlace(url);
}

/** How many replicas must have a batch before it counts as delivered: `?replicas=1`, 0 when absent. */
export function wantedReplicas(url: string): number {
  const place = parsePlace(url);
  return place.kind === 'cluster' ? 0 : place.replicas;
}

/** Connects in the background. Errors are emitted as `error`, and without a listener end the process. */
export function openRedis(url: string, behaviour: RedisBehaviour): RedisClient {
  const place = parsePlace(url);
  switch (place.kind) {
    case 'single':
      return new Redis(place.url, behaviour);
    case 'sentinel': {
      const { sentinels, name, db, login, sentinelLogin, tls } = place;
      return new Redis({
        ...behaviour,
        ...login,
        ...(sentinelLogin.username === undefined ? {} : { sentinelUsername: sentinelLogin.username }),
        ...(sentinelLogin.password === undefined ? {} : { sentinelPassword: sentinelLogin.password }),
        ...(tls ? { tls: {}, enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        sentinels: [...sentinels],
        name,
        db,
        sentinelRetryStrategy: behaviour.retryStrategy,
      });
    }
    case 'cluster': {
      const { retryStrategy, enableOfflineQueue, lazyConnect, ...each } = behaviour;
      return new Cluster([...place.nodes], {
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue,
        ...(lazyConnect === undefined ? {} : { lazyConnect }),
        // A certificate names a host, which the lookup would turn into an address.
        ...(place.tls ? { dnsLookup: (host: string, done: DnsDone) => done(null, host) } : {}),
        redisOptions: { ...each, ...place.login, ...(place.tls ? { tls: {} } : {}) },
      });
    }
  }
}

type DnsDone = (error: NodeJS.ErrnoException | null, address: string) => void;

const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^?/]*))?(?:\?(.*))?$/;

function parsePlace(url: string): Place {
  if (/^rediss?:\/\//.test(url)) return parseSingle(url);
  const match = MANY.exec(url);
  if (match === null) throw malformed('another form');
  const [, scheme, kind, who, hosts, path = '', query = ''] = match;
  const tls = scheme === 'rediss';
  const addresses = hosts!.split(',').map((host) => parseAddress(host, kind === 'sentinel' ? 26_379 : 6_379));
  const login = parseLogin(who);
  const options = parseOptions(
    query,
    kind === 'sentinel' ? ['db', 'replicas', 'sentinelUser', 'sentinelPassword'] : [],
  );
  if (kind === 'cluster') {
    if (path !== '') throw malformed('a path behind the nodes of a cluster');
    return { kind: 'cluster', tls, login, nodes: addresses };
  }
  if (path === '') throw malformed('no name of a primary');
  const sentinelUser = options.get('sentinelUser');
  const sentinelPassword = options.get('sentinelPassword');
  return {
    ...{ kind: 'sentinel', tls, login, sentinels: addresses },
    name: decoded(path),
    db: count(options, 'db'),
    sentinelLogin: {
      ...(sentinelUser === undefined ? {} : { username: sentinelUser }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    },
    replicas: count(options, 'replicas'),
  };
}

/** ioredis reads the rest of the URL itself, and would take `replicas` for an option of its own. */
function parseSingle(url: string): Place {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw malformed('something that is no URL');
  }
  const replicas = count(new Map(parsed.searchParams), 'replicas');
  if (parsed.searchParams.has('replicas')) {
    parsed.searchParams.delete('replicas');
    return { kind: 'single', url: parsed.href, replicas };
  }
  return { kind: 'single', url, replicas };
}

function parseAddress(text: string, defaultPort: number): Address {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (match === null || port < 1 || port > 65_535) throw malformed('a host that is not `HOST:PORT`');
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port };
}

function parseLogin(text: string | undefined): Login {
  if (text === undefined || text === '') return {};
  const colon = text.indexOf(':');
  const [user, password] = colon === -1 ? ['', text] : [text.slice(0, colon), text.slice(colon + 1)];
  return { ...(user === '' ? {} : { username: decoded(user) }), password: decoded(password) };
}

/** SECURITY: an option that is misspelt would leave a login or a number of replicas out unseen. Test: `refuses …`. */
function parseOptions(query: string, allowed: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map(new URLSearchParams(query));
  for (const name of options.keys()) {
    if (!allowed.includes(name)) throw malformed(`an option that is none of ${allowed.join(', ') || 'none'}`);
  }
  return options;
}

function count(options: ReadonlyMap<string, string>, name: string): number {
  const text = options.get(name) ?? '0';
  if (!/^\d{1,3}$/.test(text)) throw malformed(`a \`${name}\` that is no number`);
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed('a `%` that encodes nothing');
  }
}

function malformed(got: string): GatewayError {
  return new GatewayError(
    'config',
    'redis-url',
    `expected \`redis://HOST:PORT\`, \`redis+sentinel://HOST:PORT,…/PRIMARY\` or \`redis+cluster://HOST:PORT,…\` as URL of a Redis, got ${got}`,
  );
}
