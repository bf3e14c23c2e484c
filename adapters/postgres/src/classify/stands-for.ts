import type { AnalyzedStatement, SessionEffect } from '@gatehouse/sql';
import { textBytes, unknownFacts } from './pending-message.ts';
import { type Portal, plainRun, type RunStatement } from './prepared.ts';

/** What the names of a text mean to its EXECUTE and FETCH. `undefined`: there is no such name. */
export interface NameLookup {
  prepared(name: string): readonly AnalyzedStatement[] | undefined;
  portal(name: string): Portal | undefined;
}

/**
 * The statements of a text as they run: SQL's EXECUTE, FETCH and MOVE are what they stand for.
 *
 * Names that the text itself makes or removes are followed statement by statement. What cannot be told is unknown:
 * a name that is not there, an EXECUTE whose parameters call something, an EXECUTE inside another statement or
 * behind one that changes what names mean.
 */
export function resolveStatements(
  text: string,
  statements: readonly AnalyzedStatement[],
  names: NameLookup,
): readonly RunStatement[] {
  if (statements.every(({ effects }) => effects.length === 0)) return statements.map(plainRun);
  const inText = new TextNames(names);
  return statements.map((statement) => {
    const run = resolve(text, statement, inText);
    inText.follow(run);
    return run;
  });
}

function resolve(text: string, statement: AnalyzedStatement, names: TextNames): RunStatement {
  const { facts, effects } = statement;
  for (const effect of effects) {
    switch (effect.kind) {
      case 'execute': {
        const isPlain =
          facts.verb === 'execute' && facts.functions.known && facts.functions.value.length === 0;
        return isPlain ? standFor(statement, names.prepared(effect.name), null) : opaque(statement);
      }
      case 'fetch': {
        const isPlain = facts.verb === 'fetch' || facts.verb === 'move';
        const portal = names.portal(effect.name);
        return isPlain ? standFor(statement, portal?.statements, portal ?? null) : opaque(statement);
      }
      case 'prepare': {
        const own = text.slice(statement.start, statement.end);
        return {
          ...plainRun(statement),
          prepares: { text: own, inside: true, known: null, bytes: textBytes(own) },
        };
      }
      case 'declare-cursor':
        return { ...plainRun(statement), declares: cursorOf(effect) };
      default:
    }
  }
  return plainRun(statement);
}

function cursorOf({ hold, statement }: Extract<SessionEffect, { kind: 'declare-cursor' }>): Portal {
  return {
    text: '',
    statements: [statement],
    bind: null,
    hold,
    columns: null,
    rows: 0,
    bytes: textBytes(''),
  };
}

function standFor(
  statement: AnalyzedStatement,
  meant: readonly AnalyzedStatement[] | undefined,
  portal: Portal | null,
): RunStatement {
  const inner = meant?.length === 1 ? innerOf(meant[0]!) : null;
  if (inner === null) return opaque(statement);
  const returns = statement.returns === 'unknown' ? inner.returns : statement.returns;
  return {
    analyzed: {
      ...statement,
      facts: inner.facts,
      returns,
      // SECURITY: write-guard.test.ts; what is not counted in it is not counted when it stands for another.
      ...(inner.writesInside === true ? { writesInside: true } : {}),
    },
    effects: [...statement.effects, ...inner.effects],
    portal,
    prepares: null,
    declares: null,
  };
}

function opaque(statement: AnalyzedStatement): RunStatement {
  const facts = unknownFacts(statement.facts.verb, 'it stands for a statement that cannot be told here');
  return plainRun({ ...statement, facts, returns: 'unknown' });
}

/** Inside PREPARE and DECLARE stands the statement that runs. */
export function innerOf(statement: AnalyzedStatement): AnalyzedStatement {
  for (const effect of statement.effects) {
    if (effect.kind === 'prepare' || effect.kind === 'declare-cursor') return effect.statement;
  }
  return statement;
}

/**
 * Names as the statements so far in the text leave them.
 *
 * INVARIANT: when one of them fails, the ones behind it do not run, so their success may be assumed.
 */
class TextNames implements NameLookup {
  readonly #outside: NameLookup;
  readonly #prepared = new Map<string, AnalyzedStatement | null>();
  readonly #portals = new Map<string, Portal | null>();
  #preparedGone = false;
  #portalsGone = false;
  /** The server looks names in a prepared statement up again when it runs; here that is not known any more. */
  #contextChanged = false;

  constructor(outside: NameLookup) {
    this.#outside = outside;
  }

  prepared(name: string): readonly AnalyzedStatement[] | undefined {
    if (this.#contextChanged) return undefined;
    const own = this.#prepared.get(name);
    if (own !== undefined) return own === null ? undefined : [own];
    return this.#preparedGone ? undefined : this.#outside.prepared(name);
  }

  portal(name: string): Portal | undefined {
    const own = this.#portals.get(name);
    if (own !== undefined) return own ?? undefined;
    return this.#portalsGone ? undefined : this.#outside.portal(name);
  }

  follow({ effects, declares, analyzed }: RunStatement): void {
    if (!analyzed.facts.accesses.known) this.#contextChanged = true;
    for (const effect of effects) {
      if (changesNames(effect)) this.#contextChanged = true;
      if (effect.kind === 'prepare') this.#prepared.set(effect.name, effect.statement);
      if (effect.kind === 'prepare-opaque') this.#prepared.set(effect.name, null);
      if (effect.kind === 'deallocate') this.#removePrepared(effect.name);
      if (effect.kind === 'declare-cursor') this.#portals.set(effect.name, declares);
      if (effect.kind === 'close-cursor') this.#removePortal(effect.name);
      if (effect.kind === 'transaction' && ENDS.has(effect.operation)) this.#removePortal(null);
      if (effect.kind === 'discard-all') {
        this.#removePrepared(null);
        this.#removePortal(null);
      }
    }
  }

  #removePrepared(name: string | null): void {
    if (name !== null) {
      this.#prepared.set(name, null);
      return;
    }
    this.#preparedGone = true;
    this.#prepared.clear();
  }

  #removePortal(name: string | null): void {
    if (name !== null) {
      this.#portals.set(name, null);
      return;
    }
    this.#portalsGone = true;
    this.#portals.clear();
  }
}

/** Also ends of transactions: a setting may end with them. */
function changesNames(effect: SessionEffect): boolean {
  return (
    CONTEXT_EFFECTS.has(effect.kind) && !(effect.kind === 'transaction' && HARMLESS.has(effect.operation))
  );
}

const CONTEXT_EFFECTS: ReadonlySet<string> = new Set([
  'set',
  'reset',
  'discard-all',
  'schema-change',
  'transaction',
]);
const HARMLESS: ReadonlySet<string> = new Set(['begin', 'savepoint', 'release']);
const ENDS: ReadonlySet<string> = new Set(['commit', 'rollback', 'rollback-to', 'prepare', 'other']);
