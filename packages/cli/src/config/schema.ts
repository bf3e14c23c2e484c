import { z } from 'zod';

/**
 * The configuration file, as a person writes it. `docs/configuration.md` describes every key.
 *
 * Secrets are never written here: a `secret` is `env:NAME` or `file:PATH` (relative to the file).
 */
const secret = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
    'a secret is `env:NAME` or `file:PATH`, never the value itself',
  );
const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'lower-case letters, digits, `-` and `_`, starting with a letter');
const port = z.int().min(0).max(65535);
const milliseconds = z.int().min(1).max(86_400_000);
const bytes = z.int().min(1024);

const account = z.strictObject({ user: z.string().min(1), password: secret });

const upstream = z.strictObject({
  host: z.string().min(1),
  port,
  /** The database's name at the server; the gateway's name for it when absent. */
  database: z.string().min(1).optional(),
  user: z.string().min(1),
  password: secret,
  tls: z
    .strictObject({
      mode: z.enum(['disable', 'require', 'verify-ca', 'verify-full']).default('verify-full'),
      ca: secret.optional(),
      serverName: z.string().optional(),
    })
    .prefault({}),
  /** Account for the gateway's own connection (catalog, health, cancel); the one above when absent. */
  own: account.optional(),
});

const database = z.strictObject({
  name,
  dialect: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  upstream,
});

const listener = z.strictObject({
  name,
  dialect: z.string(),
  host: z.string().default('127.0.0.1'),
  port,
  databases: z.array(name).min(1),
  tls: z.enum(['off', 'optional', 'required']).default('optional'),
  maxSessions: z.int().min(1).default(1000),
  /** Dialect options; each adapter checks its own. */
  options: z.record(z.string(), z.unknown()).default({}),
});

const sinkFormat = z.enum(['jsonl', 'ocsf']);

/** Who else gets every event; `docs/audit.md` describes each. */
const sink = z.discriminatedUnion('kind', [
  z.strictObject({
    name,
    kind: z.literal('file'),
    path: z.string().min(1),
    format: sinkFormat.default('jsonl'),
    maxBytes: bytes.default(100 * 1024 * 1024),
    keep: z.int().min(0).max(1000).default(10),
  }),
  z.strictObject({ name, kind: z.literal('stdout'), format: sinkFormat.default('ocsf') }),
  z.strictObject({
    name,
    kind: z.literal('http'),
    url: z.url({ protocol: /^https?$/ }),
    /** Signs each batch. */
    secret,
    format: sinkFormat.default('ocsf'),
    timeoutMs: milliseconds.default(10_000),
  }),
]);

const retention = z.strictObject({ days: z.number().positive().optional(), bytes: bytes.optional() });

const audit = z.strictObject({
  /** URL of the Redis for the queue, also behind Sentinels or as a cluster (`docs/audit.md`); without it the journal feeds the store directly. */
  redis: secret.optional(),
  /** `embedded`, or a secret with a Postgres URL. */
  store: z.union([z.literal('embedded'), secret]).default('embedded'),
  /** Run the worker inside the gateway's process; a `gatehouse worker` of its own otherwise. */
  worker: z.enum(['in-process', 'separate']).default('in-process'),
  texts: z.enum(['keep', 'drop']).default('keep'),
  parameters: z.enum(['keep', 'hash', 'drop']).default('hash'),
  maxBacklogBytes: bytes.default(1024 * 1024 * 1024),
  /** Seconds that an event may wait to be passed on before new statements are refused. */
  maxBacklogSeconds: z.int().min(1).optional(),
  /** Room beyond these limits for statements that only read. */
  readsBeyondBacklogBytes: z.int().min(0).default(0),
  segmentBytes: bytes.default(64 * 1024 * 1024),
  /** What of the journal is taken away; everything stays when absent. */
  retention: retention.optional(),
  /** What of the store is taken away; everything stays when absent. */
  storeRetention: retention.optional(),
  sinks: z.array(sink).default([]),
});

const limits = z.strictObject({
  maxFrameBytes: bytes.default(1024 * 1024 * 1024),
  wholeFrameBytes: bytes.default(1024 * 1024),
  loginMs: milliseconds.default(30_000),
  upstreamLoginMs: milliseconds.default(10_000),
  knowledgeMs: milliseconds.default(5_000),
  recheckMs: milliseconds.default(5_000),
  shutdownGraceMs: milliseconds.default(10_000),
});

export const configSchema = z.strictObject({
  node: name.default('gw-1'),
  dataDir: z.string().default('./gatehouse-data'),
  /** Folder with policy documents. */
  policies: z.string().min(1),
  principals: z.string(),
  tls: z.strictObject({ cert: secret, key: secret }).optional(),
  maskingKey: secret.optional(),
  databases: z.array(database).min(1),
  listeners: z.array(listener).min(1),
  audit: audit.prefault({}),
  admin: z.strictObject({ host: z.string().default('127.0.0.1'), port: port.default(9464) }).prefault({}),
  limits: limits.prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type SinkConfig = z.infer<typeof sink>;
export type RetentionConfig = z.infer<typeof retention>;
export type DatabaseConfig = z.infer<typeof database>;
