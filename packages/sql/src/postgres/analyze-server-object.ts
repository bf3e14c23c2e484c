import { known, type ObjectKind, unknown } from '@gatehouse/model';
import type { Node } from 'libpg-query';
import { SERVER } from './call-function.ts';
import {
  accountForBody,
  alteredForm,
  objectWords,
  recordInSchema,
  recordObject,
  recordPlain,
  recordRelation,
  roleName,
} from './define-objects.ts';
import type { QueryEnvironment } from './query-environment.ts';
import { quietForm, type StatementForm } from './statement-form.ts';
import { nameParts } from './syntax-tree.ts';

/**
 * DDL of objects beside relations (types, routines, servers, databases, publications …) and maintenance
 * (VACUUM, CLUSTER, REINDEX, CHECKPOINT, LOAD, ALTER SYSTEM).
 */

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
  AlterCollationStmt: ['alter collation', 'other', 'collname'],
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

/** Returns null for a statement of another kind. */
export function analyzeServerObject(env: QueryEnvironment, node: Node): StatementForm | null {
  for (const [kind, body] of Object.entries(node) as [string, Readonly<Record<string, unknown>>][]) {
    if (Object.hasOwn(NAMED, kind)) {
      const [verb, objectKind, field] = NAMED[kind]!;
      recordPlain(env, objectKind, typeof body[field] === 'string' ? body[field] : undefined);
      if (IRREVERSIBLE.has(kind)) env.state.irreversible = true;
      // Where it lies is a directory of the server.
      if (kind === 'CreateTableSpaceStmt')
        env.state.facts.addObject('call', { kind: 'file', path: [String(body['location'] ?? '')] });
      if (kind === 'ImportForeignSchemaStmt') recordPlain(env, 'server', String(body['server_name'] ?? ''));
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
    recordPlain(
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
    else if (kind === 'REINDEX_OBJECT_SCHEMA') recordPlain(env, 'namespace', name);
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
