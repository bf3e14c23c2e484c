/**
 * Samples the collections of one MongoDB database with `$sample`, or from the start where the server has no
 * `$sample`. Views and the server's own collections are left out.
 */
import type { Ask } from '@gatehouse/adapter';
import { partsOfDocuments } from './document-paths.ts';
import { problemOf, type SampledTable, type SampleOptions } from './sampled-table.ts';

export async function sampleMongodb(ask: Ask, options: SampleOptions): Promise<readonly SampledTable[]> {
  const listing = {
    listCollections: 1,
    authorizedCollections: true,
    nameOnly: true,
    cursor: { batchSize: 100_000 },
  };
  const names = (await askBatch(ask, options, listing)).flatMap(collectionName).sort();
  const sampled: SampledTable[] = [];
  for (const name of names) {
    sampled.push(await sampleCollection(ask, name, options));
    options.progress(sampled.length, names.length);
  }
  return sampled;
}

function collectionName(entry: unknown): readonly string[] {
  if (typeof entry !== 'object' || entry === null || !('name' in entry)) return [];
  const { name } = entry;
  const type = 'type' in entry ? entry.type : 'collection';
  return typeof name === 'string' && type !== 'view' && !name.startsWith('system.') ? [name] : [];
}

async function sampleCollection(ask: Ask, name: string, options: SampleOptions): Promise<SampledTable> {
  const namespace = options.database;
  try {
    const columns = partsOfDocuments(await sampleDocuments(ask, name, options))
      .filter(({ path }) => path.length > 0)
      .map((part) => ({ field: part.path.join('.'), parts: [part] }));
    return { namespace, name, columns };
  } catch (error) {
    return { namespace, name, columns: [], problem: problemOf(error) };
  }
}

async function sampleDocuments(ask: Ask, name: string, options: SampleOptions): Promise<readonly unknown[]> {
  const { rows, timeoutMs } = options;
  const bounds = { maxTimeMS: Math.ceil(timeoutMs) };
  const cursor = { batchSize: rows };
  try {
    const pipeline = [{ $sample: { size: rows } }];
    return await askBatch(ask, options, { aggregate: name, pipeline, cursor, ...bounds });
  } catch {
    return await askBatch(ask, options, {
      find: name,
      limit: rows,
      batchSize: rows,
      singleBatch: true,
      ...bounds,
    });
  }
}

/** The first batch; more is never asked for, since a batch of 16 MB is sample enough. */
async function askBatch(
  ask: Ask,
  { database }: SampleOptions,
  command: Readonly<Record<string, unknown>>,
): Promise<readonly unknown[]> {
  const reply = await ask({ database, command });
  if (typeof reply !== 'object' || reply === null || !('cursor' in reply))
    throw new TypeError('expected a cursor');
  const { cursor } = reply;
  if (
    typeof cursor === 'object' &&
    cursor !== null &&
    'firstBatch' in cursor &&
    Array.isArray(cursor.firstBatch)
  )
    return cursor.firstBatch;
  throw new TypeError('expected a first batch');
}
