import type { JsonObject } from './json.ts';

export type PrincipalKind = 'human' | 'service' | 'agent';

/**
 * Who is asking, as the gateway has proved it.
 *
 * An agent carries the person it works for in `actingFor`; policy asks both and never lets the
 * agent inherit an exemption of that person.
 */
export interface Principal {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly groups: readonly string[];
  readonly claims: JsonObject;
  readonly actingFor?: Principal;
  readonly task?: string;
  readonly purpose?: string;
}
