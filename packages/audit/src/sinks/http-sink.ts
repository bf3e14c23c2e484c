/**
 * Events posted to a collector, one request a batch, lines of JSON.
 *
 *   POST URL
 *   content-type: application/x-ndjson
 *   x-gatehouse-batch: gw-1.101-200          the same for a batch that comes again
 *   x-gatehouse-time: 1767182400             seconds since 1970
 *   x-gatehouse-signature: v1=<64 hex>       HMAC-SHA-256 of `TIME.BATCH.BODY` under the shared secret
 *
 * Any 2xx answer says that the collector has the batch. Anything else, and no answer in time, brings
 * the same batch again, later and later.
 */
import { createHmac } from 'node:crypto';
import { GatewayError } from '@gatehouse/model';
import type { AuditSink } from './audit-sink.ts';

interface HttpSinkOptions {
  readonly node: string;
  readonly url: string;
  readonly secret: string;
  readonly timeoutMs: number;
  readonly format: (line: string) => string;
}

export function createHttpSink({ node, url, secret, timeoutMs, format }: HttpSinkOptions): AuditSink {
  const closing = new AbortController();
  const post = async (lines: readonly string[], first: number) => {
    const body = lines.map((line) => `${format(line)}\n`).join('');
    const batch = `${node}.${first}-${first + lines.length - 1}`;
    const time = String(Math.floor(Date.now() / 1000));
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-ndjson',
        'x-gatehouse-batch': batch,
        'x-gatehouse-time': time,
        'x-gatehouse-signature': `v1=${signBatch(secret, time, batch, body)}`,
      },
      // SECURITY: a collector that redirects must not get events sent to somebody else.
      redirect: 'error',
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`status ${response.status}`);
  };
  return {
    write: (lines, first) =>
      post(lines, first).catch((cause: unknown) => {
        throw new GatewayError(
          'unavailable',
          'sink-unavailable',
          'the collector does not take audit events',
          {
            retry: 'safe',
            context: { reason: reasonOf(cause) },
            cause,
          },
        );
      }),
    async close() {
      closing.abort();
    },
  };
}

/** Gives 64 hex digits. */
function signBatch(secret: string, time: string, batch: string, body: string): string {
  return createHmac('sha256', secret).update(`${time}.${batch}.${body}`).digest('hex');
}

function reasonOf(cause: unknown): string {
  const { cause: inner, message } = cause as { cause?: { code?: unknown }; message?: unknown };
  return typeof inner?.code === 'string' ? inner.code : String(message);
}
