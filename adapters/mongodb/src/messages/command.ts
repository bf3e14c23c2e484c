import { type BsonFields, type BsonValue, decodeFields, stringOf } from '../bson/value.ts';
import { assertWellFormed } from '../bson/walk.ts';
import { type DocumentSequence, FLAG, type OpMsg } from './op-msg.ts';

/**
 * A command as the server sees it: all sections of the message merged, its name the first key.
 *
 * Document sequences stand in `sequences` by their name and are decoded only when a classifier asks,
 * because they may be large; a name that is in the body too is a violation.
 */
export interface Command {
  readonly name: string;
  /** `$db`, the database that the command runs in. */
  readonly database: string;
  readonly fields: BsonFields;
  readonly sequences: ReadonlyMap<string, readonly Buffer[]>;
  /** No answer is expected at all. */
  readonly isFireAndForget: boolean;
}

export class CommandRefused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Merges a message. Throws WireError for malformed BSON and `CommandRefused` for what may not be guessed. */
export function readCommand(message: OpMsg): Command {
  const { body, sequences, flags } = message;
  assertWellFormed(body, 0, body.length);
  for (const { documents } of sequences)
    for (const document of documents) assertWellFormed(document, 0, document.length);
  const fields = decodeFields(body, 0, body.length);
  const name = fields.keys().next().value;
  const database = stringOf(fields.get('$db'));
  if (name === undefined || name.startsWith('$')) throw new CommandRefused('no-command');
  if (database === null || database === '' || /[\0.\ufffd]/.test(database))
    throw new CommandRefused('no-database');
  return {
    name,
    database,
    fields,
    sequences: mergeSequences(fields, sequences),
    isFireAndForget: (flags & FLAG.moreToCome) !== 0,
  };
}

function mergeSequences(
  fields: BsonFields,
  sequences: readonly DocumentSequence[],
): ReadonlyMap<string, readonly Buffer[]> {
  const merged = new Map<string, readonly Buffer[]>();
  for (const { identifier, documents } of sequences) {
    // SECURITY: which of the two the server would take is not for us to guess.
    if (fields.has(identifier)) throw new CommandRefused('sequence-and-field');
    merged.set(identifier, documents);
  }
  return merged;
}

/** The documents under a name, from a sequence or from an array in the body; null when they are missing or not documents. */
export function documentsOf(command: Command, name: string): readonly BsonFields[] | null {
  const sequence = command.sequences.get(name);
  if (sequence !== undefined) return sequence.map((bytes) => decodeFields(bytes, 0, bytes.length));
  const value: BsonValue | undefined = command.fields.get(name);
  if (value?.kind !== 'array') return null;
  const documents = value.items.map((item) => (item.kind === 'document' ? item.fields : null));
  return documents.every((document) => document !== null) ? documents : null;
}
