import type { Access, Statement } from '@gatehouse/model';
import { type Document, serialize } from 'bson';
import { readCollections } from '../classify/catalog.ts';
import { type Classified, classifyCommand } from '../classify/classify-command.ts';
import { readCommand } from '../messages/command.ts';

/** A catalog as the server would describe it. */
function catalogOf(database: string, entries: readonly Document[]) {
  const reply = Buffer.from(
    serialize({ cursor: { id: 0n, ns: `${database}.$cmd`, firstBatch: entries }, ok: 1 }),
  );
  const { views, collections } = readCollections(database, reply)!;
  return { views, collections: new Set(collections), unread: new Set<string>() };
}

export const SUPPORT = catalogOf('support', [
  { name: 'tickets', type: 'collection', options: {} },
  { name: 'agents', type: 'collection', options: {} },
  {
    name: 'open',
    type: 'view',
    options: { viewOn: 'tickets', pipeline: [{ $match: { status: 'open' } }] },
  },
  {
    name: 'mails',
    type: 'view',
    options: { viewOn: 'open', pipeline: [{ $project: { mail: '$customer.email' } }] },
  },
]);

/** Classifies a command in the database `support`, which has been read completely. */
export function classifyDocument(
  document: Document,
  sequences: Readonly<Record<string, readonly Document[]>> = {},
): Classified {
  const body = Buffer.from(serialize({ ...document, $db: document['$db'] ?? 'support' }));
  const command = readCommand({
    requestId: 1,
    responseTo: 0,
    flags: 0,
    body,
    sequences: Object.entries(sequences).map(([identifier, documents]) => ({
      identifier,
      documents: documents.map((one) => Buffer.from(serialize(one))),
    })),
  });
  return classifyCommand(command, { catalog: SUPPORT, isFresh: true });
}

/** What a statement does, as short text: `read tickets(filter a, output *)`, sorted. */
export function accessTexts({ accesses }: Statement): readonly string[] {
  if (!accesses.known) return [`unknown: ${accesses.reason}`];
  return accesses.value.map(accessText).sort();
}

function accessText({ action, object, fields }: Access): string {
  const name = object.known ? object.value.path.join('.').replace(/^support\./, '') : '?';
  const prefix = object.known && object.value.kind !== 'relation' ? `${object.value.kind}:` : '';
  const uses = fields.known
    ? fields.value
        .map(({ field, use }) => `${use} ${field}`)
        .sort()
        .join(', ')
    : '?';
  return `${action} ${prefix}${name}${uses === '' ? '' : `(${uses})`}`;
}

/** Outputs as text: `email<value:tickets.customer.email>`. */
export function outputTexts({ output }: Statement): readonly string[] {
  if (!output.known) return [`unknown: ${output.reason}`];
  return output.value.map(({ name, kind, sources }) => {
    const from = sources.known
      ? sources.value.map(({ object, field }) => `${object.path[1]}.${field}`).join('+')
      : '?';
    return `${name}<${kind}:${from}>`;
  });
}
