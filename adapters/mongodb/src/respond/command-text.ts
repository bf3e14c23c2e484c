import { type BsonValue, decodeFields } from '../bson/value.ts';
import type { OpMsg } from '../messages/op-msg.ts';

/** The command as people write it; only asked for when the audit keeps texts. Bounded; without passwords. */
export function commandText({ body, sequences }: OpMsg): string {
  const parts: string[] = [];
  let length = 0;
  for (const [key, value] of decodeFields(body, 0, body.length)) {
    if (ENVELOPE.has(key)) continue;
    const part = `${key}: ${SECRET.has(key) ? '"…"' : textOf(value, 0)}`;
    length += part.length;
    if (length > MAX_TEXT) return `{ ${parts.join(', ')}, … }`;
    parts.push(part);
  }
  for (const { identifier, documents } of sequences)
    parts.push(`${identifier}: ${documents.length} documents`);
  return `{ ${parts.join(', ')} }`;
}

function textOf(value: BsonValue, depth: number): string {
  switch (value.kind) {
    case 'document': {
      const fields = [...value.fields].slice(0, MAX_ITEMS);
      if (depth > MAX_DEPTH) return '{…}';
      return `{ ${fields.map(([key, inner]) => `${key}: ${SECRET.has(key) ? '"…"' : textOf(inner, depth + 1)}`).join(', ')} }`;
    }
    case 'array':
      if (depth > MAX_DEPTH) return '[…]';
      return `[${value.items
        .slice(0, MAX_ITEMS)
        .map((item) => textOf(item, depth + 1))
        .join(', ')}${value.items.length > MAX_ITEMS ? ', …' : ''}]`;
    case 'string':
      return JSON.stringify(value.value.slice(0, MAX_STRING));
    case 'number':
    case 'long':
    case 'boolean':
      return String(value.value);
    case 'binary':
      return `BinData("${value.bytes.subarray(0, 64).toString('base64')}")`;
    case 'null':
      return 'null';
    case 'code':
      return 'Code()';
    case 'other':
      return OTHER[value.type] ?? '?';
  }
}

const OTHER: Readonly<Record<number, string>> = {
  7: 'ObjectId()',
  9: 'ISODate()',
  11: '/…/',
  17: 'Timestamp()',
  19: 'NumberDecimal()',
  127: 'MaxKey()',
  255: 'MinKey()',
};

/** What drivers add to every command and that says nothing about it. */
const ENVELOPE = new Set(['lsid', '$clusterTime', '$readPreference', 'apiVersion', 'apiStrict']);
/** Fields of any command that hold a password or a key. */
const SECRET = new Set(['pwd', 'payload', 'key64', 'password', 'keyMaterial']);
const MAX_TEXT = 65_536;
const MAX_ITEMS = 100;
const MAX_STRING = 4_096;
const MAX_DEPTH = 30;
