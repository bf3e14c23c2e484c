/**
 * Relations of the server's own schemas, by what reading them gives away.
 *
 * Most describe objects, and reading them is `introspect`. Those below hold values of tables, texts of
 * other sessions' statements, secrets or file contents; reading them is `read`, so that a policy can close them.
 */
const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

const HOLDS_DATA: ReadonlySet<string> = new Set(
  `pg_statistic pg_statistic_ext_data pg_stats pg_stats_ext pg_stats_ext_exprs pg_stat_activity pg_stat_statements
  pg_stat_statements_info pg_stat_replication pg_stat_wal_receiver pg_stat_subscription pg_stat_ssl pg_stat_gssapi
  pg_largeobject pg_largeobject_metadata pg_authid pg_shadow pg_hba_file_rules pg_ident_file_mappings
  pg_file_settings pg_user_mapping pg_user_mappings pg_foreign_server pg_subscription pg_cursors pg_prepared_statements
  pg_prepared_xacts pg_db_role_setting pg_replication_slots _pg_user_mappings user_mapping_options
  _pg_foreign_servers foreign_server_options`
    .trim()
    .split(/\s+/),
);

/** True for `pg_catalog` and `information_schema`. */
export function isSystemSchema(schema: string): boolean {
  return SYSTEM_SCHEMAS.has(schema);
}

/** True when reading the relation only describes other objects. */
export function isDescription(schema: string, name: string): boolean {
  return SYSTEM_SCHEMAS.has(schema) && !HOLDS_DATA.has(name);
}
