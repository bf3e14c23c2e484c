/**
 * JSON of what many events share: written once for as long as the objects live.
 *
 * Only frozen objects are kept; one that could still change is written anew each time. What always
 * stands together is kept as one text: joining many texts costs more than all else in an event's body.
 */

/** Gives the JSON text of an object. */
export type WriteShared = (value: object) => string;

/** Creates a cache, which holds nothing alive. */
export function createSharedJson(): WriteShared {
  const cache = new WeakMap<object, string>();
  return (value) => {
    const kept = cache.get(value);
    if (kept !== undefined) return kept;
    const text = JSON.stringify(value);
    if (Object.isFrozen(value)) cache.set(value, text);
    return text;
  };
}

/** Creates a cache of texts made of two objects' JSON, which holds nothing alive. */
export function createSharedPairs(
  write: WriteShared,
  join: (first: string, second: string) => readonly string[],
): (first: object, second: object) => string {
  const cache = new WeakMap<object, WeakMap<object, string>>();
  return (first, second) => {
    const kept = cache.get(first)?.get(second);
    if (kept !== undefined) return kept;
    // `join` of an array gives a text in one piece; `+` would give a tree that every event walks again.
    const text = join(write(first), write(second)).join('');
    if (!Object.isFrozen(first) || !Object.isFrozen(second)) return text;
    const ofFirst = cache.get(first) ?? new WeakMap<object, string>();
    cache.set(first, ofFirst.set(second, text));
    return text;
  };
}
