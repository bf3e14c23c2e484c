import type { Document } from 'bson';
import { type BsonFields, itemsOf, numberOf, stringOf } from '../bson/value.ts';

/**
 * An error of the server without texts that may hold values: number, name and labels stay, and so
 * does how many documents a write touched. `E11000 … dup key: { email: "…" }` becomes a fixed sentence.
 */
export function redactedError(reply: BsonFields): Document {
  const codeName = stringOf(reply.get('codeName'));
  const labels = itemsOf(reply.get('errorLabels'))
    ?.map(stringOf)
    .filter((label) => label !== null);
  return {
    ok: 0,
    errmsg: REDACTED,
    code: numberOf(reply.get('code')) ?? 8,
    ...(codeName === null ? {} : { codeName }),
    ...(labels === undefined ? {} : { errorLabels: labels }),
  };
}

/** `writeErrors` of a write that is otherwise ok, each without its text and key. */
export function redactedWriteErrors(errors: readonly (BsonFields | null)[]): Document[] {
  return errors.map((error) => ({
    index: numberOf(error?.get('index')) ?? 0,
    code: numberOf(error?.get('code')) ?? 8,
    errmsg: REDACTED,
  }));
}

const REDACTED =
  'the database refused the statement; its message is withheld because it may hold protected values';
