import { type BsonFields, type BsonValue, decodeFields, fieldsOf, itemsOf, stringOf } from '../bson/value.ts';

/** A view of the server: its source and the pipeline over it. */
export interface View {
  readonly source: string;
  readonly pipeline: readonly BsonValue[];
}

/** What is known of the server's objects: which names are views, and of what. Everything else is a collection. */
export interface MongodbCatalog {
  /** By `database.name`. */
  readonly views: ReadonlyMap<string, View>;
  /** Databases whose views were read; a name in any other database may be anything. */
  readonly databases: ReadonlySet<string>;
}

/** Reads one `listCollections` reply with the filter `{type: 'view'}`, as raw BSON. */
export function readViews(database: string, reply: Buffer): Map<string, View> {
  const views = new Map<string, View>();
  const cursor = fieldsOf(decodeFields(reply, 0, reply.length).get('cursor'));
  for (const entry of itemsOf(cursor?.get('firstBatch')) ?? []) {
    const view = readView(fieldsOf(entry));
    if (view !== null) views.set(`${database}.${view.name}`, view);
  }
  return views;
}

function readView(entry: BsonFields | null): (View & { readonly name: string }) | null {
  const name = stringOf(entry?.get('name'));
  const options = fieldsOf(entry?.get('options'));
  const source = stringOf(options?.get('viewOn'));
  if (name === null || source === null) return null;
  return { name, source, pipeline: itemsOf(options?.get('pipeline')) ?? [] };
}
