import { createHash } from 'node:crypto';
import {
  type Access,
  type Action,
  type FieldUse,
  type FieldUses,
  type Known,
  known,
  type ObjectKind,
  type ObjectRef,
  type OutputColumn,
  recordUse,
  type Statement,
  unknown,
} from '@gatehouse/model';
import type { SessionEffect } from '../analysis.ts';

/** Collects what one statement does; `build` gives the immutable facts. */
export class FactBuilder {
  readonly effects: SessionEffect[] = [];
  readonly #plain: Access[] = [];
  readonly #used = new Map<
    string,
    {
      readonly action: Action;
      readonly object: ObjectRef;
      readonly fields: FieldUses;
      open: string | null;
    }
  >();
  readonly #functions = new Set<string>();
  #unknown: string | null = null;
  bounded: Known<boolean> = known(true);
  limit: Known<number | null> = known(null);
  output: Known<readonly OutputColumn[]> = known([]);
  returns: 'rows' | 'none' | 'unknown' = 'none';
  irreversible = false;
  /** See `AnalyzedStatement`. */
  comparesParameters = false;

  /** Something opaque is called: a routine that is not built in, or a file of the server. */
  get callsCode(): boolean {
    return this.#plain.some(
      ({ action, object }) => action === 'call' || (object.known && object.value.kind === 'file'),
    );
  }

  notUnderstood(reason: string): void {
    this.#unknown ??= reason;
  }

  add(action: Action, kind: ObjectKind, ...path: string[]): void {
    this.#plain.push({ action, object: known({ kind, path }), fields: known([]) });
  }

  use(action: Action, object: ObjectRef, field?: string, use?: FieldUse, equality?: true): void {
    const entry = this.#entry(action, object);
    if (field === undefined || use === undefined) return;
    recordUse(entry.fields, equality === undefined ? { field, use } : { field, use, equality });
  }

  useUnknown(action: Action, object: ObjectRef, reason: string): void {
    this.#entry(action, object).open ??= reason;
  }

  call(name: string): void {
    this.#functions.add(name);
  }

  build(verb: string, shape: string): Statement {
    const reason = this.#unknown;
    const used = [...this.#used.values()].map(
      ({ action, object, fields, open }): Access => ({
        action,
        object: known(object),
        fields: open === null ? known([...fields.values()]) : unknown(open),
      }),
    );
    return {
      verb,
      accesses: reason === null ? known([...this.#plain, ...used]) : unknown(reason),
      bounded: this.bounded,
      limit: this.limit,
      functions: reason === null ? known([...this.#functions]) : unknown(reason),
      output: reason === null ? this.output : unknown(reason),
      irreversible: this.irreversible,
      fingerprint: createHash('sha256').update(shape).digest('hex').slice(0, 16),
    };
  }

  #entry(action: Action, object: ObjectRef) {
    const key = `${action} ${object.kind} ${object.path.join('\0')}`;
    let entry = this.#used.get(key);
    if (entry === undefined) {
      entry = { action, object, fields: new Map(), open: null };
      this.#used.set(key, entry);
    }
    return entry;
  }
}
