import type { Capabilities, Denial } from '@gatehouse/adapter';
import {
  type CountedProbe,
  type Decision,
  formatObject,
  GatewayError,
  type Obligations,
} from '@gatehouse/model';

/** A decision that is not a permit, as the words for the client. */
export function denialOf(requestId: string, decision: Decision): Denial {
  const { reason } = decision;
  const kind = decision.effect === 'approve' ? 'needs-approval' : 'denied';
  const error = new GatewayError(kind, reason.code, reason.text, {
    context: {
      request: requestId,
      ...(reason.rule === undefined ? {} : { rule: `${reason.rule.policy}/${reason.rule.rule}` }),
    },
  });
  return { requestId, error, ...(reason.hint === undefined ? {} : { hint: reason.hint }) };
}

/** The first obligation that the adapter does not declare, as the denial that it means (DESIGN 4). */
export function unsupportedObligation(
  obligations: Obligations,
  capabilities: Capabilities,
): GatewayError | null {
  for (const mask of obligations.masks) {
    if (!capabilities.maskers.includes(mask.masker.kind))
      return unsupported(`masker \`${mask.masker.kind}\``);
  }
  for (const name of LIMIT_NAMES) {
    if (obligations.limits[name] !== undefined && !capabilities.limits.includes(name))
      return unsupported(`limit \`${name}\``);
  }
  if (obligations.redactDiagnostics && !capabilities.redactDiagnostics)
    return unsupported('redacted diagnostics');
  if (obligations.nullComputed === true && !capabilities.nullComputed) return COMPUTED;
  return null;
}

/** The denial of one guess too many. */
export function probesSpent({ object, field, perHour }: CountedProbe): GatewayError {
  return new GatewayError(
    'denied',
    'masked-probes-spent',
    `masked column \`${formatObject(object)}.${field}\` may be compared ${perHour} times in an hour, and that many you have had`,
  );
}

function unsupported(what: string): GatewayError {
  return new GatewayError(
    'unsupported',
    'obligation-unsupported',
    `the policy asks for ${what}, which cannot be carried out on this kind of database yet`,
  );
}

/** In the words for what it is for people: their statement, not what a policy asks for. */
const COMPUTED = new GatewayError(
  'denied',
  'masked-origin-unknown',
  'an output is computed from a masked column; select the columns by name, unchanged',
);
const LIMIT_NAMES = ['rows', 'affectedRows', 'bytes', 'seconds'] as const;
