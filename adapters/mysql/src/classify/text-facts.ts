/**
 * From an SQL text to the facts that are decided on: the analyzer's answer, made safe for this session.
 *
 * Settings that would make the server read statements differently, EXECUTE of something that is not
 * known here, and names that a USE in the same text moves, become unknown. Never throws for a text.
 */
import type { Statement } from '@gatehouse/model';
import type { AnalyzedStatement, AnalyzedText, SessionEffect } from '@gatehouse/sql';
import type { SqlAnalyzer } from './analyzer.ts';
import { unknownStatement, withUnknownAccesses } from './own-facts.ts';
import type { NamedStatement } from './statement-table.ts';

export interface TextFacts {
  /** For the decision, in the order of the text; one unknown statement for a text that was refused. */
  readonly statements: readonly Statement[];
  readonly analyzed: readonly AnalyzedStatement[];
  readonly effects: readonly SessionEffect[];
  /** A text without a statement: the server answers 1065. */
  readonly empty: boolean;
  /** A warning's text may come back. */
  readonly mentionsDiagnostics: boolean;
  /** One SELECT and nothing that gives a derived table a name (see respond/mask-plan.ts). */
  readonly plain: boolean;
  /** Never to be sent, whatever policy says; why. */
  readonly forbidden: string | null;
}

export interface FactsContext<Catalog> {
  readonly analyzer: SqlAnalyzer<Catalog>;
  readonly catalogRevision: number;
  named(name: string): NamedStatement | null;
}

export function refusedFacts(code: string, message: string): TextFacts {
  return {
    statements: [unknownStatement('unknown', `${code}: ${message}`)],
    analyzed: [],
    effects: [],
    empty: false,
    mentionsDiagnostics: false,
    plain: false,
    forbidden: message,
  };
}

export function textFacts<Catalog>(
  text: string,
  analysis: AnalyzedText,
  context: FactsContext<Catalog>,
): TextFacts {
  const statements: Statement[] = [];
  const local = new Map<string, AnalyzedStatement | null>();
  let forbidden: string | null = null;
  let diagnostics = mentionsDiagnostics(text, analysis.statements);
  let moved: string | null = null;
  for (const analyzed of analysis.statements) {
    let facts = analyzed.facts;
    if (moved !== null) facts = withUnknownAccesses(facts, moved);
    for (const effect of analyzed.effects) {
      const unsafe = unsafeEffect(effect, context.analyzer);
      if (unsafe !== null && !isLookedAtBehind(effect, analysis)) {
        forbidden ??= unsafe;
        facts = withUnknownAccesses(facts, unsafe);
      }
      if (effect.kind === 'prepare') local.set(effect.name.toLowerCase(), effect.statement);
      if (effect.kind === 'prepare-opaque') local.set(effect.name.toLowerCase(), null);
      if (effect.kind === 'execute') {
        const executed = executedStatement(effect.name, local, context);
        diagnostics ||= executed.mentionsDiagnostics;
        facts = executed.facts;
      }
      if (effect.kind === 'use') moved = 'the default database changes in the same text';
      // What the server's own default is, is looked at only when this text has ended.
      if (isDefaultMode(effect)) moved ??= 'the SQL mode changes in the same text';
    }
    statements.push(facts);
  }
  return {
    statements,
    analyzed: analysis.statements,
    effects: analysis.statements.flatMap((statement) => statement.effects),
    empty: statements.length === 0,
    mentionsDiagnostics: diagnostics,
    plain: isPlain(text, statements),
    forbidden,
  };
}

/**
 * SECURITY: a value that is not seen here, as dumps give back what they kept in a variable, may be set where nothing
 * else is in the text: what it was is asked of the server before anything behind it is read (`lets a kept setting
 * come back, and asks what it was before it reads on`).
 */
function isLookedAtBehind(effect: SessionEffect, { statements }: AnalyzedText): boolean {
  return effect.kind === 'set' && !effect.value.known && statements.length === 1;
}

function isDefaultMode(effect: SessionEffect): boolean {
  return (
    effect.kind === 'set' &&
    effect.name.toLowerCase() === 'sql_mode' &&
    effect.value.known &&
    effect.value.value.toLowerCase() === 'default'
  );
}

function unsafeEffect<Catalog>(effect: SessionEffect, analyzer: SqlAnalyzer<Catalog>): string | null {
  if (effect.kind === 'set' && !analyzer.isSafeSetting(effect.name, effect.value))
    return `setting \`${effect.name.slice(0, 64)}\` would change how statements are read`;
  return null;
}

function executedStatement<Catalog>(
  name: string,
  local: ReadonlyMap<string, AnalyzedStatement | null>,
  context: FactsContext<Catalog>,
): { readonly facts: Statement; readonly mentionsDiagnostics: boolean } {
  const inText = local.get(name.toLowerCase());
  if (inText != null) return { facts: inText.facts, mentionsDiagnostics: false };
  const named = inText === null ? null : context.named(name);
  if (named === null || named.statement === null)
    return {
      facts: unknownStatement('execute', 'the prepared statement is not known here'),
      mentionsDiagnostics: false,
    };
  if (named.catalogRevision !== context.catalogRevision)
    return {
      facts: unknownStatement('execute', 'the catalog has changed since it was prepared; prepare it again'),
      mentionsDiagnostics: false,
    };
  return { facts: named.statement.facts, mentionsDiagnostics: named.mentionsDiagnostics };
}

/** Words that every statement must contain which reads the diagnostics area; statements over tables may contain them too. */
function mentionsDiagnostics(text: string, statements: readonly AnalyzedStatement[]): boolean {
  return (
    /\b(?:warnings|errors|diagnostics)\b/i.test(text) &&
    statements.some((statement) => !TABLE_VERBS.includes(statement.facts.verb))
  );
}

const TABLE_VERBS: readonly string[] = ['select', 'insert', 'update', 'delete', 'replace', 'with'];

/**
 * SECURITY: every way to give a derived table a name needs a second SELECT, or one of these words
 * (`withholds a column that only looks like an innocent table`).
 */
function isPlain(text: string, statements: readonly Statement[]): boolean {
  if (statements.length !== 1 || statements[0]!.verb !== 'select' || !statements[0]!.accesses.known)
    return false;
  const selects = text.match(/\bselect\b/gi)?.length ?? 0;
  return (
    selects === 1 &&
    !/\b(?:with|union|intersect|except|table|values|json_table|xmltable|returning)\b/i.test(text)
  );
}
