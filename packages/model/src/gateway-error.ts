/**
 * A fault: something that is wrong outside the code. A decision is a value and a bug is an assertion;
 * neither is thrown as this. Every code stands in docs/errors.md, compared by a test.
 */
export const ERROR_KINDS = [
  'denied',
  'needs-approval',
  'authentication',
  'throttled',
  'protocol',
  'limit',
  'timeout',
  'unavailable',
  'overloaded',
  'shutdown',
  'unsupported',
  'config',
  'audit',
  'internal',
] as const;

/** What went wrong, as far as a client can act on it. Each adapter maps all of these to its own codes. */
export type ErrorKind = (typeof ERROR_KINDS)[number];

export type Retry = 'safe' | 'unknown' | 'never';

export interface GatewayErrorOptions {
  readonly retry?: Retry;
  /** Flat and without secrets; it goes to logs and to the audit. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

export class GatewayError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly retry: Retry;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  /** `code` is kebab-case and stable (`frame-too-large`); `message` is one lower-case line, user values in backticks. */
  constructor(kind: ErrorKind, code: string, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.kind = kind;
    this.retry = options.retry ?? 'never';
    this.context = options.context ?? {};
  }
}
