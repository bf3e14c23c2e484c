/** Opens the sink that a configuration describes. */
import { ocsfEvent } from '../present/ocsf-event.ts';
import type { AuditSink, SinkFormat, SinkOptions } from './audit-sink.ts';
import { createFileSink } from './file-sink.ts';
import { createHttpSink } from './http-sink.ts';
import { createStreamSink } from './stream-sink.ts';

/** Opens nothing that can fail: a sink that is away says so with the first batch. */
export function openSink(node: string, options: SinkOptions): AuditSink {
  const format = FORMATS[options.format];
  switch (options.kind) {
    case 'file':
      return createFileSink({ ...options, format });
    case 'stdout':
      return createStreamSink(process.stdout, format);
    case 'http':
      return createHttpSink({ ...options, node, format });
  }
}

/** A line of the journal in the form that a sink wants, without line feed. */
export type FormatSinkLine = (line: string) => string;

const FORMATS: Readonly<Record<SinkFormat, FormatSinkLine>> = {
  jsonl: (line) => line,
  // What the journal holds is an event; a line that is none must not stop the others.
  ocsf: (line) => ocsfEvent(line) ?? JSON.stringify({ unmapped: { line } }),
};
