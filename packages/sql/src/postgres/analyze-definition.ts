import type { Node, ObjectType, RangeVar } from 'libpg-query';
import { analyzeServerObject } from './analyze-server-object.ts';
import {
  accountForBody,
  alteredForm,
  objectWords,
  recordChange,
  recordContents,
  recordCreation,
  recordInSchema,
  recordObject,
  recordPlain,
  recordRelation,
  recordRoutine,
  roleName,
} from './define-objects.ts';
import { probeDefinition } from './probe-definition.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { nameParts, visitObjects } from './syntax-tree.ts';

/**
 * Statements that change objects, rights or the server: CREATE, ALTER, DROP, TRUNCATE, GRANT, VACUUM and
 * their kin. Returns null for a statement of another kind.
 */
export function analyzeDefinition(env: QueryEnvironment, node: Node): StatementForm | null {
  const form = dispatch(env, node);
  if (form === null) return null;
  recordContents(env, node);
  probeDefinition(env, node);
  return form;
}

function dispatch(env: QueryEnvironment, node: Node): StatementForm | null {
  return (
    dispatchRelation(env, node) ??
    dispatchAlteration(env, node) ??
    dispatchRights(env, node) ??
    analyzeServerObject(env, node)
  );
}

function dispatchRelation(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('CreateStmt' in node) {
    recordChange(env, recordCreation(env, node.CreateStmt.relation));
    return quietForm('create table');
  }
  if ('CreateForeignTableStmt' in node) {
    recordCreation(env, node.CreateForeignTableStmt.base?.relation);
    recordPlain(env, 'server', node.CreateForeignTableStmt.servername);
    recordChange(env);
    return quietForm('create foreign table');
  }
  if ('CreateSeqStmt' in node) {
    recordChange(env, recordCreation(env, node.CreateSeqStmt.sequence));
    return quietForm('create sequence');
  }
  if ('ViewStmt' in node) {
    const temporary = recordCreation(env, node.ViewStmt.view);
    // No catalog shows it, so nobody could say what a later statement does through it.
    if (temporary || namesTemporary(env, node.ViewStmt.query))
      env.state.facts.giveUp('a temporary view hides what lies behind it');
    recordChange(env, temporary);
    return quietForm('create view');
  }
  if ('CompositeTypeStmt' in node) {
    const type = node.CompositeTypeStmt.typevar;
    if (type !== undefined) env.state.accounted.add(type);
    recordInSchema(env, 'define', 'type', nameOf(type));
    recordChange(env);
    return quietForm('create type');
  }
  if ('IndexStmt' in node) {
    const { relation, idxname, concurrent } = node.IndexStmt;
    recordRelation(env, 'define', relation);
    if (idxname !== undefined)
      recordInSchema(env, 'define', 'index', [...nameOf(relation).slice(0, -1), idxname]);
    if (concurrent) env.state.irreversible = true;
    recordChange(env);
    return quietForm('create index');
  }
  if ('CreateTrigStmt' in node) return relationForm(env, node.CreateTrigStmt.relation, 'create trigger');
  if ('CreatePolicyStmt' in node) return relationForm(env, node.CreatePolicyStmt.table, 'create policy');
  if ('AlterPolicyStmt' in node) return relationForm(env, node.AlterPolicyStmt.table, 'alter policy');
  if ('RuleStmt' in node) {
    if ((node.RuleStmt.actions ?? []).length > 0)
      env.state.facts.giveUp('a rule runs other statements later');
    const form = relationForm(env, node.RuleStmt.relation, 'create rule');
    accountForBody(env, node.RuleStmt);
    return form;
  }
  if ('TruncateStmt' in node) {
    for (const relation of node.TruncateStmt.relations ?? []) {
      if ('RangeVar' in relation) recordRelation(env, 'define', relation.RangeVar);
    }
    if (node.TruncateStmt.behavior === 'DROP_CASCADE')
      env.state.facts.giveUp('truncate cascade reaches other tables');
    return quietForm('truncate table', false);
  }
  return null;
}

/** SECURITY: a view over a temporary relation is temporary, whatever its name says. */
function namesTemporary({ state }: QueryEnvironment, query: Node | undefined): boolean {
  const { temporaryObjects } = state.context;
  let found = false;
  visitObjects(query, (_key, value) => {
    if (!('relname' in value && 'relpersistence' in value)) return;
    if (value['schemaname'] === 'pg_temp' || !temporaryObjects.known) found = true;
    else if (temporaryObjects.value.includes(String(value['relname']))) found = true;
  });
  return found;
}

function relationForm(env: QueryEnvironment, relation: RangeVar | undefined, verb: string): StatementForm {
  recordRelation(env, 'define', relation);
  recordChange(env);
  return quietForm(verb);
}

function nameOf(relation: RangeVar | undefined): readonly string[] {
  return [relation?.schemaname, relation?.relname].filter((part) => part !== undefined);
}

function dispatchAlteration(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('AlterTableStmt' in node) {
    const { relation, objtype } = node.AlterTableStmt;
    recordSubject(env, objtype, relation, undefined);
    return alteredForm(env, `alter ${objectWords(objtype)}`);
  }
  if ('RenameStmt' in node) {
    const { renameType, relation, object, subname, relationType } = node.RenameStmt;
    recordSubject(env, renameType, relation, object ?? nameNode(subname));
    const part =
      renameType === 'OBJECT_COLUMN' ||
      renameType === 'OBJECT_ATTRIBUTE' ||
      renameType === 'OBJECT_TABCONSTRAINT';
    return alteredForm(env, `alter ${objectWords(part ? relationType : renameType)}`);
  }
  if ('AlterObjectSchemaStmt' in node) {
    const { objectType, relation, object, newschema } = node.AlterObjectSchemaStmt;
    recordSubject(env, objectType, relation, object);
    recordPlain(env, 'namespace', newschema);
    return alteredForm(env, `alter ${objectWords(objectType)}`);
  }
  if ('AlterOwnerStmt' in node) {
    const { objectType, relation, object } = node.AlterOwnerStmt;
    recordSubject(env, objectType, relation, object);
    return alteredForm(env, `alter ${objectWords(objectType)}`);
  }
  if ('AlterObjectDependsStmt' in node) {
    const { objectType, relation, object } = node.AlterObjectDependsStmt;
    recordSubject(env, objectType, relation, object);
    return alteredForm(env, `alter ${objectWords(objectType)}`);
  }
  if ('AlterSeqStmt' in node) {
    recordRelation(env, 'define', node.AlterSeqStmt.sequence);
    return alteredForm(env, 'alter sequence');
  }
  if ('AlterFunctionStmt' in node) {
    recordRoutine(env, 'define', nameParts(node.AlterFunctionStmt.func?.objname));
    return alteredForm(env, `alter ${objectWords(node.AlterFunctionStmt.objtype)}`);
  }
  if ('DropStmt' in node) {
    const { removeType, objects, concurrent, behavior } = node.DropStmt;
    for (const object of objects ?? []) recordObject(env, 'define', removeType, object);
    if (concurrent) env.state.irreversible = true;
    if (behavior === 'DROP_CASCADE' && removeType === 'OBJECT_EXTENSION') {
      env.state.facts.giveUp('an extension is dropped with everything that needs it');
    }
    return alteredForm(env, `drop ${objectWords(removeType)}`);
  }
  if ('CommentStmt' in node) {
    recordObject(env, 'define', node.CommentStmt.objtype, node.CommentStmt.object);
    return alteredForm(env, 'comment');
  }
  if ('SecLabelStmt' in node) {
    recordObject(env, 'define', node.SecLabelStmt.objtype, node.SecLabelStmt.object);
    return alteredForm(env, 'security label');
  }
  return null;
}

function nameNode(name: string | undefined): Node | undefined {
  return name === undefined ? undefined : { String: { sval: name } };
}

/** What an ALTER is about: a relation, an index by its RangeVar, or a named object. */
function recordSubject(
  env: QueryEnvironment,
  type: ObjectType | undefined,
  relation: RangeVar | undefined,
  object: Node | undefined,
): void {
  if (relation === undefined) recordObject(env, 'define', type, object);
  else if (type === 'OBJECT_INDEX') {
    env.state.accounted.add(relation);
    recordObject(env, 'define', type, { RangeVar: relation });
  } else if (type === 'OBJECT_TYPE') {
    env.state.accounted.add(relation);
    recordInSchema(env, 'define', 'type', nameOf(relation));
  } else recordRelation(env, 'define', relation);
}

function dispatchRights(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('GrantStmt' in node) {
    const { targtype, objtype, objects, is_grant } = node.GrantStmt;
    if (targtype === 'ACL_TARGET_DEFAULTS') return null;
    const type = targtype === 'ACL_TARGET_ALL_IN_SCHEMA' ? 'OBJECT_SCHEMA' : objtype;
    for (const object of objects ?? []) {
      if ('RangeVar' in object) recordRelation(env, 'grant', object.RangeVar);
      else recordObject(env, 'grant', type, object);
    }
    return quietForm(is_grant ? 'grant' : 'revoke');
  }
  if ('AlterDefaultPrivilegesStmt' in node) {
    env.state.facts.addObject('grant', { kind: 'database', path: [env.state.context.database] });
    return quietForm('alter default privileges');
  }
  if ('GrantRoleStmt' in node) {
    for (const role of node.GrantRoleStmt.granted_roles ?? []) {
      const name = 'AccessPriv' in role ? (role.AccessPriv.priv_name ?? '') : roleName(role);
      env.state.facts.addObject('grant', { kind: 'role', path: [name] });
    }
    return quietForm(node.GrantRoleStmt.is_grant ? 'grant role' : 'revoke role');
  }
  if ('CreateRoleStmt' in node) return roleForm(env, [node.CreateRoleStmt.role ?? ''], 'create role');
  if ('AlterRoleStmt' in node) return roleForm(env, rolesOf([specOf(node.AlterRoleStmt.role)]), 'alter role');
  if ('AlterRoleSetStmt' in node)
    return roleForm(env, rolesOf([specOf(node.AlterRoleSetStmt.role)]), 'alter role');
  if ('DropRoleStmt' in node) return roleForm(env, rolesOf(node.DropRoleStmt.roles), 'drop role');
  if ('DropOwnedStmt' in node) return ownedForm(env, 'drop owned');
  if ('ReassignOwnedStmt' in node) return ownedForm(env, 'reassign owned');
  return null;
}

function specOf(role: object | undefined): Node | undefined {
  return role === undefined ? undefined : { RoleSpec: role };
}

/** No role means all of them. */
function rolesOf(nodes: readonly (Node | undefined)[] | undefined): readonly string[] {
  return (nodes ?? []).map((node) => (node === undefined ? '*' : roleName(node)));
}

function roleForm(env: QueryEnvironment, roles: readonly string[], verb: string): StatementForm {
  for (const role of roles) env.state.facts.addObject('grant', { kind: 'role', path: [role] });
  return quietForm(verb);
}

function ownedForm(env: QueryEnvironment, verb: string): StatementForm {
  env.state.facts.giveUp('every object of a role is touched');
  recordChange(env);
  return quietForm(verb, false);
}
