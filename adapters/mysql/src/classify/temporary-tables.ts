/**
 * Names of the temporary tables that a session has made, so that statements over them do not make the
 * catalog look for them anew each time.
 *
 * They change nothing of what a statement is taken for. A name is forgotten as soon as it may mean something
 * else: when it is defined again in any other way, and all of them when something ran that was not seen.
 */
import type { AnalyzedStatement } from '@gatehouse/sql';

export class TemporaryTables {
  readonly #names = new Set<string>();

  /** Whether the name, `database.table`, is a temporary table of this session. */
  has(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }

  /** Carries out what a finished statement has done; `succeeded` says so of the whole text. */
  note({ facts, effects }: AnalyzedStatement, succeeded: boolean): void {
    const change = effects.find((effect) => effect.kind === 'schema-change');
    if (change === undefined) return;
    if (!facts.accesses.known) {
      this.clear();
      return;
    }
    for (const { action, object } of facts.accesses.value) {
      if (action !== 'define' || !object.known) continue;
      if (object.value.kind !== 'relation') this.clear();
      else
        this.#define(
          object.value.path.join('.'),
          change.temporary && facts.verb.startsWith('create') && succeeded,
        );
    }
  }

  clear(): void {
    this.#names.clear();
  }

  #define(path: string, isTemporary: boolean): void {
    const name = path.toLowerCase();
    if (isTemporary && this.#names.size < MAX_NAMES) this.#names.add(name);
    else this.#names.delete(name);
  }
}

const MAX_NAMES = 1000;
