/** Somewhere outside that gets every event of this node, in order, at least once. */
export interface AuditSink {
  /** Takes lines of one node whose first has this number; resolves when they are safe there. */
  write(lines: readonly string[], first: number): Promise<void>;
  close(): Promise<void>;
}

/** `jsonl`: lines as the journal has them, verifiable. `ocsf`: one OCSF event a line. */
export type SinkFormat = 'jsonl' | 'ocsf';

/** What a configuration says of a sink. */
export type SinkOptions =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly format: SinkFormat;
      /** A file that would become larger is put aside as `PATH.1`, `PATH.2`, …, the newest being 1. */
      readonly maxBytes: number;
      /** So many files are kept aside. */
      readonly keep: number;
    }
  | { readonly kind: 'stdout'; readonly format: SinkFormat }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly format: SinkFormat;
      /** Signs each batch. */
      readonly secret: string;
      readonly timeoutMs: number;
    };

/** A sink with a name, which its cursor has, too. */
export interface NamedSink {
  readonly name: string;
  readonly options: SinkOptions;
}
