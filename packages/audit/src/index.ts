export type { AuditEvent } from './journal/event-line.ts';
export { formatLine, GENESIS, hashLine, parseLine } from './journal/event-line.ts';
export type { Journal, JournalOptions, JournalStatus } from './journal/journal.ts';
export { openJournal } from './journal/journal.ts';
export type { JournalPosition } from './journal/segment-files.ts';
export type { LiteralMode, RecordLiteral } from './literals/literal-policy.ts';
export { createLiteralPolicy } from './literals/literal-policy.ts';
