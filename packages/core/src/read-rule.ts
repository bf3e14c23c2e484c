/** Reads one rule of a policy document, and checks what belongs to which effect. */
import type { Durability, Limits } from '@gatehouse/model';
import { isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { CelCompiler, CelExpression } from './cel-expression.ts';
import { locateInScalar } from './locate-in-scalar.ts';
import {
  type AllowedUse,
  type LabelMasker,
  type MaskPlan,
  type Match,
  RULE_EFFECTS,
  RULE_MODES,
  type Rule,
  type RuleEffect,
} from './policy-set.ts';
import { readMasker } from './read-masker.ts';
import { isLabelPattern, type MatchScope, readMatch } from './read-match.ts';
import type { YamlReader } from './yaml-reader.ts';

const KEYS = [
  'name',
  'description',
  'effect',
  'mode',
  'match',
  'unless',
  'when',
  'message',
  'hint',
  'mask',
  'allowUses',
  'probesPerHour',
  'limit',
  'durability',
] as const;
type Key = (typeof KEYS)[number];
type Fields = ReadonlyMap<Key, Node | null>;

/** What a rule needs to know of the document around it. */
export interface RuleContext {
  readonly reader: YamlReader;
  readonly compileCel: CelCompiler;
  readonly policy: string;
  /** The policy's own match, or undefined. */
  readonly outer: Match | undefined;
}

/** The rule at a node, or undefined after a reported problem. Problems inside a rule are all reported. */
export function readRule(context: RuleContext, node: Node): Rule | undefined {
  const { reader } = context;
  const fields = reader.fields(node, 'rule', KEYS);
  if (fields === undefined) return undefined;
  const name = readName(reader, fields.get('name') ?? null, 'rule name', node);
  const effect = fields.has('effect')
    ? reader.word(fields.get('effect') ?? null, 'effect', RULE_EFFECTS)
    : reader.problem(node, 'rule has no `effect`', `one of: ${RULE_EFFECTS.join(', ')}`);
  if (name === undefined || effect === undefined) return undefined;
  checkEffectKeys(reader, fields, effect, node);
  const scope: MatchScope = effect === 'mask' ? 'data' : 'statement';
  const match = fields.has('match')
    ? readMatch(reader, fields.get('match') ?? null, 'match', scope)
    : undefined;
  const unless = fields.has('unless') ? readUnless(reader, fields.get('unless') ?? null, scope) : undefined;
  const rule: Rule = {
    ref: { policy: context.policy, rule: name, at: `${reader.file}:${reader.line(node)}` },
    effect,
    mode: fields.has('mode')
      ? (reader.word(fields.get('mode') ?? null, 'mode', RULE_MODES) ?? 'enforce')
      : 'enforce',
    match: [context.outer, match].filter((part) => part !== undefined),
    ...optional('unless', unless),
    ...optional(
      'when',
      fields.has('when') ? readWhen(context, fields.get('when') ?? null, effect) : undefined,
    ),
    ...optional('message', readWords(reader, fields, 'message')),
    ...optional('hint', readWords(reader, fields, 'hint')),
    ...optional('mask', effect === 'mask' ? readMaskPlan(reader, fields, match, node) : undefined),
    ...optional(
      'limits',
      fields.has('limit') && effect === 'limit' ? readLimits(reader, fields.get('limit') ?? null) : undefined,
    ),
    ...optional('durability', readDurability(reader, fields)),
  };
  if (fields.has('description')) reader.string(fields.get('description') ?? null, 'description');
  return rule;
}

/** Names of policies, rules and classifications: what a reason and a log line can hold. */
export function readName(
  reader: YamlReader,
  node: Node | null,
  what: string,
  owner: Node,
): string | undefined {
  if (node === null) return reader.problem(owner, `${what} is missing`);
  const name = reader.string(node, what);
  if (name === undefined || /^[a-z0-9][a-z0-9._-]{0,79}$/i.test(name)) return name;
  return reader.problem(
    node,
    `${what} \`${name.slice(0, 60)}\` must be letters, digits, \`-\`, \`_\` and \`.\`, at most 80`,
  );
}

const EFFECT_KEYS: Readonly<Partial<Record<Key, readonly RuleEffect[]>>> = {
  mask: ['mask'],
  allowUses: ['mask'],
  probesPerHour: ['mask'],
  limit: ['limit'],
  durability: ['permit', 'limit'],
};

function checkEffectKeys(reader: YamlReader, fields: Fields, effect: RuleEffect, node: Node): void {
  for (const [key, value] of fields) {
    const owners = EFFECT_KEYS[key];
    if (owners !== undefined && !owners.includes(effect)) {
      reader.problem(
        value ?? node,
        `\`${key}\` belongs to effect ${owners.map((owner) => `\`${owner}\``).join(' or ')}, not to \`${effect}\``,
      );
    }
  }
  if (effect === 'mask' && !fields.has('mask')) reader.problem(node, 'effect `mask` needs a `mask`');
  if (effect === 'limit' && !fields.has('limit') && !fields.has('durability')) {
    reader.problem(node, 'effect `limit` needs a `limit`', 'rows, affectedRows, bytes or seconds');
  }
}

function readUnless(reader: YamlReader, node: Node | null, scope: MatchScope): Match | undefined {
  const unless = readMatch(reader, node, 'unless', scope);
  if (scope !== 'data' || unless?.columns === undefined) return unless;
  return reader.problem(
    node,
    '`unless.columns` cannot stand in a mask',
    'leave the label out of `mask.labels`',
  );
}

function readWhen(context: RuleContext, node: Node | null, effect: RuleEffect): CelExpression | undefined {
  const source = context.reader.string(node, 'when');
  if (source === undefined) return undefined;
  const result = context.compileCel(source, effect === 'mask' ? 'data' : 'statement');
  if (result.ok) return result.expression;
  const { offset, message, suggestion } = result.fault;
  const place = isScalar(node) ? locateInScalar(context.reader.text, node as Scalar<string>, offset) : 0;
  return context.reader.problemAt(place, message, suggestion);
}

/** Words for people: one line, whatever the document's layout was. */
function readWords(reader: YamlReader, fields: Fields, key: 'message' | 'hint'): string | undefined {
  if (!fields.has(key)) return undefined;
  const text = reader
    .string(fields.get(key) ?? null, key)
    ?.replace(/\s+/g, ' ')
    .trim();
  if (text === undefined || text.length <= 300) return text;
  return reader.problem(
    fields.get(key) ?? null,
    `${key} is too long: expected at most 300 characters, got ${text.length}`,
  );
}

function readDurability(reader: YamlReader, fields: Fields): Durability | undefined {
  if (!fields.has('durability')) return undefined;
  return reader.word<Durability>(fields.get('durability') ?? null, 'durability', ['written', 'synced']);
}

const LIMITS = ['rows', 'affectedRows', 'bytes', 'seconds'] as const;

function readLimits(reader: YamlReader, node: Node | null): Limits | undefined {
  const fields = reader.fields(node, 'limit', LIMITS);
  if (fields === undefined) return undefined;
  if (fields.size === 0) return reader.problem(node, 'limit is empty', LIMITS.join(', '));
  const limits: { -readonly [K in keyof Limits]: number } = {};
  for (const [key, value] of fields) {
    const bound = reader.integer(value, `limit.${key}`, key === 'seconds' || key === 'bytes' ? 1 : 0);
    if (bound !== undefined) limits[key] = bound;
  }
  return limits;
}

function readMaskPlan(
  reader: YamlReader,
  fields: Fields,
  match: Match | undefined,
  node: Node,
): MaskPlan | undefined {
  if (!fields.has('mask')) return undefined;
  const maskNode = fields.get('mask') ?? null;
  const plan = reader.fields(maskNode, 'mask', ['labels', 'otherwise']);
  if (plan === undefined) return undefined;
  const labels = plan.has('labels') ? readLabelMaskers(reader, plan.get('labels') ?? null) : [];
  const otherwise = plan.has('otherwise')
    ? readMasker(reader, plan.get('otherwise') ?? null, 'mask.otherwise')
    : undefined;
  const columns = match?.columns;
  if (columns !== undefined && !plan.has('otherwise')) {
    reader.problem(
      maskNode ?? node,
      'a mask with `match.columns` needs `mask.otherwise`',
      'the masker for columns that no label of `mask.labels` covers',
    );
  }
  if (columns === undefined && plan.has('otherwise')) {
    reader.problem(maskNode ?? node, '`mask.otherwise` needs `match.columns`, or it covers nothing');
  }
  if (labels.length === 0 && otherwise === undefined)
    return reader.problem(maskNode ?? node, 'mask covers nothing', 'give it `labels`');
  return {
    labels,
    ...optional('otherwise', otherwise),
    allowUses: readAllowedUses(reader, fields),
    probesPerHour: readProbes(reader, fields),
  };
}

const ALLOWED_USES: readonly AllowedUse[] = ['equality', 'filter', 'sort', 'group', 'join'];
/** Enough for a day's work with known keys; far from enough to guess a card number. */
const USUAL_PROBES = 100;

function readAllowedUses(reader: YamlReader, fields: Fields): readonly AllowedUse[] {
  if (!fields.has('allowUses')) return ['equality'];
  const node = fields.get('allowUses') ?? null;
  // Nothing but reading the mask.
  if (isSeq(node) && node.items.length === 0) return [];
  return reader.words(node, 'allowUses', ALLOWED_USES) ?? [];
}

function readProbes(reader: YamlReader, fields: Fields): number {
  if (!fields.has('probesPerHour')) return USUAL_PROBES;
  return reader.integer(fields.get('probesPerHour') ?? null, 'probesPerHour', 0) ?? 0;
}

/** Sorted so that the first match is the most particular one. */
function readLabelMaskers(reader: YamlReader, node: Node | null): readonly LabelMasker[] {
  const maskers: LabelMasker[] = [];
  for (const { key, keyNode, value } of reader.entries(node, 'mask.labels') ?? []) {
    const masker = readMasker(reader, value, `mask of \`${key.slice(0, 60)}\``);
    if (masker !== undefined && isLabelPattern(reader, keyNode, key)) maskers.push({ label: key, masker });
  }
  const weight = (label: string) => (label.includes('*') ? label.length : 1_000 + label.length);
  return maskers.sort((a, b) => weight(b.label) - weight(a.label));
}

function optional<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });
}
