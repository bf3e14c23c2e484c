/**
 * What can be searched of an event, as short texts for one index: `who:ada`, `object:public.customers`,
 * `action:read`, and the words of its statement as `word:customers`.
 *
 * One index over all of them answers any mixture of filters, however rare or common each is. Words
 * are runs of letters and digits in lower case, so a part of a text is found from the beginning of a
 * word on: `emails` finds `customer_emails`, `mails` does not.
 */

import type { EventColumns } from './event-columns.ts';

/** Separates facts; no fact holds it. */
export const BETWEEN_FACTS = '\x1e';

/** Facts of an event whose outcome has them as well. */
type SharedFacts = Pick<
  EventColumns,
  'who' | 'database' | 'objects' | 'action' | 'effect' | 'rule' | 'verb' | 'purpose'
>;

const MAX_WORDS = 100;
/** An entry of the index has at most 2046 bytes; a character has at most three. */
const MAX_CHARACTERS = 500;

/** So many answers are remembered: sessions say the same again and again. */
const REMEMBERED = 4_000;

/** Gives a function that gives the facts of a row, separated by `BETWEEN_FACTS`. The words of a statement stay with its intent. */
export function createFactsOf(): (row: EventColumns) => string {
  const shared = remembering((row: EventColumns) => sharedFacts(row).join(BETWEEN_FACTS));
  const words = remembering((text: string) => wordFacts(text).join(BETWEEN_FACTS));
  return (row) => {
    const { node, kind, result, who, database, objects, action, effect, rule, verb, purpose, text } = row;
    let facts = `${fact('kind', kind)}${BETWEEN_FACTS}${fact('node', node)}`;
    if (result !== null) facts += `${BETWEEN_FACTS}${fact('result', result)}`;
    const key = [who, database, action, effect, rule, verb, purpose, ...objects].join('\0');
    for (const more of [shared(key, row), kind === 'intent' && text !== null ? words(text, text) : '']) {
      if (more !== '') facts += BETWEEN_FACTS + more;
    }
    return facts;
  };
}

function remembering<T>(make: (from: T) => string): (key: string, from: T) => string {
  const known = new Map<string, string>();
  return (key, from) => {
    let found = known.get(key);
    if (found !== undefined) return found;
    found = make(from);
    if (known.size >= REMEMBERED) known.clear();
    known.set(key, found);
    return found;
  };
}

/** Gives texts without doubles in no order. */
function sharedFacts(facts: SharedFacts): string[] {
  const { who, database, objects, action, effect, rule, verb, purpose } = facts;
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
  add('purpose', purpose);
  add('rule', rule);
  for (const part of rule?.split('/') ?? []) add('rule', part);
  for (const one of verb?.split(', ') ?? []) add('verb', one);
  return [...found];
}

/** Gives the words of a statement's text as facts. */
function wordFacts(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, MAX_WORDS).map((word) => fact('word', word));
}

/** Runs of letters and digits, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

export function fact(name: string, value: string): string {
  return `${name}:${value}`.slice(0, MAX_CHARACTERS);
}
