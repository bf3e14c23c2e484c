import { createHash } from 'node:crypto';
import {
  type Access,
  type Action,
  type FieldAccess,
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
import { pathsOf } from './field-path.ts';

/** A collection by its full path: database and name. */
export function collectionRef(database: string, name: string): ObjectRef {
  return { kind: 'relation', path: [database, name] };
}

export function objectRef(kind: ObjectKind, ...path: string[]): ObjectRef {
  return { kind, path };
}

/** An access without fields that matter. */
function access(
  action: Action,
  object: ObjectRef,
  fields: Known<readonly FieldAccess[]> = known([]),
): Access {
  return { action, object: known(object), fields };
}

/** Collects what one statement does while its command is read; `build` gives the immutable facts. */
export class FactsBuilder {
  readonly #accesses: Access[] = [];
  readonly #uses = new Map<
    string,
    {
      readonly object: ObjectRef;
      readonly action: Action;
      readonly fields: FieldUses;
      open: string | null;
    }
  >();
  readonly #functions = new Set<string>();
  #unknown: string | null = null;
  bounded: Known<boolean> = known(true);
  limit: Known<number | null> = known(null);
  output: Known<readonly OutputColumn[]> = known([]);
  irreversible = false;

  /** Something of the statement was not understood: its accesses as a whole are unknown. */
  notUnderstood(reason: string): void {
    this.#unknown ??= reason;
  }

  add(action: Action, object: ObjectRef): void {
    this.#accesses.push(access(action, object));
  }

  /** Notes that a field of an object is used; the object is accessed even when no field ever is. */
  use(action: Action, object: ObjectRef, field?: string, use?: FieldUse, equality?: true): void {
    const key = `${action} ${object.path.length} ${object.path.join('\0')}`;
    let entry = this.#uses.get(key);
    if (entry === undefined) {
      entry = { object, action, fields: new Map(), open: null };
      this.#uses.set(key, entry);
    }
    if (field === undefined || use === undefined) return;
    for (const path of pathsOf(field))
      recordUse(entry.fields, equality === undefined ? { field: path, use } : { field: path, use, equality });
  }

  /** Any field may be used in any way. */
  useUnknown(action: Action, object: ObjectRef, reason: string): void {
    this.use(action, object);
    this.#uses.get(`${action} ${object.path.length} ${object.path.join('\0')}`)!.open = reason;
  }

  call(name: string): void {
    this.#functions.add(name.toLowerCase());
    this.#accesses.push(access('call', objectRef('routine', 'javascript', name)));
  }

  build(verb: string, shape: string): Statement {
    const used = [...this.#uses.values()].map(({ action, object, fields, open }) =>
      access(action, object, open === null ? known([...fields.values()]) : unknown(open)),
    );
    return {
      verb,
      accesses: this.#unknown === null ? known([...this.#accesses, ...used]) : unknown(this.#unknown),
      bounded: this.bounded,
      limit: this.limit,
      functions: this.#unknown === null ? known([...this.#functions]) : unknown(this.#unknown),
      output: this.#unknown === null ? this.output : unknown(this.#unknown),
      irreversible: this.irreversible,
      fingerprint: createHash('sha256').update(shape).digest('hex').slice(0, 16),
    };
  }
}

/** A statement of which nothing is known but its name. */
export function unknownStatement(verb: string, reason: string): Statement {
  const builder = new FactsBuilder();
  builder.notUnderstood(reason);
  builder.bounded = unknown(reason);
  return builder.build(verb, `unknown ${verb}`);
}
