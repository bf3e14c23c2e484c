/**
 * Reads the principals' YAML file, checked as a whole: one mistake and nothing of it is used.
 *
 * ```yaml
 * principals:
 *   - name: ana
 *     kind: human                  # human | service | agent
 *     groups: [analysts]
 *     claims: { email: ana@example.com }
 *   - { name: helper, kind: agent, actingFor: ana, disabled: false }
 * ```
 *
 * An agent must name the person it works for, nobody else may. Anchors, aliases and tags are refused:
 * a list of who may enter is read by people, and means what it shows. No I/O.
 */
import type { JsonObject, Principal, PrincipalKind } from '@gatehouse/model';
import { LineCounter, type Node, parseDocument, visit } from 'yaml';
import {
  createPrincipalDirectory,
  type DirectoryEntry,
  isPrincipalName,
  type PrincipalDirectory,
} from './principal-directory.ts';
import { createYamlReader, type Problem, type YamlMap, type YamlReader } from './yaml-reader.ts';

export type LoadedPrincipals =
  | { readonly ok: true; readonly principals: PrincipalDirectory }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Longest principals file, in UTF-16 units. */
const MAX_PRINCIPAL_FILE = 8 * 1024 * 1024;

const MAX_PROBLEMS = 50;
const KINDS: readonly PrincipalKind[] = ['human', 'service', 'agent'];
const KEYS = ['name', 'kind', 'groups', 'claims', 'actingFor', 'disabled'];

/** One entry before `actingFor` is resolved. */
interface Draft {
  readonly principal: Principal;
  readonly disabled: boolean;
  readonly actingFor: string | undefined;
  readonly node: Node;
  readonly actingForNode: Node | undefined;
}

/** Parses and checks. `file` is only for the problems' places. At most 50 problems are given. */
export function loadPrincipals(text: string, file: string): LoadedPrincipals {
  const whole = (message: string): LoadedPrincipals => failed([{ file, line: 1, column: 1, message }]);
  if (text.length > MAX_PRINCIPAL_FILE) return whole('the file is too long');
  try {
    return readPrincipals(text, file);
  } catch (error) {
    if (error instanceof RangeError) return whole('the file is nested too deeply');
    throw error;
  }
}

function readPrincipals(text: string, file: string): LoadedPrincipals {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false });
  const reader = createYamlReader(file, lines);
  for (const error of [...document.errors, ...document.warnings])
    reader.report(error.pos[0], firstSentence(error.message));
  if (reader.problems.length === 0) refuseReferences(document.contents, reader);
  if (reader.problems.length > 0) return failed(reader.problems);
  const entries = resolve(readDrafts(document.contents, reader), reader);
  return reader.problems.length > 0
    ? failed(reader.problems)
    : { ok: true, principals: createPrincipalDirectory(entries) };
}

/** The library's message without the place and the excerpt that follow it. */
function firstSentence(message: string): string {
  return message
    .split('\n')[0]!
    .replace(/ at line .*/, '')
    .toLowerCase();
}

function failed(problems: readonly Problem[]): LoadedPrincipals {
  return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
}

function refuseReferences(contents: Node | null, reader: YamlReader): void {
  if (contents === null) return;
  visit(contents, {
    Alias: (_key, node) => reader.report(node, 'aliases are not allowed here'),
    Node: (_key, node) => {
      if ('anchor' in node && node.anchor !== undefined) reader.report(node, 'anchors are not allowed here');
      if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
        reader.report(node, 'tags are not allowed here');
    },
  });
}

function readDrafts(contents: Node | null, reader: YamlReader): readonly Draft[] {
  const root = reader.map(contents, ['principals'], 'a mapping with `principals`');
  if (root === null) return [];
  const list = reader.list(root, 'principals');
  if (list === undefined) {
    if (!root.has('principals')) reader.report(contents, 'expected `principals`, a list');
    return [];
  }
  return list.flatMap((node) => readDraft(node, reader) ?? []);
}

function readDraft(node: Node, reader: YamlReader): Draft | null {
  const before = reader.problems.length;
  const map = reader.map(node, KEYS, 'a mapping with `name` and `kind`');
  if (map === null) return null;
  const name = readName(map, node, reader);
  const kind = readKind(map, node, reader);
  const groups = reader.strings(map, 'groups') ?? [];
  const claims = readClaims(map, reader);
  const disabled = reader.boolean(map, 'disabled') ?? false;
  const actingFor = reader.string(map, 'actingFor');
  if (reader.problems.length > before || name === undefined || kind === undefined) return null;
  checkActingFor(name, kind, actingFor, map, node, reader);
  const principal = { kind, name, groups, claims };
  return { principal, disabled, actingFor, node, actingForNode: map.get('actingFor') };
}

function readName(map: YamlMap, node: Node, reader: YamlReader): string | undefined {
  const name = reader.string(map, 'name');
  if (!map.has('name')) reader.report(node, 'expected `name`');
  if (name !== undefined && !isPrincipalName(name))
    reader.report(map.get('name') ?? node, 'expected a name of letters, digits and `. _ @ + -`, at most 128');
  return name;
}

function readKind(map: YamlMap, node: Node, reader: YamlReader): PrincipalKind | undefined {
  const text = reader.string(map, 'kind');
  if (!map.has('kind')) reader.report(node, 'expected `kind`: human, service or agent');
  const kind = KINDS.find((each) => each === text);
  if (text !== undefined && kind === undefined)
    reader.report(map.get('kind') ?? node, `expected human, service or agent, got \`${text}\``);
  return kind;
}

function readClaims(map: YamlMap, reader: YamlReader): JsonObject {
  const value = reader.json(map, 'claims');
  if (value === undefined) return {};
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  reader.report(map.get('claims')!, 'expected `claims` to be a mapping');
  return {};
}

function checkActingFor(
  name: string,
  kind: PrincipalKind,
  actingFor: string | undefined,
  map: YamlMap,
  node: Node,
  reader: YamlReader,
): void {
  if (kind === 'agent' && actingFor === undefined)
    reader.report(node, `agent \`${name}\` needs \`actingFor\`, the name of a human`);
  if (kind !== 'agent' && actingFor !== undefined)
    reader.report(map.get('actingFor') ?? node, `only an agent has \`actingFor\`, \`${name}\` is a ${kind}`);
}

function resolve(drafts: readonly Draft[], reader: YamlReader): readonly DirectoryEntry[] {
  const byName = new Map<string, Draft>();
  for (const draft of drafts) {
    const { name } = draft.principal;
    if (byName.has(name)) reader.report(draft.node, `\`${name}\` stands here twice`);
    byName.set(name, draft);
  }
  return drafts.map((draft) => resolveOne(draft, byName, reader));
}

function resolveOne(draft: Draft, byName: ReadonlyMap<string, Draft>, reader: YamlReader): DirectoryEntry {
  const { principal, disabled, actingFor } = draft;
  if (actingFor === undefined) return { principal, disabled };
  const person = byName.get(actingFor);
  if (person?.principal.kind !== 'human')
    reader.report(
      draft.actingForNode ?? draft.node,
      person === undefined
        ? `expected \`actingFor\` to name a principal of this file, got \`${actingFor}\``
        : `expected \`actingFor\` to name a human, \`${actingFor}\` is a ${person.principal.kind}`,
    );
  return person === undefined
    ? { principal, disabled }
    : { principal: { ...principal, actingFor: person.principal }, disabled: disabled || person.disabled };
}
