/** The documents of a policy folder after reading and checking: plain data, in the order of the files. */
import type {
  Action,
  Durability,
  FieldUse,
  Limits,
  MaskerSpec,
  ObjectKind,
  PrincipalKind,
  RuleRef,
} from '@gatehouse/model';
import type { CelExpression } from './cel-expression.ts';

export interface PolicySet {
  readonly policies: readonly Policy[];
  readonly classifications: readonly Classification[];
}

export interface Policy {
  readonly name: string;
  readonly description?: string;
  readonly rules: readonly Rule[];
}

export const RULE_EFFECTS = ['permit', 'deny', 'approve', 'mask', 'limit', 'alert'] as const;
export type RuleEffect = (typeof RULE_EFFECTS)[number];

export const RULE_MODES = ['enforce', 'observe'] as const;
export type RuleMode = (typeof RULE_MODES)[number];

export interface Rule {
  readonly ref: RuleRef;
  readonly effect: RuleEffect;
  readonly mode: RuleMode;
  /** The policy's own `match`, then the rule's; all must hold. */
  readonly match: readonly Match[];
  readonly unless?: Match;
  readonly when?: CelExpression;
  readonly message?: string;
  readonly hint?: string;
  readonly mask?: MaskPlan;
  readonly limits?: Limits;
  readonly durability?: Durability;
}

/** Every key that is there must hold; inside a key any of the alternatives. */
export interface Match {
  readonly databases?: readonly DatabaseSelector[];
  readonly principals?: readonly PrincipalSelector[];
  readonly tls?: boolean;
  readonly purpose?: boolean;
  readonly actions?: readonly ActionPattern[];
  readonly objects?: ObjectSelector;
  readonly columns?: ColumnSelector;
  readonly uses?: readonly FieldUse[];
  readonly verbs?: readonly string[];
  readonly statement?: StatementSelector;
}

/** `*` is every action but the two whose effect the gateway cannot see, `call` and `unknown`; these are named. */
export type ActionPattern = Action | '*';

export interface DatabaseSelector {
  readonly names?: readonly string[];
  readonly labels?: readonly LabelSelector[];
  readonly dialects?: readonly string[];
}

export interface LabelSelector {
  readonly key: string;
  readonly values: readonly string[];
}

export interface PrincipalSelector {
  readonly kinds?: readonly PrincipalKind[];
  readonly names?: readonly string[];
  readonly groups?: readonly string[];
}

export interface ObjectSelector {
  readonly names?: readonly string[];
  readonly kinds?: readonly ObjectKind[];
}

export interface ColumnSelector {
  readonly names?: readonly string[];
  readonly labels?: readonly string[];
}

export interface StatementSelector {
  readonly bounded?: boolean;
  readonly irreversible?: boolean;
  readonly limited?: boolean;
  readonly functions?: readonly string[];
}

export interface MaskPlan {
  /** Label glob to masker; an exact label first, then the longer pattern. */
  readonly labels: readonly LabelMasker[];
  /** For columns that the rule names and that no label above covers. */
  readonly otherwise?: MaskerSpec;
  /** What may still be done with a masked column besides reading its mask. */
  readonly allowUses: readonly AllowedUse[];
  /** How many comparisons for being equal a principal has in an hour on each column, where only these are allowed. */
  readonly probesPerHour: number;
}

/** `equality`: filters that are one comparison with a constant, which are counted. */
export type AllowedUse = Exclude<FieldUse, 'output' | 'write'> | 'equality';

export interface LabelMasker {
  readonly label: string;
  readonly masker: MaskerSpec;
}

/** Labels for columns. Everything that matches a column adds up. */
export interface Classification {
  readonly name: string;
  readonly databases?: readonly DatabaseSelector[];
  readonly entries: readonly ClassificationEntry[];
}

export interface ClassificationEntry {
  readonly object: string;
  readonly field: string;
  readonly labels: readonly string[];
}
