import type { ErrorKind, GatewayError } from '@gatehouse/model';
import type { Document } from 'bson';

/** A server error by number and name (src/mongo/base/error_codes.yml of the server). */
interface MongoError {
  readonly code: number;
  readonly codeName: string;
  readonly labels?: readonly string[];
}

/** Every kind of fault in MongoDB's own words. */
const MONGO_ERRORS: Readonly<Record<ErrorKind, MongoError>> = {
  denied: { code: 13, codeName: 'Unauthorized' },
  'needs-approval': { code: 13, codeName: 'Unauthorized' },
  authentication: { code: 18, codeName: 'AuthenticationFailed' },
  throttled: { code: 18, codeName: 'AuthenticationFailed' },
  protocol: { code: 17, codeName: 'ProtocolError' },
  limit: { code: 146, codeName: 'ExceededMemoryLimit' },
  timeout: { code: 50, codeName: 'MaxTimeMSExpired' },
  unavailable: { code: 6, codeName: 'HostUnreachable' },
  overloaded: {
    code: 462,
    codeName: 'IngressRequestRateLimitExceeded',
    labels: ['SystemOverloadedError', 'RetryableError'],
  },
  shutdown: { code: 91, codeName: 'ShutdownInProgress' },
  unsupported: { code: 115, codeName: 'CommandNotSupported' },
  config: { code: 2, codeName: 'BadValue' },
  audit: { code: 96, codeName: 'OperationFailed' },
  internal: { code: 1, codeName: 'InternalError' },
};

/** The reply document of a fault; `hint` and the request's id stand in the text, where every tool shows them. */
export function errorDocument(error: GatewayError, hint?: string, requestId?: string): Document {
  const { code, codeName, labels } = MONGO_ERRORS[error.kind];
  const parts = [
    error.message,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
  ];
  return {
    ok: 0,
    errmsg: `gatehouse: ${parts.join('; ')}`,
    code,
    codeName,
    ...(labels === undefined ? {} : { errorLabels: [...labels] }),
  };
}
