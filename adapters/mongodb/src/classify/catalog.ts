import { type BsonFields, type BsonValue, decodeFields, fieldsOf, itemsOf, stringOf } from '../bson/value.ts';

/** A view of the server: its source and the pipeline over it. */
export interface View {
  readonly source: string;
  readonly pipeline: readonly BsonValue[];
}

/** What is known of the server's objects. */
export interface MongodbCatalog {
  /** By `database.name`. */
  readonly views: ReadonlyMap<string, View>;
  /** Every collection and view, as `database.name`; a name that is not here may have come since. */
  readonly collections: ReadonlySet<string>;
  /** Databases that exist and could not be read completely: a name in them may be anything. */
  readonly unread: ReadonlySet<string>;
}

/** One `listCollections` reply, as raw BSON; null when it is not the whole list. */
export function readCollections(
  database: string,
  reply: Buffer,
): { readonly views: ReadonlyMap<string, View>; readonly collections: readonly string[] } | null {
  const views = new Map<string, View>();
  const collections: string[] = [];
  const cursor = fieldsOf(decodeFields(reply, 0, reply.length).get('cursor'));
  const entries = itemsOf(cursor?.get('firstBatch'));
  if (entries === null || !isFinished(cursor?.get('id'))) return null;
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const name = stringOf(fields?.get('name'));
    if (fields === null || name === null) return null;
    collections.push(`${database}.${name}`);
    const view = readView(fields);
    if (view !== null) views.set(`${database}.${name}`, view);
    else if (stringOf(fields.get('type')) === 'view') return null;
  }
  return { views, collections };
}

function isFinished(id: BsonValue | undefined): boolean {
  return (id?.kind === 'long' && id.value === 0n) || (id?.kind === 'number' && id.value === 0);
}

function readView(entry: BsonFields): View | null {
  const options = fieldsOf(entry.get('options'));
  const source = stringOf(options?.get('viewOn'));
  if (source === null) return null;
  return { source, pipeline: itemsOf(options?.get('pipeline')) ?? [] };
}
