/** Events on a stream such as standard output, for a collector that reads it. */
import type { Writable } from 'node:stream';
import type { AuditSink } from './audit-sink.ts';

/** Writes lines; a batch is taken when the stream has taken it. The stream stays open. */
export function createStreamSink(stream: Writable, format: (line: string) => string): AuditSink {
  return {
    write: (lines) =>
      new Promise((resolve, reject) => {
        const text = lines.map((line) => `${format(line)}\n`).join('');
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => undefined,
  };
}
