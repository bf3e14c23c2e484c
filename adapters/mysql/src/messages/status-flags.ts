/**
 * Server status in OK and EOF packets.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html (SERVER_STATUS_flags_enum); ANSI_QUOTES is MariaDB's.
 */
export const STATUS = {
  inTransaction: 0x0001,
  autocommit: 0x0002,
  moreResultsExist: 0x0008,
  cursorExists: 0x0040,
  lastRowSent: 0x0080,
  noBackslashEscapes: 0x0200,
  inReadOnlyTransaction: 0x2000,
  sessionStateChanged: 0x4000,
  ansiQuotes: 0x8000,
} as const;

/** The bits that describe the session, not one answer; what a local answer may repeat. */
export const SESSION_STATUS = STATUS.inTransaction | STATUS.autocommit | STATUS.inReadOnlyTransaction;
