export type { Access, Action, FieldAccess, FieldUse } from './access.ts';
export { ACTIONS, FIELD_USES } from './access.ts';
export type {
  CountedProbe,
  Decision,
  Durability,
  Effect,
  FieldMask,
  Limits,
  Obligations,
  Observation,
  Reason,
  ReasonCode,
  RuleRef,
} from './decision.ts';
export { NO_OBLIGATIONS, REASON_CODES } from './decision.ts';
export type {
  AuditBody,
  GatewayBody,
  IntentBody,
  LoginBody,
  LogoutBody,
  OutcomeBody,
  OutcomeCounts,
  OutcomeResult,
  RecordedParameter,
  ViolationBody,
} from './event.ts';
export { type FieldUses, recordUse } from './field-uses.ts';
export type { ErrorKind, GatewayErrorOptions, Retry } from './gateway-error.ts';
export { ERROR_KINDS, GatewayError } from './gateway-error.ts';
export type { JsonObject, JsonValue } from './json.ts';
export type { Known } from './known.ts';
export { known, unknown } from './known.ts';
export type { MaskerSpec } from './masker-spec.ts';
export type { ObjectKind, ObjectRef } from './object-ref.ts';
export { formatObject } from './object-ref.ts';
export type { Principal, PrincipalKind } from './principal.ts';
export type { AccessRequest, DatabaseFacts, SessionFacts } from './request.ts';
export type { FieldSource, OutputColumn, OutputKind, Statement } from './statement.ts';
