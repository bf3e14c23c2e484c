import { GatewayError } from '@gatehouse/model';
import { isPinnedSetting } from '@gatehouse/sql';
import type { StartupPacket } from '../messages/startup-packet.ts';

/** What a StartupMessage asks for, taken apart into what is ours and what goes to the server. */
export type Startup =
  | {
      readonly kind: 'ok';
      readonly user: string;
      readonly database?: string;
      readonly application?: string;
      /** For the upstream's StartupMessage: settings, without user, database and protocol options. */
      readonly parameters: ReadonlyMap<string, string>;
      /** Protocol options (`_pq_.`) that nobody here knows. */
      readonly unknownOptions: readonly string[];
    }
  | { readonly kind: 'refused'; readonly error: GatewayError };

/** Reads the parameters. Replication, and settings that change how the server reads texts, are refused. */
export function readStartup({ parameters }: Extract<StartupPacket, { kind: 'startup' }>): Startup {
  const user = parameters.get('user');
  if (user === undefined || user === '')
    return refused('protocol', 'user-missing', 'no user name in the startup message');
  const replication = parameters.get('replication');
  if (replication !== undefined && !FALSE.has(replication.toLowerCase())) {
    return refused('unsupported', 'replication', 'replication connections do not pass the gateway');
  }
  const settings = new Map<string, string>();
  const unknownOptions: string[] = [];
  for (const [name, value] of parameters) {
    if (name.startsWith('_pq_.')) unknownOptions.push(name);
    else if (!OWN.has(name)) settings.set(name, value);
  }
  const pinned =
    [...settings].find(([name, value]) => isPinnedSetting(name, value)) ??
    pinnedOption(settings.get('options'));
  if (pinned !== undefined) {
    return refused(
      'unsupported',
      'pinned-setting',
      `setting \`${pinned[0].slice(0, 64)}\` decides how statements are read and cannot be changed here`,
    );
  }
  // A driver may leave the encoding to the database; it is pinned for all sessions alike.
  settings.set('client_encoding', 'UTF8');
  const database = parameters.get('database');
  const application = parameters.get('application_name');
  return {
    kind: 'ok',
    user,
    ...(database === undefined || database === '' || database === user ? {} : { database }),
    ...(application === undefined || application === '' ? {} : { application: application.slice(0, 128) }),
    parameters: settings,
    unknownOptions,
  };
}

/** `options` holds command-line switches; `-c name=value` and `--name=value` set what else is set by parameters. */
function pinnedOption(options: string | undefined): readonly [string, string] | undefined {
  if (options === undefined) return undefined;
  const text = options.replaceAll(/\\(.)/gs, '$1');
  for (const [, name = '', value = ''] of text.matchAll(/(?:-c\s*|--)([A-Za-z0-9_.-]+)\s*=\s*(\S*)/g)) {
    const setting = name.replaceAll('-', '_');
    if (isPinnedSetting(setting, value) || REFUSED_OPTIONS.has(setting.toLowerCase()))
      return [setting, value];
  }
  return undefined;
}

function refused(kind: 'protocol' | 'unsupported', code: string, message: string): Startup {
  return { kind: 'refused', error: new GatewayError(kind, code, message) };
}

const OWN = new Set(['user', 'database', 'replication']);
const FALSE = new Set(['', 'false', 'off', 'no', '0']);
/** These make the session another user's before the first statement. */
const REFUSED_OPTIONS = new Set(['role', 'session_authorization']);
