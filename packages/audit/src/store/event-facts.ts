/**
 * What can be searched of an event, as short texts for one index: `who:ada`, `object:public.customers`,
 * `action:read`, and the words of its statement as `word:customers`.
 *
 * One index over all of them answers any mixture of filters, however rare or common each is. Words
 * are runs of letters and digits in lower case, so a part of a text is found from the beginning of a
 * word on: `emails` finds `customer_emails`, `mails` does not.
 */

/** Facts of an event whose outcome has them as well. */
export interface SharedFacts {
  readonly who: string | null;
  readonly database: string | null;
  readonly objects: readonly string[];
  readonly action: string | null;
  readonly effect: string | null;
  readonly rule: string | null;
  readonly verb: string | null;
}

const MAX_WORDS = 100;
/** An entry of the index has at most 2046 bytes; a character has at most three. */
const MAX_CHARACTERS = 500;

/** Gives texts without doubles in no order. */
export function sharedFacts(facts: SharedFacts): string[] {
  const { who, database, objects, action, effect, rule, verb } = facts;
  const found = new Set<string>();
  const add = (name: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && value !== '') found.add(fact(name, value));
  };
  add('who', who);
  for (const name of who?.split(' for ') ?? []) add('who', name);
  add('database', database);
  for (const object of objects) {
    add('object', object);
    for (let dot = object.lastIndexOf('.'); dot > 0; dot = object.lastIndexOf('.', dot - 1)) {
      add('object', `${object.slice(0, dot)}.*`);
    }
  }
  for (const one of action?.split(',') ?? []) add('action', one);
  add('effect', effect);
  add('rule', rule);
  for (const part of rule?.split('/') ?? []) add('rule', part);
  for (const one of verb?.split(', ') ?? []) add('verb', one);
  return [...found];
}

/** Gives the words of a statement's text as facts. */
export function wordFacts(text: string | null): string[] {
  if (text === null) return [];
  return [...new Set(wordsOf(text))].slice(0, MAX_WORDS).map((word) => fact('word', word));
}

/** Runs of letters and digits, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

export function fact(name: string, value: string): string {
  return `${name}:${value}`.slice(0, MAX_CHARACTERS);
}
