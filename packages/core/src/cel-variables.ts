/**
 * What `when:` expressions may speak of, as classes whose names are the types inside CEL, and the limits that keep
 * expressions cheap. Absent facts are absent properties.
 */

export const CEL_LIMITS = {
  expressionCharacters: 4_000,
  nodes: 500,
  depth: 40,
  macroNesting: 2,
  listItems: 256,
  textCharacters: 4_096,
  patternCharacters: 500,
} as const;

/** What an expression may speak of. `data`: who and where, for rules over data. `statement`: also what is done, and to which object. */
export type CelScope = 'data' | 'statement';

export interface CelVariables {
  readonly principal: CelPrincipal;
  readonly database: CelDatabase;
  readonly session: CelSession;
  readonly statement?: CelStatement;
  readonly access?: CelAccess;
}

abstract class Facts<T> {
  constructor(facts: T) {
    Object.assign(this, facts);
  }
}

export class CelPrincipal extends Facts<{
  readonly kind?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly claims?: object;
  readonly purpose?: string;
  readonly task?: string;
  readonly actingFor?: string;
}> {}

export class CelDatabase extends Facts<{
  readonly name?: string;
  readonly dialect?: string;
  readonly labels?: Readonly<Record<string, string>>;
}> {}

export class CelSession extends Facts<{
  readonly clientAddress?: string;
  readonly application?: string;
  readonly tls?: boolean;
}> {}

export class CelStatement extends Facts<{
  readonly verb?: string;
  readonly bounded?: boolean;
  readonly limit?: bigint;
  readonly functions?: readonly string[];
  readonly irreversible?: boolean;
  readonly accesses?: bigint;
}> {}

export class CelAccess extends Facts<{
  readonly action?: string;
  readonly kind?: string;
  readonly object?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fields?: readonly string[];
  readonly uses?: readonly string[];
  readonly labels?: readonly string[];
}> {}

/** Facts and their types, by variable. */
export const CEL_FIELDS = {
  principal: {
    kind: 'string',
    name: 'string',
    groups: 'list<string>',
    claims: 'map<string, dyn>',
    purpose: 'string',
    task: 'string',
    actingFor: 'string',
  },
  database: { name: 'string', dialect: 'string', labels: 'map<string, string>' },
  session: { clientAddress: 'string', application: 'string', tls: 'bool' },
  statement: {
    verb: 'string',
    bounded: 'bool',
    limit: 'int',
    functions: 'list<string>',
    irreversible: 'bool',
    accesses: 'int',
  },
  access: {
    action: 'string',
    kind: 'string',
    object: 'string',
    namespace: 'string',
    name: 'string',
    fields: 'list<string>',
    uses: 'list<string>',
    labels: 'list<string>',
  },
} as const;

/** True when a value's lists and texts are small enough to stand in an expression's variables. */
export function fitsCelLimits(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return value.length <= CEL_LIMITS.textCharacters;
  if (typeof value !== 'object' || value === null) return true;
  if (depth > 8) return false;
  const items = Array.isArray(value) ? value : Object.values(value);
  return items.length <= CEL_LIMITS.listItems && items.every((item) => fitsCelLimits(item, depth + 1));
}
