import type { ErrorKind, GatewayError } from '@gatehouse/model';
import { type ErrorFields, encodeErrorResponse } from '../messages/error-response.ts';

/** Every kind of fault as a SQLSTATE (manual, appendix A). */
const SQLSTATES: Readonly<Record<ErrorKind, string>> = {
  denied: '42501',
  'needs-approval': '42501',
  authentication: '28P01',
  throttled: '28000',
  protocol: '08P01',
  limit: '54000',
  timeout: '57014',
  unavailable: '08006',
  overloaded: '53300',
  shutdown: '57P01',
  unsupported: '0A000',
  config: 'F0000',
  audit: '58030',
  internal: 'XX000',
};

/** Faults for which clients look for a code of their own (drivers prepare again on 26000). */
const SQLSTATES_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['unknown-prepared-statement', '26000'],
  ['unknown-portal', '34000'],
  ['not-utf8', '22021'],
]);

/** The fields of an ErrorResponse for a fault; `severity` FATAL ends the connection for the client. */
export function errorFields(
  error: GatewayError,
  severity: 'ERROR' | 'FATAL',
  extra: { readonly hint?: string | undefined; readonly requestId?: string | undefined } = {},
): ErrorFields {
  const { rule } = error.context;
  const detail = [
    ...(typeof rule === 'string' ? [`rule ${rule}`] : []),
    ...(extra.requestId === undefined ? [] : [`request ${extra.requestId}`]),
  ].join(', ');
  return new Map([
    ['S', severity],
    ['V', severity],
    ['C', SQLSTATES_BY_CODE.get(error.code) ?? SQLSTATES[error.kind]],
    ['M', `gatehouse: ${error.message}`],
    ...(detail === '' ? [] : [['D', detail] as const]),
    ...(extra.hint === undefined ? [] : [['H', extra.hint] as const]),
  ]);
}

export function errorBytes(
  error: GatewayError,
  severity: 'ERROR' | 'FATAL',
  extra?: Parameters<typeof errorFields>[2],
): Buffer {
  return encodeErrorResponse(errorFields(error, severity, extra));
}

/**
 * An error or notice of the server without the fields that may carry values: what went wrong (SQLSTATE), how badly,
 * and the names of objects stay; message, detail, hint, context and quoted texts go.
 */
export function redactedFields(fields: ErrorFields): ErrorFields {
  const kept = [...fields].filter(([letter]) => KEPT.has(letter));
  return new Map([...kept, ['M', "the database's message is withheld because it may hold protected values"]]);
}

// S V severity, C code, s schema, t table, c column, d type, n constraint, P position.
const KEPT = new Set(['S', 'V', 'C', 's', 't', 'c', 'd', 'n', 'P']);
