/**
 * Reads policy documents and checks them as a set.
 *
 * One mistake anywhere refuses the whole set: half a policy is not a policy. All mistakes of all
 * files are reported in one go.
 */
import type { Node } from 'yaml';
import { type CelCompiler, createCelCompiler } from './cel-expression.ts';
import { checkSet } from './check-set.ts';
import { fieldPatternFault } from './field-path.ts';
import type { Classification, ClassificationEntry, Policy, PolicySet, Rule } from './policy-set.ts';
import type { Problem } from './problem.ts';
import { checkObjectPattern, readDatabases, readLabels, readMatch } from './read-match.ts';
import { readName, readRule } from './read-rule.ts';
import { YamlReader } from './yaml-reader.ts';

export interface PolicySource {
  /** Name for messages and rule references, relative to the policy folder. */
  readonly file: string;
  readonly text: string;
}

export type LoadResult =
  | { readonly ok: true; readonly set: PolicySet }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads every document of every file. Never throws for anything that a file can hold. */
export function loadPolicies(sources: readonly PolicySource[]): LoadResult {
  const problems: Problem[] = [];
  const found: Found = { policies: [], classifications: [], places: [] };
  const compileCel = createCelCompiler();
  for (const source of sources) {
    const reader = new YamlReader(source.file, source.text, problems);
    for (const root of reader.documents()) readDocument(reader, root, compileCel, found);
  }
  const set: PolicySet = { policies: found.policies, classifications: found.classifications };
  problems.push(...checkSet(set, found.places));
  return problems.length === 0 ? { ok: true, set } : { ok: false, problems: sortByPlace(problems) };
}

/** Where a named thing stands, for checks that look at the whole set. */
export interface NamedPlace {
  readonly kind: 'policy' | 'classification' | 'rule';
  /** `policy/rule` for rules. */
  readonly name: string;
  report(message: string, suggestion?: string): Problem;
}

interface Found {
  readonly policies: Policy[];
  readonly classifications: Classification[];
  readonly places: NamedPlace[];
}

function readDocument(reader: YamlReader, root: Node, compileCel: CelCompiler, found: Found): void {
  const kindNode = (reader.entries(root, 'document') ?? []).find(({ key }) => key === 'kind');
  if (kindNode === undefined) {
    reader.problem(root, 'document has no `kind`', 'one of: policy, classification');
    return;
  }
  const kind = reader.word(kindNode.value, 'kind', ['policy', 'classification']);
  if (kind === 'policy') readPolicy(reader, root, compileCel, found);
  if (kind === 'classification') readClassification(reader, root, found);
}

function readPolicy(reader: YamlReader, root: Node, compileCel: CelCompiler, found: Found): void {
  const fields = reader.fields(root, 'policy', ['kind', 'name', 'description', 'match', 'rules']);
  const name = fields && readName(reader, fields.get('name') ?? null, 'policy name', root);
  if (fields === undefined || name === undefined) return;
  found.places.push(placeOf(reader, root, 'policy', name));
  const outer = fields.has('match')
    ? readMatch(reader, fields.get('match') ?? null, 'match', 'session')
    : undefined;
  const description = fields.has('description')
    ? reader.string(fields.get('description') ?? null, 'description')
    : undefined;
  const rules: Rule[] = [];
  for (const node of reader.items(fields.get('rules') ?? null, 'rules') ?? []) {
    const rule = readRule({ reader, compileCel, policy: name, outer }, node);
    if (rule === undefined) continue;
    rules.push(rule);
    found.places.push(placeOf(reader, node, 'rule', `${name}/${rule.ref.rule}`));
  }
  found.policies.push({ name, ...(description === undefined ? {} : { description }), rules });
}

function readClassification(reader: YamlReader, root: Node, found: Found): void {
  const fields = reader.fields(root, 'classification', [
    'kind',
    'name',
    'description',
    'databases',
    'objects',
  ]);
  const name = fields && readName(reader, fields.get('name') ?? null, 'classification name', root);
  if (fields === undefined || name === undefined) return;
  found.places.push(placeOf(reader, root, 'classification', name));
  const databases = fields.has('databases')
    ? readDatabases(reader, fields.get('databases') ?? null, 'databases')
    : undefined;
  if (fields.has('description')) reader.string(fields.get('description') ?? null, 'description');
  const entries: ClassificationEntry[] = [];
  for (const { key, keyNode, value } of reader.entries(fields.get('objects') ?? null, 'objects') ?? []) {
    checkObjectPattern(reader, keyNode, key);
    entries.push(...readColumnsOf(reader, key, value));
  }
  found.classifications.push({ name, ...(databases === undefined ? {} : { databases }), entries });
}

function readColumnsOf(
  reader: YamlReader,
  object: string,
  node: Node | null,
): readonly ClassificationEntry[] {
  const entries: ClassificationEntry[] = [];
  for (const { key: field, keyNode, value } of reader.entries(node, `columns of \`${object}\``) ?? []) {
    const fault = fieldPatternFault(field);
    if (fault !== undefined) reader.problem(keyNode, fault);
    const labels = readLabels(reader, value, `labels of \`${object}\` \`${field}\``);
    if (labels !== undefined && fault === undefined) entries.push({ object, field, labels });
  }
  return entries;
}

function placeOf(reader: YamlReader, node: Node, kind: NamedPlace['kind'], name: string): NamedPlace {
  return { kind, name, report: (message, suggestion) => reader.place(node, message, suggestion) };
}

function sortByPlace(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
