/**
 * What client and server agree on in the handshake.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 */
export const CAPABILITY = {
  longPassword: 1,
  foundRows: 1 << 1,
  longFlag: 1 << 2,
  connectWithDb: 1 << 3,
  noSchema: 1 << 4,
  compress: 1 << 5,
  odbc: 1 << 6,
  localFiles: 1 << 7,
  ignoreSpace: 1 << 8,
  protocol41: 1 << 9,
  interactive: 1 << 10,
  ssl: 1 << 11,
  transactions: 1 << 13,
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  psMultiResults: 1 << 18,
  pluginAuth: 1 << 19,
  connectAttrs: 1 << 20,
  pluginAuthLenenc: 1 << 21,
  canHandleExpiredPasswords: 1 << 22,
  sessionTrack: 1 << 23,
  deprecateEof: 1 << 24,
  optionalResultsetMetadata: 1 << 25,
  zstd: 1 << 26,
  queryAttributes: 1 << 27,
  multiFactorAuthentication: 1 << 28,
} as const;

/**
 * MariaDB's own, in a word of their own: the greeting and the response carry it in the last four filler bytes
 * where `longPassword` (which MariaDB calls CLIENT_MYSQL) is off.
 * https://mariadb.com/kb/en/connection/#capabilities
 */
export const MARIADB_CAPABILITY = {
  /** Column definitions say the formats and types that the protocol has no number for: JSON, UUID, INET6. */
  extendedMetadata: 1 << 3,
} as const;

/** What both sides must agree on so that packets can be relayed unchanged; the upstream is opened with the client's choice of these. */
export const RELAYED_CAPABILITIES =
  CAPABILITY.foundRows |
  CAPABILITY.longFlag |
  CAPABILITY.localFiles |
  CAPABILITY.interactive |
  CAPABILITY.transactions |
  CAPABILITY.multiStatements |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.canHandleExpiredPasswords |
  CAPABILITY.sessionTrack |
  CAPABILITY.deprecateEof |
  CAPABILITY.queryAttributes;

/** Those of them without which replies would have another form than the client was promised. */
export const FORM_CAPABILITIES =
  CAPABILITY.multiStatements |
  CAPABILITY.multiResults |
  CAPABILITY.psMultiResults |
  CAPABILITY.sessionTrack |
  CAPABILITY.deprecateEof |
  CAPABILITY.queryAttributes;

export function hasCapability(flags: number, name: keyof typeof CAPABILITY): boolean {
  return (flags & CAPABILITY[name]) !== 0;
}
