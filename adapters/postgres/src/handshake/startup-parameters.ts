import { GatewayError } from '@gatehouse/model';
import { isPinnedSetting } from '@gatehouse/sql';
import type { StartupPacket } from '../messages/startup-packet.ts';
import { parseStartupOptions } from './startup-options.ts';

/** What a StartupMessage asks for, taken apart into what is ours and what goes to the server. */
export type Startup =
  | {
      readonly kind: 'ok';
      readonly user: string;
      readonly database?: string;
      readonly application?: string;
      /** For the upstream's StartupMessage, names in lower case: settings, without user, database and protocol options. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Protocol options (`_pq_.`) that nobody here knows. */
      readonly unknownOptions: readonly string[];
    }
  | { readonly kind: 'refused'; readonly error: GatewayError };

/**
 * Reads the parameters. Settings given here pass no policy, so only those that change how values are shown, how
 * long statements may take, and where names are looked up are taken; everything else is refused by name and can be
 * SET in the session, where policy sees it. `options` is taken apart and passed on as single settings.
 */
export function readStartup({ parameters }: Extract<StartupPacket, { kind: 'startup' }>): Startup {
  const user = parameters.get('user');
  if (user === undefined || user === '')
    return refused('protocol', 'user-missing', 'no user name in the startup message');
  const replication = parameters.get('replication');
  if (replication !== undefined && !FALSE.has(replication.toLowerCase())) {
    return refused('unsupported', 'replication', 'replication connections do not pass the gateway');
  }
  const settings = settingsOf(parameters);
  if (settings instanceof GatewayError) return { kind: 'refused', error: settings };
  // A driver may leave the encoding to the database; it is pinned for all sessions alike.
  settings.set('client_encoding', 'UTF8');
  const database = parameters.get('database');
  const application = settings.get('application_name');
  return {
    kind: 'ok',
    user,
    ...(database === undefined || database === '' || database === user ? {} : { database }),
    ...(application === undefined || application === '' ? {} : { application: application.slice(0, 128) }),
    parameters: settings,
    unknownOptions: [...parameters.keys()].filter((name) => name.startsWith(PROTOCOL_OPTION)),
  };
}

/** Every setting that goes to the server, or why one of them does not. */
function settingsOf(parameters: ReadonlyMap<string, string>): Map<string, string> | GatewayError {
  const options = parseStartupOptions(parameters.get('options') ?? '');
  if (options === null) {
    return new GatewayError(
      'unsupported',
      'startup-options',
      'the startup option `options` may only hold `-c name=value` here',
    );
  }
  const settings = new Map<string, string>();
  // As in the server, `options` come first and parameters of their own win.
  const given = [...options, ...[...parameters].filter(([name]) => !isOwn(name))];
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    // SECURITY: startup-parameters.test.ts, "refuses settings that decide how statements are read".
    if (isPinnedSetting(key, value)) {
      return new GatewayError(
        'unsupported',
        'pinned-setting',
        `setting \`${shown(name)}\` decides how statements are read and cannot be changed here`,
      );
    }
    if (!isAllowed(key)) {
      return new GatewayError(
        'unsupported',
        'startup-setting',
        `setting \`${shown(name)}\` cannot be given at the login; use SET in the session`,
      );
    }
    settings.set(key, value);
  }
  return settings;
}

function isOwn(name: string): boolean {
  return OWN.has(name) || name.startsWith(PROTOCOL_OPTION);
}

function isAllowed(name: string): boolean {
  return ALLOWED.has(name) || name.startsWith(OWN_NAMESPACE);
}

function shown(name: string): string {
  return name.slice(0, 64);
}

function refused(kind: 'protocol' | 'unsupported', code: string, message: string): Startup {
  return { kind: 'refused', error: new GatewayError(kind, code, message) };
}

const PROTOCOL_OPTION = '_pq_.';
/** Settings about the gateway itself (`gw.purpose`); the server keeps them without a meaning. */
const OWN_NAMESPACE = 'gw.';
const OWN = new Set(['user', 'database', 'replication', 'options']);
const FALSE = new Set(['', 'false', 'off', 'no', '0']);
const ALLOWED: ReadonlySet<string> = new Set([
  'application_name',
  'bytea_output',
  'client_encoding',
  'client_min_messages',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'enable_bitmapscan',
  'enable_hashagg',
  'enable_hashjoin',
  'enable_indexonlyscan',
  'enable_indexscan',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_seqscan',
  'enable_sort',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lc_messages',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'lock_timeout',
  'max_parallel_workers_per_gather',
  'plan_cache_mode',
  'search_path',
  'standard_conforming_strings',
  'statement_timeout',
  'tcp_keepalives_count',
  'tcp_keepalives_idle',
  'tcp_keepalives_interval',
  'tcp_user_timeout',
  'timezone',
  'transaction_timeout',
]);
