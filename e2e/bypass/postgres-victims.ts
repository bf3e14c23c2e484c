/** What the bypass suite is after: a table, and everything around it that somebody could have left to be misused. */
export const POSTGRES_VICTIMS = `
  create table victims (
    id serial primary key, note text, flag boolean default true, doc jsonb default '{"a": 1}',
    tags text[] default '{x}', span int4range default '[1,5)'
  );
  insert into victims (note) select 'note ' || n from generate_series(1, 50) n;
  create table victim_ids (id int);
  create function victim_function() returns int language plpgsql as $$ begin delete from victims; return 1; end $$;
  create function victim_harmless() returns int language plpgsql as $$ begin return 1; end $$;
  create function victim_of(a int) returns int language plpgsql immutable as $$ begin return victim_function(); end $$;
  create function victim_field(victims) returns int language plpgsql as $$ begin return victim_function(); end $$;
  create function victim_equal(int, int) returns int language plpgsql as $$ begin return victim_function(); end $$;
  create function victim_is(int, int) returns boolean language plpgsql as $$ begin return victim_function() = 1; end $$;
  create function victim_check(int) returns boolean language plpgsql as $$ begin return victim_function() = 1; end $$;
  create function initcap(int) returns int language plpgsql as $$ begin return victim_function(); end $$;
  create procedure victim_procedure() language sql as 'delete from victims';
  create operator === (leftarg = int, rightarg = int, function = victim_is);
  create aggregate victim_sum(int) (sfunc = victim_equal, stype = int, initcond = '0');
  create domain victim_domain as int constraint victim_domain_check check (victim_check(value));
  create type victim_pair as (a victim_domain, b text);
  create type victim_kind as enum ('a');
  create function victim_cast(victim_kind) returns int language plpgsql as $$ begin return victim_function(); end $$;
  create cast (victim_kind as int) with function victim_cast(victim_kind);
  create view victim_view as select id, note, 1 as one from victims;
  create view victim_calls as select victim_function() as n;
  create materialized view victim_stored as select victim_function() as n with no data;
  create table victim_ruled (a int);
  create rule victim_rule as on insert to victim_ruled do instead delete from victims;
  create schema evil;
  create function evil.initcap(text) returns text language plpgsql as $$ begin perform victim_function(); return ''; end $$;
  create operator evil.# (leftarg = int, rightarg = int, function = victim_is);
`;

/** Everything that the statements are after, as one row: rows, objects, rights, roles, settings. */
export const POSTGRES_STATE = `
  select (select md5(string_agg(v::text, ',' order by id)) from victims v) as rows,
    (select string_agg(relname || relkind::text || relowner || coalesce(relacl::text, ''), ',' order by oid)
      from pg_class where relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
        and relnamespace::regnamespace::text not like 'pg_%temp%') as relations,
    (select string_agg(proname || md5(prosrc) || prosecdef, ',' order by oid) from pg_proc where oid >= 16384) as functions,
    (select string_agg(nspname || nspowner, ',' order by oid) from pg_namespace
      where nspname not like 'pg_%temp%') as schemas,
    (select string_agg(typname, ',' order by oid) from pg_type where oid >= 16384
      and typnamespace::regnamespace::text not like 'pg_%temp%') as types,
    (select string_agg(attrelid || attname || attnum, ',' order by attrelid, attnum)
      from pg_attribute where attrelid = 'victims'::regclass) as columns,
    (select string_agg(rolname || rolsuper::text || coalesce(rolpassword, ''), ',' order by oid) from pg_authid) as roles,
    (select count(*) from pg_auth_members) as members, (select count(*) from pg_db_role_setting) as role_settings,
    (select string_agg(datname || datallowconn, ',' order by oid) from pg_database) as databases,
    (select count(*) from pg_extension) as extensions, (select count(*) from pg_publication) as publications,
    (select count(*) from pg_trigger) as triggers, (select count(*) from pg_rewrite where ev_enabled = 'O') as rules,
    (select count(*) from pg_policy) as policies, (select count(*) from pg_cast) as casts,
    (select count(*) from pg_operator) as operators, (select count(*) from pg_event_trigger) as event_triggers,
    (select count(*) from pg_largeobject_metadata) as large_objects, (select count(*) from pg_foreign_server) as servers,
    (select count(*) from pg_replication_slots) as slots, (select count(*) from pg_prepared_xacts) as prepared,
    (select count(*) from pg_description where classoid <> 'pg_proc'::regclass) as comments,
    (select string_agg(sourcefile || name || setting, ',') from pg_file_settings where sourcefile like '%auto%') as settings,
    (select last_value || is_called::text from victims_id_seq) as sequence`;
