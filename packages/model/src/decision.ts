import type { MaskerSpec } from './masker-spec.ts';
import type { ObjectRef } from './object-ref.ts';

/** Names a rule by policy document and rule name, and says where it stands. */
export interface RuleRef {
  readonly policy: string;
  readonly rule: string;
  /** `file:line` inside the policy folder. */
  readonly at?: string;
}

/**
 * Values of this field leave masked, wherever they come out.
 *
 * `field` may be `*`: every field of the object. Paths in documents also protect everything below them.
 */
export interface FieldMask {
  readonly object: ObjectRef;
  readonly field: string;
  readonly masker: MaskerSpec;
  readonly rule: RuleRef;
}

/** Upper bounds; absent means none. The smaller one wins when several rules set them. */
export interface Limits {
  readonly rows?: number;
  readonly affectedRows?: number;
  readonly bytes?: number;
  readonly seconds?: number;
}

/** Guesses at a masked value: it is compared with constants, and each answer tells whether it is equal. */
export interface CountedProbe {
  readonly object: ObjectRef;
  readonly field: string;
  readonly rule: RuleRef;
  /** In one run of the statement. */
  readonly guesses: number;
  /** As many as a principal has in an hour, over all its sessions. */
  readonly perHour: number;
}

/** `written`: in the journal file before the statement goes on. `synced`: on the disk. */
export type Durability = 'written' | 'synced';

/** What must be carried out with a permit; every name here but `probes` is also a capability that an adapter declares. */
export interface Obligations {
  readonly masks: readonly FieldMask[];
  readonly limits: Limits;
  readonly durability: Durability;
  /** Errors and notices of this request may carry values of protected objects and are redacted. True when any accessed object has a mask. */
  readonly redactDiagnostics: boolean;
  /** Outputs that are computed from masked fields leave as NULL, whatever their masker: any other mask of a computed value could be undone by computing differently. */
  readonly nullComputed?: true;
  /** Guesses that the gateway counts when the statement runs; past the number that is allowed it is denied. */
  readonly probes?: readonly CountedProbe[];
}

export type Effect = 'permit' | 'deny' | 'approve';

/** Why, in words for the person who asked: one lower-case line, no literals of the statement. */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
  readonly rule?: RuleRef;
  /** What the caller could do instead, when there is something. */
  readonly hint?: string;
}

export const REASON_CODES = [
  'permitted',
  'denied-by-rule',
  'no-permit',
  'needs-approval',
  'not-understood',
  'rule-failed',
  'masked-use',
  'masked-copy',
  'masked-origin-unknown',
  'obligation-unsupported',
  'agent-exceeds-person',
] as const;

export type ReasonCode = (typeof REASON_CODES)[number];

/** What a rule in `mode: observe` would have done. */
export interface Observation {
  readonly rule: RuleRef;
  readonly effect: string;
}

/** The verdict on one request. `approve` means: denied until somebody agrees. */
export interface Decision {
  readonly effect: Effect;
  readonly reason: Reason;
  readonly obligations: Obligations;
  readonly alerts: readonly RuleRef[];
  readonly observed: readonly Observation[];
  readonly policyRevision: string;
}

export const NO_OBLIGATIONS: Obligations = {
  masks: [],
  limits: {},
  durability: 'written',
  redactDiagnostics: false,
};
