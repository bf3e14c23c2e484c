import { OTHER_BUILTIN_FUNCTIONS, PURE_FUNCTIONS } from './builtin-function-names.ts';

/**
 * What calling a built-in function of `pg_catalog` means, by its name.
 *
 * Overloads of one name share the class of the most dangerous of them. What is not listed is `opaque`:
 * functions that run text, read files, copy tables to XML, administer the server, or are newer than this list.
 */
export type BuiltinFunction =
  | 'pure'
  /** Describes objects or the server. */
  | 'introspect'
  /** Gives back what a catalog relation of `relation` shows. */
  | { readonly relation: string }
  /** Reads or moves the sequence named by its first argument. */
  | 'sequence-read'
  | 'sequence-update'
  /** Takes or gives back locks. */
  | 'lock'
  | 'cancel'
  | 'set-config'
  | 'notify'
  /** Reads or writes the server's files; the first argument (the last for `lo_export`) names one. */
  | 'file'
  | 'configure'
  | 'opaque';

const CANCEL = words('pg_cancel_backend pg_terminate_backend');
const LOCK = words(
  'pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared',
);
const CONFIGURE = words(
  'pg_reload_conf pg_rotate_logfile pg_log_backend_memory_contexts pg_stat_reset pg_stat_reset_shared pg_stat_reset_slru pg_stat_clear_snapshot pg_stat_force_next_flush',
);
const FILE = words(
  'pg_read_file pg_read_binary_file pg_stat_file pg_ls_dir lo_import lo_export pg_read_file_old pg_file_read pg_file_write pg_file_rename pg_file_unlink pg_logdir_ls',
);
/** Volatile functions, or functions that would look opaque by the rules below, that only describe. */
const INTROSPECT = words(
  'pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_total_relation_size pg_tablespace_size pg_blocking_pids pg_safe_snapshot_blocking_pids pg_partition_ancestors pg_partition_tree pg_partition_root pg_is_wal_replay_paused pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_collation_actual_version pg_database_collation_actual_version pg_control_system pg_control_checkpoint pg_control_init pg_control_recovery pg_lock_status pg_available_extensions pg_available_extension_versions pg_notification_queue_usage pg_listening_channels pg_options_to_table pg_sequence_parameters pg_get_keywords pg_describe_object pg_identify_object pg_identify_object_as_address pg_has_role pg_my_temp_schema pg_is_other_temp_schema pg_extension_update_paths pg_tablespace_databases pg_tablespace_location pg_relation_filenode pg_relation_filepath pg_filenode_relation pg_show_all_settings pg_settings_get_flags pg_column_is_updatable pg_relation_is_updatable pg_relation_is_publishable pg_index_column_has_property pg_index_has_property pg_indexam_has_property pg_event_trigger_ddl_commands row_security_active col_description obj_description shobj_description has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege has_function_privilege has_language_privilege has_largeobject_privilege has_parameter_privilege has_schema_privilege has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod pg_sequence_last_value pg_xact_commit_timestamp pg_last_committed_xact pg_config',
);
/** Functions behind views that hold data, texts of others or secrets. */
const RELATION_OF: Readonly<Record<string, string>> = {
  pg_stat_get_activity: 'pg_stat_activity',
  pg_stat_get_backend_activity: 'pg_stat_activity',
  pg_stat_get_wal_receiver: 'pg_stat_wal_receiver',
  pg_mcv_list_items: 'pg_statistic_ext_data',
  pg_show_all_file_settings: 'pg_file_settings',
  pg_hba_file_rules: 'pg_hba_file_rules',
  pg_ident_file_mappings: 'pg_ident_file_mappings',
  pg_cursor: 'pg_cursors',
  pg_prepared_statement: 'pg_prepared_statements',
  pg_prepared_xact: 'pg_prepared_xacts',
};

/** Says what calling the function does; never throws, unknown names are `opaque`. */
export function classifyBuiltinFunction(name: string): BuiltinFunction {
  if (PURE_FUNCTIONS.has(name)) return 'pure';
  if (Object.hasOwn(RELATION_OF, name)) return { relation: RELATION_OF[name]! };
  if (name === 'nextval' || name === 'setval') return 'sequence-update';
  if (name === 'currval') return 'sequence-read';
  if (name === 'set_config') return 'set-config';
  if (name === 'pg_notify') return 'notify';
  if (LOCK.has(name)) return 'lock';
  if (CANCEL.has(name)) return 'cancel';
  if (FILE.has(name) || name.startsWith('pg_ls_')) return 'file';
  if (CONFIGURE.has(name)) return 'configure';
  if (INTROSPECT.has(name) || describes(name)) return 'introspect';
  return 'opaque';
}

/** The families of functions that catalogs and tools call on every connection. */
function describes(name: string): boolean {
  return (
    /^pg_get_(acl|constraintdef|expr|function_\w+|functiondef|indexdef|keywords|object_address|partkeydef|partition_constraintdef|replica_identity_index|ruledef|serial_sequence|statisticsobjdef\w*|triggerdef|userbyid|viewdef|catalog_foreign_keys|publication_tables|replication_slots|wait_events)$/.test(
      name,
    ) ||
    /^pg_\w+_is_visible$/.test(name) ||
    (/^pg_stat_get_\w+$/.test(name) && !name.includes('activity'))
  );
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}

/** True when a function of that name may be built in, in any supported version. */
export function isBuiltinFunctionName(name: string): boolean {
  return (
    PURE_FUNCTIONS.has(name) || OTHER_BUILTIN_FUNCTIONS.has(name) || /^(pg|lo|binary_upgrade)_/.test(name)
  );
}
