import type { ObjectRef } from '@gatehouse/model';
import { fieldsOf, isTruthy } from '../bson/value.ts';
import { NOTHING } from './documents.ts';
import { objectRef } from './facts.ts';
import { outputAll, type Stage } from './pipeline-context.ts';

/** Stages that do not give documents of their collection, but something about it, or about the server. */

/** Every change of a collection, of a database (`aggregate: 1`) or of the whole server, as it was written. */
export const changeStreamStage: Stage = (value, documents, context) => {
  const options = fieldsOf(value);
  if (options === null) context.facts.notUnderstood('$changeStream without options');
  if (isTruthy(options?.get('allChangesForCluster')))
    context.facts.add('read', objectRef('server', 'changes'));
  else if (documents.bases.length === 0) context.facts.add('read', objectRef('namespace', context.database));
  const sources = documents.bases.length === 0 ? null : outputAll(documents, context);
  return { bases: [], computed: [{ name: '*', sources }], kept: null };
};

/** Describes the collection and holds none of its values. */
export const statisticsStage: Stage = (_value, { bases }, { facts }) => {
  for (const object of bases) facts.use('introspect', object);
  return NOTHING;
};

/** What other sessions run, with their statements: a read of the server itself. */
export const serverStage =
  (object: ObjectRef): Stage =>
  (_value, _documents, { facts }) => {
    facts.add('read', object);
    return { bases: [], computed: [{ name: '*', sources: null }], kept: null };
  };
