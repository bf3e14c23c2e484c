/**
 * Checks that need more than one document: names that are taken twice, rules that say the same, rules
 * that can never have an effect, labels that look like a slip of the keyboard.
 */
import type { NamedPlace } from './load-policies.ts';
import type { Match, PolicySet, Rule } from './policy-set.ts';
import type { Problem } from './problem.ts';
import { suggest } from './suggest.ts';

/** Every problem that shows only when all documents are seen together. */
export function checkSet(set: PolicySet, places: readonly NamedPlace[]): readonly Problem[] {
  const rules = set.policies.flatMap((policy) => policy.rules);
  const at = (rule: Rule) =>
    places.find(({ kind, name }) => kind === 'rule' && name === `${rule.ref.policy}/${rule.ref.rule}`);
  const found: Problem[] = [...checkNames(places)];
  const report = (rule: Rule, message: string, suggestion?: string) => {
    const problem = at(rule)?.report(message, suggestion);
    if (problem !== undefined) found.push(problem);
  };
  checkSameRules(rules, report);
  checkShadowed(rules, report);
  for (const rule of rules) {
    checkContradictions(rule, report);
    checkLabels(rule, set, report);
  }
  return found;
}

type Report = (rule: Rule, message: string, suggestion?: string) => void;

function checkNames(places: readonly NamedPlace[]): readonly Problem[] {
  const seen = new Set<string>();
  const found: Problem[] = [];
  for (const place of places) {
    const key = `${place.kind} ${place.name}`;
    if (seen.has(key)) found.push(place.report(`${place.kind} \`${place.name}\` is there twice`));
    seen.add(key);
  }
  return found;
}

/** What a rule asks for, as a text that is equal for equal conditions. */
function conditionKey(rule: Rule): string {
  return JSON.stringify([rule.match, rule.unless ?? null, rule.when?.source ?? null]);
}

function checkSameRules(rules: readonly Rule[], report: Report): void {
  const seen = new Map<string, Rule>();
  for (const rule of rules) {
    const body = [rule.effect, rule.mode, rule.mask ?? null, rule.limits ?? null, rule.durability ?? null];
    const key = JSON.stringify([conditionKey(rule), body]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, rule);
    else if (first.ref.rule !== rule.ref.rule || first.ref.policy !== rule.ref.policy) {
      report(
        rule,
        `rule \`${rule.ref.rule}\` says the same as \`${first.ref.policy}/${first.ref.rule}\``,
        'remove one of them',
      );
    }
  }
}

function checkShadowed(rules: readonly Rule[], report: Report): void {
  const denials = new Map<string, Rule>();
  for (const rule of rules)
    if (rule.effect === 'deny' && rule.mode === 'enforce') denials.set(conditionKey(rule), rule);
  const total = [...denials.values()].find(
    (rule) => rule.match.length === 0 && rule.unless === undefined && rule.when === undefined,
  );
  for (const rule of rules) {
    if (rule.effect === 'deny' || rule.effect === 'alert') continue;
    const denial = total ?? denials.get(conditionKey(rule));
    if (denial !== undefined) {
      report(
        rule,
        `rule \`${rule.ref.rule}\` can never have an effect: \`${denial.ref.policy}/${denial.ref.rule}\` denies the same`,
      );
    }
  }
}

function checkContradictions(rule: Rule, report: Report): void {
  const { unless } = rule;
  if (unless !== undefined && rule.match.some((match) => isImpliedBy(unless, match))) {
    report(
      rule,
      `rule \`${rule.ref.rule}\` can never have an effect: its \`unless\` holds whenever its \`match\` does`,
    );
  }
  const match = merge(rule.match);
  const fieldless = match.actions?.every((action) => FIELDLESS.has(action)) === true;
  if (fieldless && (match.columns !== undefined || match.uses !== undefined)) {
    report(rule, `rule \`${rule.ref.rule}\` can never have an effect: its actions touch no columns`);
  }
}

const FIELDLESS: ReadonlySet<string> = new Set([
  'connect',
  'configure',
  'transact',
  'cancel',
  'introspect',
  'grant',
]);

/** True when every key of `unless` stands with the same value in `match`. */
function isImpliedBy(unless: Match, match: Match): boolean {
  const wanted = Object.entries(unless);
  return wanted.every(([key, value]) => JSON.stringify(value) === JSON.stringify(match[key as keyof Match]));
}

function merge(parts: readonly Match[]): Match {
  return Object.assign({}, ...parts) as Match;
}

function checkLabels(rule: Rule, set: PolicySet, report: Report): void {
  const given = new Set(
    set.classifications.flatMap(({ entries }) => entries.flatMap(({ labels }) => labels)),
  );
  const used = [...rule.match, rule.unless ?? {}].flatMap((match) => match.columns?.labels ?? []);
  for (const label of [...used, ...(rule.mask?.labels ?? []).map((entry) => entry.label)]) {
    if (label.includes('*') || given.has(label)) continue;
    const near = suggest(label, given);
    if (near !== undefined && isSlip(label, near)) {
      report(rule, `label \`${label}\` is given by no classification`, `did you mean \`${near}\`?`);
    }
  }
}

/** Labels of one family differ a lot (`pii.email`, `pii.phone`); a slip has nearly the same letters. */
function isSlip(label: string, near: string): boolean {
  const letters = (text: string) => [...text].sort().join('');
  return letters(label) === letters(near) || Math.abs(label.length - near.length) === 1;
}
