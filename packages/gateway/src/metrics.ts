import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway counts; served as Prometheus text by the admin server. */
export interface GatewayMetrics {
  readonly registry: Registry;
  readonly sessions: Gauge<'listener'>;
  readonly logins: Counter<'result'>;
  readonly decisions: Counter<'effect'>;
  readonly rows: Counter;
  readonly maskedCells: Counter;
  readonly maskedProbes: Counter<'result'>;
  readonly violations: Counter<'code'>;
  readonly cancelFailures: Counter;
  readonly statementSeconds: Histogram;
  /** Answers about statements that were kept (`text`, `shape`) or made (`new`), by dialect. */
  readonly analyses: Gauge<'dialect' | 'answer'>;
  readonly analysisBytes: Gauge<'dialect' | 'answer'>;
  /** Last event of this node that has passed a stage of the audit. */
  readonly auditEvents: Gauge<'stage'>;
  readonly auditLagEvents: Gauge<'stage'>;
  readonly auditLagSeconds: Gauge<'stage'>;
}

/** A fresh registry with every metric of one gateway. */
export function createMetrics(): GatewayMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    sessions: new Gauge({
      name: 'gatehouse_sessions',
      help: 'Open client sessions',
      labelNames: ['listener'],
      registers,
    }),
    logins: new Counter({
      name: 'gatehouse_logins_total',
      help: 'Logins by result',
      labelNames: ['result'],
      registers,
    }),
    decisions: new Counter({
      name: 'gatehouse_decisions_total',
      help: 'Decided requests by effect (permit, deny, approve, unrecorded)',
      labelNames: ['effect'],
      registers,
    }),
    rows: new Counter({ name: 'gatehouse_rows_total', help: 'Rows that passed to clients', registers }),
    maskedCells: new Counter({
      name: 'gatehouse_masked_cells_total',
      help: 'Values that left masked',
      registers,
    }),
    maskedProbes: new Counter({
      name: 'gatehouse_masked_probes_total',
      help: 'Statements that compare a masked column with a constant (counted, refused)',
      labelNames: ['result'],
      registers,
    }),
    violations: new Counter({
      name: 'gatehouse_violations_total',
      help: 'Sessions ended for breaking the protocol or a limit',
      labelNames: ['code'],
      registers,
    }),
    cancelFailures: new Counter({
      name: 'gatehouse_cancel_failures_total',
      help: 'Cancel requests that did not reach the upstream',
      registers,
    }),
    analyses: new Gauge({
      name: 'gatehouse_analyses',
      help: 'Statements understood since the start, by where the answer came from (text, shape: kept; new: analyzed)',
      labelNames: ['dialect', 'answer'],
      registers,
    }),
    analysisBytes: new Gauge({
      name: 'gatehouse_analysis_cache_bytes',
      help: 'Memory of the answers about statements that are kept by text and by shape',
      labelNames: ['dialect', 'answer'],
      registers,
    }),
    auditEvents: new Gauge({
      name: 'gatehouse_audit_events',
      help: 'Number of the last audit event that has passed a stage (journal, queue or store, sinks)',
      labelNames: ['stage'],
      registers,
    }),
    auditLagEvents: new Gauge({
      name: 'gatehouse_audit_lag_events',
      help: 'Audit events that wait for a stage',
      labelNames: ['stage'],
      registers,
    }),
    auditLagSeconds: new Gauge({
      name: 'gatehouse_audit_lag_seconds',
      help: 'How long the oldest audit event has been waiting for a stage',
      labelNames: ['stage'],
      registers,
    }),
    statementSeconds: new Histogram({
      name: 'gatehouse_statement_seconds',
      help: 'Time from permit to the end of the answer',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
  };
}
