/**
 * What the client and the gateway agreed on, and what may be offered to it in the first place.
 */
import type { ServerFacts } from '@gatehouse/adapter';
import { CAPABILITY, hasCapability, MARIADB_CAPABILITY } from '../messages/capability-flags.ts';

/** Agreed capabilities of one session, taken apart once. */
export interface Negotiated {
  readonly flags: number;
  /** See `MARIADB_CAPABILITY`. */
  readonly mariadbFlags: number;
  readonly deprecateEof: boolean;
  readonly queryAttributes: boolean;
  readonly extendedMetadata: boolean;
  readonly maxPacketBytes: number;
  readonly collation: number;
}

export function negotiate(
  flags: number,
  mariadbFlags: number,
  maxPacketBytes: number,
  collation: number,
): Negotiated {
  return {
    flags,
    mariadbFlags,
    maxPacketBytes,
    collation,
    deprecateEof: hasCapability(flags, 'deprecateEof'),
    queryAttributes: hasCapability(flags, 'queryAttributes'),
    extendedMetadata: (mariadbFlags & MARIADB_CAPABILITY.extendedMetadata) !== 0,
  };
}

/** What the upstream is, from its version string. */
export type Flavor = 'mariadb' | 'mysql';

export function flavorOf(version: string): Flavor {
  return /mariadb/i.test(version) ? 'mariadb' : 'mysql';
}

/** Shown while the upstream has not been reached: old enough to promise nothing. */
const FALLBACK_VERSION = '5.7.0-gatehouse';

/** The version string for the greeting. MariaDB 10 puts `5.5.5-` in front of its own (SQL does not show it). */
export function greetingVersion(facts: ServerFacts | null): string {
  if (facts === null) return FALLBACK_VERSION;
  const { version } = facts;
  return flavorOf(version) === 'mariadb' && /^10\./.test(version) ? `5.5.5-${version}` : version;
}

/** Capabilities to offer: what the gateway can carry out and the upstream very likely agrees to. */
export function offeredCapabilities(facts: ServerFacts | null, tls: boolean): number {
  const version = facts === null ? null : versionNumber(facts.version);
  const mariadb = facts !== null && flavorOf(facts.version) === 'mariadb';
  const tracks = version !== null && version >= (mariadb ? 10_02_00 : 5_07_05);
  const attributes = version !== null && !mariadb && version >= 8_00_23;
  return (
    (BASE |
      (offeredMariadbCapabilities(facts) === 0 ? CAPABILITY.longPassword : 0) |
      (tls ? CAPABILITY.ssl : 0) |
      (tracks ? CAPABILITY.deprecateEof | CAPABILITY.sessionTrack : 0) |
      (attributes ? CAPABILITY.queryAttributes : 0)) >>>
    0
  );
}

/** MariaDB's own capabilities to offer. */
export function offeredMariadbCapabilities(facts: ServerFacts | null): number {
  if (facts === null || flavorOf(facts.version) !== 'mariadb') return 0;
  return versionNumber(facts.version) >= 10_05_02 ? MARIADB_CAPABILITY.extendedMetadata : 0;
}

const BASE =
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.connectWithDb |
  CAPABILITY.localFiles |
  CAPABILITY.protocol41 |
  CAPABILITY.interactive |
  CAPABILITY.transactions |
  CAPABILITY.secureConnection |
  CAPABILITY.multiStatements |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.pluginAuth |
  CAPABILITY.connectAttrs |
  CAPABILITY.pluginAuthLenenc |
  CAPABILITY.canHandleExpiredPasswords;

/** `8.0.23` as 80023; 0 for a version that cannot be read. */
function versionNumber(version: string): number {
  const parts = /^(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return parts === null ? 0 : Number(parts[1]) * 10_000 + Number(parts[2]) * 100 + Number(parts[3]);
}
