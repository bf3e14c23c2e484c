import { known, type ObjectKind, unknown } from '@gatehouse/model';
import type { Node, ObjectType, RangeVar } from 'libpg-query';
import { SERVER } from './call-function.ts';
import {
  accountForBody,
  objectWords,
  recordContents,
  recordCreation,
  recordInSchema,
  recordObject,
  recordRelation,
  recordRoutine,
  roleName,
} from './define-objects.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { nameParts } from './syntax-tree.ts';

/**
 * Statements that change objects, rights or the server: CREATE, ALTER, DROP, TRUNCATE, GRANT, VACUUM and
 * their kin. Returns null for a statement of another kind.
 */
export function analyzeDefinition(env: QueryEnvironment, node: Node): StatementForm | null {
  const form = dispatch(env, node);
  if (form === null) return null;
  recordContents(env, node);
  return form;
}

function dispatch(env: QueryEnvironment, node: Node): StatementForm | null {
  return (
    dispatchRelation(env, node) ??
    dispatchAlteration(env, node) ??
    dispatchRights(env, node) ??
    dispatchOther(env, node)
  );
}

/** Says that objects change; `temporary` ones are this session's only. */
function changed(env: QueryEnvironment, temporary = false): void {
  env.state.effects.push({ kind: 'schema-change', temporary });
}

function dispatchRelation(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('CreateStmt' in node) {
    changed(env, recordCreation(env, node.CreateStmt.relation));
    return quietForm('create table');
  }
  if ('CreateForeignTableStmt' in node) {
    recordCreation(env, node.CreateForeignTableStmt.base?.relation);
    addPlain(env, 'server', node.CreateForeignTableStmt.servername);
    changed(env);
    return quietForm('create foreign table');
  }
  if ('CreateSeqStmt' in node) {
    changed(env, recordCreation(env, node.CreateSeqStmt.sequence));
    return quietForm('create sequence');
  }
  if ('ViewStmt' in node) {
    changed(env, recordCreation(env, node.ViewStmt.view));
    return quietForm('create view');
  }
  if ('CompositeTypeStmt' in node) {
    const type = node.CompositeTypeStmt.typevar;
    if (type !== undefined) env.state.accounted.add(type);
    recordInSchema(env, 'define', 'type', nameOf(type));
    changed(env);
    return quietForm('create type');
  }
  if ('IndexStmt' in node) {
    const { relation, idxname, concurrent } = node.IndexStmt;
    recordRelation(env, 'define', relation);
    if (idxname !== undefined)
      recordInSchema(env, 'define', 'index', [...nameOf(relation).slice(0, -1), idxname]);
    if (concurrent) env.state.irreversible = true;
    changed(env);
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

function relationForm(env: QueryEnvironment, relation: RangeVar | undefined, verb: string): StatementForm {
  recordRelation(env, 'define', relation);
  changed(env);
  return quietForm(verb);
}

function nameOf(relation: RangeVar | undefined): readonly string[] {
  return [relation?.schemaname, relation?.relname].filter((part) => part !== undefined);
}

function addPlain(env: QueryEnvironment, kind: ObjectKind, name: string | undefined): void {
  env.state.facts.add({
    action: 'define',
    object: name === undefined ? unknown('an object without a name') : known({ kind, path: [name] }),
    fields: known([]),
  });
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
    addPlain(env, 'namespace', newschema);
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

function alteredForm(env: QueryEnvironment, verb: string): StatementForm {
  changed(env);
  return quietForm(verb);
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
  changed(env);
  return quietForm(verb, false);
}

/** Kinds whose object is one plain name: key of the node, verb, kind of object, field with the name. */
const NAMED: Readonly<Record<string, readonly [verb: string, kind: ObjectKind, field: string]>> = {
  CreateExtensionStmt: ['create extension', 'other', 'extname'],
  AlterExtensionStmt: ['alter extension', 'other', 'extname'],
  AlterExtensionContentsStmt: ['alter extension', 'other', 'extname'],
  CreateFdwStmt: ['create foreign data wrapper', 'other', 'fdwname'],
  AlterFdwStmt: ['alter foreign data wrapper', 'other', 'fdwname'],
  CreateForeignServerStmt: ['create server', 'server', 'servername'],
  AlterForeignServerStmt: ['alter server', 'server', 'servername'],
  CreateUserMappingStmt: ['create user mapping', 'server', 'servername'],
  AlterUserMappingStmt: ['alter user mapping', 'server', 'servername'],
  DropUserMappingStmt: ['drop user mapping', 'server', 'servername'],
  ImportForeignSchemaStmt: ['import foreign schema', 'namespace', 'local_schema'],
  CreateAmStmt: ['create access method', 'other', 'amname'],
  CreateEventTrigStmt: ['create event trigger', 'other', 'trigname'],
  AlterEventTrigStmt: ['alter event trigger', 'other', 'trigname'],
  CreatePLangStmt: ['create language', 'other', 'plname'],
  CreatePublicationStmt: ['create publication', 'other', 'pubname'],
  AlterPublicationStmt: ['alter publication', 'other', 'pubname'],
  CreateSubscriptionStmt: ['create subscription', 'other', 'subname'],
  AlterSubscriptionStmt: ['alter subscription', 'other', 'subname'],
  DropSubscriptionStmt: ['drop subscription', 'other', 'subname'],
  CreateTableSpaceStmt: ['create tablespace', 'other', 'tablespacename'],
  DropTableSpaceStmt: ['drop tablespace', 'other', 'tablespacename'],
  AlterTableSpaceOptionsStmt: ['alter tablespace', 'other', 'tablespacename'],
  AlterTableMoveAllStmt: ['alter tablespace', 'other', 'orig_tablespacename'],
  CreatedbStmt: ['create database', 'database', 'dbname'],
  AlterDatabaseStmt: ['alter database', 'database', 'dbname'],
  AlterDatabaseRefreshCollStmt: ['alter database', 'database', 'dbname'],
  AlterDatabaseSetStmt: ['alter database', 'database', 'dbname'],
  DropdbStmt: ['drop database', 'database', 'dbname'],
};

/** Kinds whose object lives in a schema: verb, kind of object, field with the dotted name. */
const IN_SCHEMA: Readonly<Record<string, readonly [verb: string, kind: ObjectKind, field: string]>> = {
  CreateEnumStmt: ['create type', 'type', 'typeName'],
  CreateRangeStmt: ['create type', 'type', 'typeName'],
  AlterEnumStmt: ['alter type', 'type', 'typeName'],
  AlterTypeStmt: ['alter type', 'type', 'typeName'],
  CreateDomainStmt: ['create domain', 'type', 'domainname'],
  AlterDomainStmt: ['alter domain', 'type', 'typeName'],
  CreateConversionStmt: ['create conversion', 'other', 'conversion_name'],
  CreateOpClassStmt: ['create operator class', 'other', 'opclassname'],
  CreateOpFamilyStmt: ['create operator family', 'other', 'opfamilyname'],
  AlterOpFamilyStmt: ['alter operator family', 'other', 'opfamilyname'],
  AlterTSDictionaryStmt: ['alter text search dictionary', 'other', 'dictname'],
  AlterTSConfigurationStmt: ['alter text search configuration', 'other', 'cfgname'],
  CreateStatsStmt: ['create statistics', 'other', 'defnames'],
  AlterStatsStmt: ['alter statistics', 'other', 'defnames'],
};

/** What the server itself refuses inside a transaction, or what has effects outside of the database. */
const IRREVERSIBLE: ReadonlySet<string> = new Set([
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'CreatedbStmt',
  'DropdbStmt',
  'CreateSubscriptionStmt',
  'AlterSubscriptionStmt',
  'DropSubscriptionStmt',
]);

function dispatchOther(env: QueryEnvironment, node: Node): StatementForm | null {
  for (const [kind, body] of Object.entries(node) as [string, Readonly<Record<string, unknown>>][]) {
    if (Object.hasOwn(NAMED, kind)) {
      const [verb, objectKind, field] = NAMED[kind]!;
      addPlain(env, objectKind, typeof body[field] === 'string' ? body[field] : undefined);
      if (IRREVERSIBLE.has(kind)) env.state.irreversible = true;
      if (kind === 'ImportForeignSchemaStmt') addPlain(env, 'server', String(body['server_name'] ?? ''));
      return alteredForm(env, verb);
    }
    if (Object.hasOwn(IN_SCHEMA, kind)) {
      const [verb, objectKind, field] = IN_SCHEMA[kind]!;
      recordInSchema(env, 'define', objectKind, nameParts(body[field] as readonly Node[] | undefined));
      return alteredForm(env, verb);
    }
  }
  return dispatchRoutine(env, node) ?? dispatchMaintenance(env, node);
}

function dispatchRoutine(env: QueryEnvironment, node: Node): StatementForm | null {
  if ('CreateFunctionStmt' in node) {
    const { funcname, is_procedure, sql_body } = node.CreateFunctionStmt;
    recordInSchema(env, 'define', 'routine', nameParts(funcname));
    accountForBody(env, sql_body);
    return alteredForm(env, is_procedure ? 'create procedure' : 'create function');
  }
  if ('DefineStmt' in node) {
    const { kind, defnames } = node.DefineStmt;
    const object: ObjectKind =
      kind === 'OBJECT_AGGREGATE' ? 'routine' : kind === 'OBJECT_TYPE' ? 'type' : 'other';
    recordInSchema(env, 'define', object, nameParts(defnames));
    return alteredForm(env, `create ${objectWords(kind)}`);
  }
  if ('CreateCastStmt' in node || 'CreateTransformStmt' in node || 'AlterOperatorStmt' in node) {
    env.state.facts.add({
      action: 'define',
      object: unknown('an operator, cast or transform has no name of its own'),
      fields: known([]),
    });
    return alteredForm(
      env,
      'CreateCastStmt' in node
        ? 'create cast'
        : 'AlterOperatorStmt' in node
          ? 'alter operator'
          : 'create transform',
    );
  }
  if ('CreateSchemaStmt' in node) {
    const { schemaname, schemaElts, authrole } = node.CreateSchemaStmt;
    addPlain(
      env,
      'namespace',
      schemaname ?? (authrole === undefined ? undefined : roleName({ RoleSpec: authrole })),
    );
    if ((schemaElts ?? []).length > 0)
      env.state.facts.giveUp('a schema is created together with what is in it');
    return alteredForm(env, 'create schema');
  }
  return null;
}

function dispatchMaintenance(env: QueryEnvironment, node: Node): StatementForm | null {
  const database = () =>
    env.state.facts.addObject('define', { kind: 'database', path: [env.state.context.database] });
  if ('VacuumStmt' in node) {
    const { rels, is_vacuumcmd, options } = node.VacuumStmt;
    for (const each of rels ?? [])
      if ('VacuumRelation' in each) recordRelation(env, 'define', each.VacuumRelation.relation);
    if ((rels ?? []).length === 0) database();
    if (is_vacuumcmd || (options ?? []).length > 0) env.state.irreversible = true;
    return quietForm(is_vacuumcmd ? 'vacuum' : 'analyze');
  }
  if ('ClusterStmt' in node) {
    if (node.ClusterStmt.relation === undefined) {
      database();
      env.state.irreversible = true;
    } else recordRelation(env, 'define', node.ClusterStmt.relation);
    return quietForm('cluster');
  }
  if ('ReindexStmt' in node) {
    const { kind, relation, name, params } = node.ReindexStmt;
    if (relation !== undefined && kind === 'REINDEX_OBJECT_INDEX') {
      env.state.accounted.add(relation);
      recordObject(env, 'define', 'OBJECT_INDEX', { RangeVar: relation });
    } else if (relation !== undefined) recordRelation(env, 'define', relation);
    else if (kind === 'REINDEX_OBJECT_SCHEMA') addPlain(env, 'namespace', name);
    else database();
    if (relation === undefined || (params ?? []).length > 0) env.state.irreversible = true;
    return quietForm('reindex');
  }
  if ('RefreshMatViewStmt' in node) {
    recordRelation(env, 'define', node.RefreshMatViewStmt.relation);
    return quietForm('refresh materialized view');
  }
  if ('CheckPointStmt' in node) {
    env.state.facts.addObject('configure', SERVER);
    return quietForm('checkpoint');
  }
  if ('AlterSystemStmt' in node) {
    env.state.facts.addObject('configure', SERVER);
    env.state.facts.addObject('configure', {
      kind: 'setting',
      path: [node.AlterSystemStmt.setstmt?.name ?? '*'],
    });
    env.state.irreversible = true;
    return quietForm('alter system');
  }
  if ('LoadStmt' in node) {
    env.state.facts.addObject('call', { kind: 'file', path: [node.LoadStmt.filename ?? ''] });
    env.state.irreversible = true;
    return quietForm('load');
  }
  return null;
}
