/**
 * Definitions that can tell the values of a table, or take its name away from those who protect it.
 *
 * A constraint, an index over an expression, a policy or a cast of a column is tried on every row and fails by what it
 * finds there; a trigger sees each row; after a RENAME the labels of the old name hold no longer, after a comment on a
 * column those that stood in the comment before. All of these count as a use of every column (`Statement.probes`).
 * What only adds to a table is on the list of what does not.
 */
import type { AlterTableStmt, CommentStmt, IndexStmt, Node, RangeVar } from 'libpg-query';
import { ofColumn } from './lineage.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { nameParts, visitObjects } from './syntax-tree.ts';

/** Records the relations whose values the definition can tell. */
export function probeDefinition({ state }: QueryEnvironment, node: Node): void {
  const relation = probedRelation(node);
  if (relation === undefined) return;
  const { catalogname, schemaname, relname = '' } = relation;
  for (const target of state.names.relation(catalogname, schemaname, relname))
    state.facts.probe(ofColumn({ target, action: 'define', field: '*' }));
}

function probedRelation(node: Node): RangeVar | undefined {
  if ('AlterTableStmt' in node)
    return isAddition(node.AlterTableStmt) ? undefined : node.AlterTableStmt.relation;
  if ('IndexStmt' in node) return isPlainIndex(node.IndexStmt) ? undefined : node.IndexStmt.relation;
  if ('RenameStmt' in node)
    return node.RenameStmt.renameType === 'OBJECT_INDEX' ? undefined : node.RenameStmt.relation;
  if ('AlterObjectSchemaStmt' in node) return node.AlterObjectSchemaStmt.relation;
  if ('CommentStmt' in node) return commentedRelation(node.CommentStmt);
  if ('CreateTrigStmt' in node) return node.CreateTrigStmt.relation;
  if ('CreatePolicyStmt' in node) return node.CreatePolicyStmt.table;
  return 'AlterPolicyStmt' in node ? node.AlterPolicyStmt.table : undefined;
}

/** The relation of a column that is commented on. Comments on anything else carry no labels. */
function commentedRelation({ objtype, object }: CommentStmt): RangeVar | undefined {
  if (objtype !== 'OBJECT_COLUMN' || object === undefined || !('List' in object)) return undefined;
  const [relname, schemaname, catalogname] = nameParts(object.List.items).slice(0, -1).reverse();
  return {
    ...(relname === undefined ? {} : { relname }),
    ...(schemaname === undefined ? {} : { schemaname }),
    ...(catalogname === undefined ? {} : { catalogname }),
  };
}

function isAddition({ cmds, objtype }: AlterTableStmt): boolean {
  if (objtype === 'OBJECT_INDEX' || objtype === 'OBJECT_SEQUENCE') return true;
  return (cmds ?? []).every((node) => {
    if (!('AlterTableCmd' in node) || !ADDITIONS.has(node.AlterTableCmd.subtype ?? '')) return false;
    return !namesColumns(node.AlterTableCmd.def);
  });
}

function isPlainIndex({ unique, whereClause, indexParams, indexIncludingParams }: IndexStmt): boolean {
  if (unique === true || whereClause !== undefined) return false;
  return [...(indexParams ?? []), ...(indexIncludingParams ?? [])].every(
    (node) => 'IndexElem' in node && node.IndexElem.name !== undefined,
  );
}

function namesColumns(tree: unknown): boolean {
  let found = false;
  visitObjects(tree, (key) => {
    if (key === 'ColumnRef') found = true;
  });
  return found;
}

const ADDITIONS: ReadonlySet<string> = new Set([
  'AT_AddColumn',
  'AT_ColumnDefault',
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropNotNull',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_SetOptions',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_ClusterOn',
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_ForceRowSecurity',
]);
