/**
 * The questions whose answers make a `PostgresCatalog`, for Postgres 12 to 18.
 *
 * Each is one SELECT over system catalogs that every user may read. Names are fully qualified, so the
 * search path does not matter. Values come back as text or numbers, whatever the driver makes of them.
 */
const USER_SCHEMAS = `n.nspname !~ '^pg_(toast|temp)'`;

export const POSTGRES_CATALOG_QUERIES = {
  settings: `select pg_catalog.current_setting('server_version_num') as version,
    pg_catalog.current_setting('search_path') as search_path,
    current_user::text as "user"`,
  schemas: `select n.nspname::text as name, pg_catalog.has_schema_privilege(n.oid, 'USAGE') as usable
    from pg_catalog.pg_namespace n where ${USER_SCHEMAS}`,
  relations: `select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
      exists (select 1 from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.ev_type <> '1') as rules,
      c.relhastriggers as triggers, c.relrowsecurity as rls, i.indrelid::text as indexed,
      case when c.relkind in ('v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
        then pg_catalog.pg_get_viewdef(c.oid) end as definition
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
    where ${USER_SCHEMAS} and c.relkind in ('r', 'v', 'm', 'f', 'p', 'S', 'i', 'I', 'c')`,
  columns: `select a.attrelid::text as oid, a.attnum::text as attnum, a.attname::text as name,
      pg_catalog.format_type(a.atttypid, null) as type,
      case when a.attgenerated <> '' then pg_catalog.array_to_string(array(
        select distinct d.refobjsubid from pg_catalog.pg_depend d
        left join pg_catalog.pg_attrdef g on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and g.oid = d.objid
        where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = a.attrelid
          and d.refobjsubid > 0 and d.refobjsubid <> a.attnum
          and ((g.adrelid = a.attrelid and g.adnum = a.attnum) or (d.classid = d.refclassid and d.objid = a.attrelid and d.objsubid = a.attnum))), ' ')
        else '' end as generated_from
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped and ${USER_SCHEMAS} and c.relkind in ('r', 'v', 'm', 'f', 'p', 'S')
    order by a.attrelid, a.attnum`,
  inheritance: `select inhrelid::text as child, inhparent::text as parent from pg_catalog.pg_inherits`,
  /** What views select from: one row per column, `attnum` 0 for the relation as such. */
  viewRelations: `select distinct r.ev_class::text as view, d.refobjid::text as relation, d.refobjsubid::text as attnum
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_class v on v.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = v.relnamespace
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
    where r.ev_type = '1' and n.nspname not in ('pg_catalog', 'information_schema') and ${USER_SCHEMAS}`,
  /**
   * Functions that views call. Built-in ones leave no dependency, so their numbers are taken from the
   * stored query tree, in which a variable of attribute 0 is a whole row.
   */
  viewFunctions: `select r.ev_class::text as view,
      r.ev_action::text like '%:varattno 0 %' as whole_rows,
      pg_catalog.array_to_string(array(
        select distinct pn.nspname || '.' || p.proname
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
        where p.oid::text in (select m[1] from pg_catalog.regexp_matches(r.ev_action::text,
            ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') m)
          or p.oid in (select o.oprcode from pg_catalog.pg_operator o where o.oid::text in (
            select m[1] from pg_catalog.regexp_matches(r.ev_action::text, ':opno ([0-9]+)', 'g') m))), E'\\n') as functions
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_class v on v.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = v.relnamespace
    where r.ev_type = '1' and n.nspname not in ('pg_catalog', 'information_schema') and ${USER_SCHEMAS}`,
  /** Foreign tables with the remote names that they were given. */
  foreignTables: `select f.ftrelid::text as oid, n.nspname::text as schema, c.relname::text as name,
      pg_catalog.array_to_string(f.ftoptions, E'\\n') as options
    from pg_catalog.pg_foreign_table f
    join pg_catalog.pg_class c on c.oid = f.ftrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace`,
  functions: `select p.oid::text as oid, n.nspname::text as schema, p.proname::text as name,
      p.provolatile::text as volatility, l.lanname::text as language,
      pg_catalog.pg_get_userbyid(p.proowner)::text as owner, p.prosecdef as definer
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    where p.oid >= 16384`,
  operators: `select o.oprname::text as name, o.oprcode::pg_catalog.oid::text as function
    from pg_catalog.pg_operator o where o.oid >= 16384`,
  /** Own functions that make a value of a type: by a cast to it, or by the check of a domain that it is or holds. */
  casts: `with recursive checked (type, function) as (
      select k.contypid, d.refobjid
      from pg_catalog.pg_constraint k join pg_catalog.pg_depend d
        on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and d.objid = k.oid
          and d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid >= 16384
      where k.contypid <> 0
      union
      select h.type, c.function
      from checked c join (
        select t.oid, t.typbasetype from pg_catalog.pg_type t where t.typbasetype <> 0
        union all
        select t.oid, t.typelem from pg_catalog.pg_type t where t.typelem <> 0 and t.typcategory = 'A'
        union all
        select r.reltype, a.atttypid from pg_catalog.pg_class r join pg_catalog.pg_attribute a on a.attrelid = r.oid
        where a.attnum > 0 and r.reltype <> 0
      ) h (type, part) on h.part = c.type
    )
    select t.typname::text as type, c.castfunc::text as function
    from pg_catalog.pg_cast c join pg_catalog.pg_type t on t.oid = c.casttarget
    where c.oid >= 16384 and c.castfunc <> 0
    union
    select t.typname::text, c.function::text from checked c join pg_catalog.pg_type t on t.oid = c.type`,
  /** What foreign keys do to the rows that refer to a changed one. Letters as in `pg_constraint`, numbers of columns with blanks between. */
  cascades: `select c.confrelid::text as relation, c.conrelid::text as child,
      c.confdeltype::text as on_delete, c.confupdtype::text as on_update,
      pg_catalog.array_to_string(c.confkey, ' ') as keys, pg_catalog.array_to_string(c.conkey, ' ') as columns
    from pg_catalog.pg_constraint c
    where c.contype = 'f' and (c.confdeltype in ('c', 'n', 'd') or c.confupdtype in ('c', 'n', 'd'))`,
  /** Own functions that run with a table: by triggers, defaults, generated columns, checks, domains, indexes and policies. */
  tableRoutines: `select t.tgrelid::text as relation, t.tgfoid::pg_catalog.oid::text as function,
      case when t.tgtype & 4 <> 0 then 'i' else '' end || case when t.tgtype & 16 <> 0 then 'u' else '' end
        || case when t.tgtype & 8 <> 0 then 'd' else '' end as events
    from pg_catalog.pg_trigger t where not t.tgisinternal and t.tgenabled <> 'D'
    union
    select coalesce(a.adrelid, nullif(k.conrelid, 0), x.indrelid, b.attrelid, o.polrelid)::text, d.refobjid::text,
      case when o.oid is null then 'iu' else 'riud' end
    from pg_catalog.pg_depend d
    left join pg_catalog.pg_attrdef a on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and a.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.objid
    left join pg_catalog.pg_attribute b on k.contypid <> 0 and b.atttypid = k.contypid and b.attnum > 0
    left join pg_catalog.pg_index x on d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and x.indexrelid = d.objid
    left join pg_catalog.pg_policy o on d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and o.oid = d.objid
    where d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid >= 16384
      and coalesce(a.adrelid, nullif(k.conrelid, 0), x.indrelid, b.attrelid, o.polrelid) is not null`,
} as const;

export type PostgresCatalogQuery = keyof typeof POSTGRES_CATALOG_QUERIES;

/** One result row as a driver gives it: by column name, values as text, number, boolean or null. */
export type CatalogRow = Readonly<Record<string, unknown>>;

export type PostgresCatalogRows = Readonly<Record<PostgresCatalogQuery, readonly CatalogRow[]>>;
