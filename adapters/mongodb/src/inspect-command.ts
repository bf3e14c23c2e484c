import type { Statement } from '@gatehouse/model';
import { EJSON, serialize } from 'bson';
import { decodeFields, stringOf } from './bson/value.ts';
import { assertWellFormed } from './bson/walk.ts';
import { classifyCommand } from './classify/classify-command.ts';

/** What is understood of a command given as (extended) JSON, in a database without views. Never throws. */
export function inspectCommand(
  command: unknown,
): { readonly statement: Statement } | { readonly error: string } {
  try {
    const document = EJSON.parse(JSON.stringify(command), { relaxed: true }) as object;
    const bytes = Buffer.from(serialize(document));
    assertWellFormed(bytes, 0, bytes.length);
    const fields = decodeFields(bytes, 0, bytes.length);
    const [name] = fields.keys();
    if (name === undefined) return { error: 'an empty command' };
    const database = stringOf(fields.get('$db')) ?? 'test';
    const parts = { name, database, fields, sequences: new Map(), isFireAndForget: false };
    return { statement: classifyCommand(parts, { catalog: EMPTY_CATALOG, isFresh: true }).statement };
  } catch {
    return { error: 'not a command' };
  }
}

const EMPTY_CATALOG = { views: new Map(), collections: new Set<string>(), unread: new Set<string>() };
