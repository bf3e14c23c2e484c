/** What the scenes of the relay share: servers, obligations, and what a scene shows. */
import { type FieldMask, NO_OBLIGATIONS, type Obligations } from '@gatehouse/model';

export const MORE = 2 | 8;

export const DENIED_ERR = '\xff\x76\x04#42000gatehouse: no';

const EMAIL_MASK: FieldMask = {
  object: { kind: 'relation', path: ['shop', 'customers'] },
  field: 'email',
  masker: { kind: 'redact' },
  rule: { policy: 'pii', rule: 'r' },
};

export const MASKED: Obligations = { ...NO_OBLIGATIONS, masks: [EMAIL_MASK], redactDiagnostics: true };

export const masking = { policy: () => MASKED };

export function limited(rows: number) {
  return { policy: (): Obligations => ({ ...NO_OBLIGATIONS, limits: { rows } }) };
}

export function words(packets: [number, Buffer][]): [number, string][] {
  return packets.map(([sequence, payload]) => [sequence, payload.toString('latin1')]);
}
