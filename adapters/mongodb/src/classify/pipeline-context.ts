import type { FieldUse } from '@gatehouse/model';
import type { BsonValue } from '../bson/value.ts';
import { allOf, type Documents, resolve, type Source } from './documents.ts';
import { type ExpressionUse, walkExpression } from './expression.ts';
import type { FactsBuilder } from './facts.ts';

/** What the stages of one pipeline share. Pipelines inside have their own (`deeper`). */
export interface PipelineContext {
  readonly database: string;
  readonly facts: FactsBuilder;
  readonly depth: number;
  /** Set by a `$match` on the documents of a collection that leaves most of them out. */
  narrowed: boolean;
  /** One document has become many: what is written is no longer what was matched. */
  multiplied: boolean;
  /** The number of documents that the pipeline itself stops at. */
  limit: number | null;
  /** Reads a collection or view by name: adds its own accesses and tells what its documents are. */
  open(database: string, name: string, context: PipelineContext): Documents;
  /** Notes what is wrong with a collection that is written to; false when it cannot be one. */
  checkTarget(database: string, name: string): boolean;
  run(stages: readonly BsonValue[], documents: Documents, context: PipelineContext): Documents;
}

export type Stage = (value: BsonValue, documents: Documents, context: PipelineContext) => Documents;

export function deeper(context: PipelineContext): PipelineContext {
  return { ...context, depth: context.depth + 1, narrowed: false, multiplied: false, limit: null };
}

/** Notes that an expression's fields are used, and gives what they reveal; null when that is not known. */
export function read(
  value: BsonValue,
  use: FieldUse,
  documents: Documents,
  { facts }: PipelineContext,
): readonly Source[] | null {
  const sources: Source[] = [];
  let isKnown = true;
  walkExpression(value, {
    field: (path) => {
      const found = resolve(path, documents);
      if (found === null) isKnown = false;
      for (const source of found ?? []) {
        sources.push(source);
        facts.use('read', source.object, source.field, use);
      }
    },
    call: (name) => {
      facts.call(name);
      isKnown = false;
    },
    notUnderstood: (reason) => facts.notUnderstood(reason),
  });
  return isKnown ? sources : null;
}

/** The same for one path that is written without a dollar sign. */
export function readPath(
  path: string,
  use: FieldUse,
  documents: Documents,
  context: PipelineContext,
): readonly Source[] | null {
  return read({ kind: 'string', value: `$${path}` }, use, documents, context);
}

/** For filters over the documents. */
export function filterUse(
  documents: Documents,
  facts: FactsBuilder,
  use: FieldUse = 'filter',
): ExpressionUse {
  // What a stage has computed says something else than the whole value by being equal.
  const isPlain = use === 'filter' && documents.computed.length === 0;
  return {
    ...(isPlain && {
      equal: (path: string) => {
        for (const object of documents.bases) facts.use('read', object, path, use, true);
      },
    }),
    field: (path) => {
      const found = resolve(path, documents);
      if (found === null) facts.notUnderstood(`${use} on a computed field`);
      for (const { object, field } of found ?? []) facts.use('read', object, field, use);
    },
    call: (name) => facts.call(name),
    notUnderstood: (reason) => facts.notUnderstood(reason),
  };
}

/** Everything of the documents counts as output, because it leaves at another path than its own. */
export function outputAll(documents: Documents, { facts }: PipelineContext): readonly Source[] | null {
  const sources = allOf(documents);
  for (const { object, field } of sources ?? []) facts.use('read', object, field, 'output');
  return sources;
}

/** Sources of two origins; null as soon as one of them is not known. */
export function join(
  first: readonly Source[] | null,
  second: readonly Source[] | null,
): readonly Source[] | null {
  return first === null || second === null ? null : [...first, ...second];
}
