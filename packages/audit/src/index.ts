export type { PublicKey } from './checkpoint/signing-key.ts';
export { parsePublicKey } from './checkpoint/signing-key.ts';
export type { AuditEvent } from './journal/event-line.ts';
export { formatLine, GENESIS, hashLine, parseLine } from './journal/event-line.ts';
export type { Journal, JournalOptions, JournalStatus } from './journal/journal.ts';
export { openJournal } from './journal/journal.ts';
export type { JournalPosition } from './journal/segment-files.ts';
export type { LiteralMode, RecordLiteral } from './literals/literal-policy.ts';
export { createLiteralPolicy } from './literals/literal-policy.ts';
export type {
  AuditPipeline,
  AuditPipelineOptions,
  AuditPipelineStatus,
} from './pipeline/audit-pipeline.ts';
export { openAuditPipeline } from './pipeline/audit-pipeline.ts';
export { journalDir, publicKeyPath, storeSocketPath } from './pipeline/data-folder.ts';
export type { AuditLog } from './pipeline/log-alert.ts';
export { logAlert } from './pipeline/log-alert.ts';
export type { ExportFormat } from './present/export-events.ts';
export { EXPORT_FORMATS, exportEvents } from './present/export-events.ts';
export type { FormatOptions } from './present/format-event.ts';
export { formatEvent } from './present/format-event.ts';
export { formatStory } from './present/format-story.ts';
export type {
  AuditWorker,
  AuditWorkerOptions,
  AuditWorkerStatus,
  WorkerAlert,
} from './queue/audit-worker.ts';
export { createAuditWorker } from './queue/audit-worker.ts';
export { assertRedisUrl, openRedis } from './queue/open-redis.ts';
export type { RetentionLimits } from './retention/retain-journal.ts';
export { startStoreRetention } from './retention/retain-store.ts';
export { readStages } from './shipping/read-stages.ts';
export type { ShipperStatus } from './shipping/shipper.ts';
export type { NamedSink, SinkOptions } from './sinks/audit-sink.ts';
export type {
  AuditReader,
  AuditStore,
  InsertResult,
  NodeInfo,
  RetentionPlan,
  SearchFilter,
  StoredEvent,
  StoreLimits,
} from './store/audit-store.ts';
export { connectStore } from './store/connect-store.ts';
export { formatWho } from './store/event-columns.ts';
export type { StoreTarget } from './store/open-store.ts';
export { openStore } from './store/open-store.ts';
export { serveStore } from './store/serve-store.ts';
export type { SqlConnection } from './store/sql-connection.ts';
export { createSqlStore } from './store/sql-store.ts';
export { rebuildStore } from './verify/rebuild-store.ts';
export type { JournalResult, TrustOptions } from './verify/verify-journal.ts';
export {
  journalLines,
  storedLines,
  verifyFiles,
  verifyJournal,
  verifyStored,
} from './verify/verify-journal.ts';
export type {
  ChainPoint,
  ChainProblem,
  ProblemKind,
  VerifyOptions,
  VerifyResult,
} from './verify/verify-lines.ts';
export { verifyLines } from './verify/verify-lines.ts';
