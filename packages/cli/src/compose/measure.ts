/** The numbers that nobody counts as they happen: they are looked up once a second. */
import type { Adapter } from '@gatehouse/adapter';
import type { GatewayMetrics } from '@gatehouse/gateway';
import type { GatewayAudit } from './open-audit.ts';

const EVERY_MS = 1_000;

/** Runs `measure` now and every second, until the returned function is called. */
export function keepMeasured(measure: () => void): () => void {
  measure();
  const timer = setInterval(measure, EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Sets the gauges of the audit's stages and of the answers that are kept about statements. */
export function measure(
  audit: GatewayAudit,
  databases: Iterable<{ readonly adapter: Adapter }>,
  metrics: GatewayMetrics,
): void {
  for (const { stage, seq, lagEvents, lagSeconds } of audit.stages()) {
    metrics.auditEvents.set({ stage }, seq);
    metrics.auditLagEvents.set({ stage }, lagEvents);
    metrics.auditLagSeconds.set({ stage }, lagSeconds);
  }
  // Databases of one dialect share an adapter.
  for (const adapter of new Set([...databases].map((database) => database.adapter))) {
    const counters = adapter.analysisCounters?.();
    if (counters === undefined) continue;
    const { dialect } = adapter;
    metrics.analyses.set({ dialect, answer: 'text' }, counters.textHits);
    metrics.analyses.set({ dialect, answer: 'shape' }, counters.shapeHits);
    metrics.analyses.set({ dialect, answer: 'new' }, counters.misses);
    metrics.analysisBytes.set({ dialect, answer: 'text' }, counters.textBytes);
    metrics.analysisBytes.set({ dialect, answer: 'shape' }, counters.shapeBytes);
  }
}
