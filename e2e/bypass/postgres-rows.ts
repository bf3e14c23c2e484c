/**
 * Statements that try to do what the shipped policies forbid, in disguise. Every one is refused, and the
 * server is as it was. A deployer sends them: a service that may write, with a purpose, so that nothing but the
 * guardrails stands in the way; `WRITES` are what the same service may not do without one.
 *
 * The objects that they name are those of `postgres-victims.ts`.
 */
export const POSTGRES_BYPASSES: readonly string[] = lines(`
drop table victims
DROP TABLE IF EXISTS victims CASCADE
/* harmless */ drop /* x */ table victims -- y
/* select /* nested */ 1 */drop table victims/* ; select 1 */
drop table "victims"
drop table U&"v\\0069ctims"
drop table U&"v!0069ctims" uescape '!'
drop table public . victims
drop table shop.public.victims
drop table public.victims, products
drop table nothing_here, victims
drop schema public cascade
drop database shop
drop index victims_pkey
drop view customer_orders
drop view if exists victim_view cascade
drop materialized view victim_stored
drop sequence victims_id_seq cascade
drop function victim_function
drop routine victim_procedure
drop aggregate victim_sum(int)
drop operator === (int, int)
drop domain victim_domain cascade
drop type victim_pair
drop cast (victim_kind as int)
drop rule victim_rule on victim_ruled
drop extension plpgsql cascade
drop language plpgsql cascade
drop owned by current_user
drop owned by session_user cascade
drop statistics if exists s
drop text search configuration if exists c
drop access method if exists heap
truncate victims
truncate table only victims restart identity cascade
truncate victims, products
TRUNCATE"victims"
alter table victims add column x int
alter table if exists only victims rename to gone
alter table victims rename column note to gone
alter table victims drop column note
alter table victims disable trigger all
alter table victims enable row level security
alter table victims owner to app
alter table victims alter column note set default victim_function()::text
alter table victims set (fillfactor = 10)
alter table victims set schema pg_temp
alter table victims inherit products
alter table all in tablespace pg_default set tablespace pg_default
alter index victims_pkey rename to gone
alter view victim_view alter column note set default 'x'
alter sequence victims_id_seq restart
alter schema public rename to other
alter function victim_function() owner to app
alter function victim_function() security definer
alter type victim_kind add value 'z'
alter domain victim_domain drop constraint victim_domain_check
alter default privileges grant all on tables to public
alter large object 1 owner to app
alter operator === (int, int) set (restrict = none)
alter collation "C" refresh version
alter system set work_mem = '1MB'
alter system reset all
alter system set archive_command = 'touch /tmp/x'
alter role app superuser
alter role current_user set session_preload_libraries = 'x'
alter role all set local_preload_libraries = 'x'
alter group app add user gatehouse_owner
alter database shop set search_path to pg_temp
alter database shop reset all
delete from victims
delete from only victims
delete from victims *
delete from victims where true
delete from victims where 1 = 1
delete from victims where id = id
delete from victims where id = id or true
delete from victims where id is not null
delete from victims where id is not null or id is null
delete from victims where id is null or not (id is null)
delete from victims where exists (select 1)
delete from victims where exists (select from victims where id = 1)
delete from victims where id in (select id from victims)
delete from victims where id in (select id from victims where true)
delete from victims where id = any (select id from victims)
delete from victims where id = any (array(select id from victims))
delete from victims where ctid in (select ctid from victims)
delete from victims where ctid = ctid
delete from victims where tableoid = 'victims'::regclass
delete from victims where tableoid::regclass::text = 'victims'
delete from victims where xmax = 0
delete from victims where cmin = 0 or cmin = cmin
delete from victims where id = 1 or id <> 1
delete from victims where not (id = 1 and id = 2)
delete from victims where not (id = 1 and false)
delete from victims where not (id is not distinct from null)
delete from victims where (id > 5 and true) or (id <= 5 and true)
delete from victims where (id > 5 and id > 4) or (id < 6 and id < 7)
delete from victims where flag = true or flag = false
delete from victims where flag = 't' or flag = 'f'
delete from victims where flag in (true, false)
delete from victims where flag = any ('{t,f}')
delete from victims where flag or not flag
delete from victims where (flag is true and true) or (flag is false and true)
delete from victims where not (flag is unknown)
delete from victims where id::bool = true
delete from victims where id::numeric(3, -4) = 0
delete from victims where left(note, 0) = ''
delete from victims where left(note, 0) < 'a'
delete from victims where right(note, -1000) = ''
delete from victims where substring(note from 1000) = ''
delete from victims where to_char(id, '"x"') = 'x'
delete from victims where rtrim(note, 'note 0123456789') = ''
delete from victims where note like '%'
delete from victims where note like '%%'
delete from victims where note like '_%_'
delete from victims where note like upper('%')
delete from victims where note like '%' || ''
delete from victims where note like '%' escape '!'
delete from victims where note ~~ '%'
delete from victims where note ilike any (array['%'])
delete from victims where note similar to '%|x'
delete from victims where note similar to '(%)'
delete from victims where note ~ '.*'
delete from victims where note ~ 'z*'
delete from victims where note ~ 'z?'
delete from victims where note ~ 'z|'
delete from victims where note ~ '(?:z){0}'
delete from victims where note ~ '\\w*'
delete from victims where note ~ concat('.')
delete from victims where doc @> '{}'
delete from victims where doc @> ' { } '
delete from victims where doc @> jsonb_build_object()
delete from victims where '{}' <@ doc
delete from victims where doc @@ '1 == 1'
delete from victims where doc -> 'nothing' is null
delete from victims where doc ->> 'nothing' is not distinct from null
delete from victims where tags[1000] is null
delete from victims where tags @> array[]::text[]
delete from victims where tags @> '{}'
delete from victims where span && '(,)'
delete from victims where span <@ '(,)'::int4range
delete from victims where span @> 'empty'::int4range
delete from victims where id between symmetric 1 and 1 or id not between 1 and 1
delete from victims where (id, note) = (id, note)
delete from victims where row(id) is not distinct from row(id)
delete from victims where victims = victims
delete from victims where victims.* is not null
delete from victims where coalesce(id, 1) = coalesce(id, 1)
delete from victims where case when id = 1 then true else true end
delete from victims where nullif(1, 2) = 1
delete from victims where 'x' = current_user or current_user is not null
delete from victims using products
delete from victims using products where products.id = products.id
delete from victims using (values (1)) c (one) where one = 1
delete from victims using (select 1 as one) c where c.one = 1
delete from victims using products p where p.id = 1
delete from victims v using (select 1 as id) v2 where v2.id = 1
delete from victims where id in (select v.id from victims v, (values (1)) c (one) where c.one = 1)
delete from victims where id in (select v.id from victims v left join (select 1 as one) c on true where one = 1)
delete from victims where id in (select v.id from victims v join products p on true where p.id = 1)
delete from victims where id in (select generate_series(1, 1000) from products where id = 1)
delete from victims where id in (select unnest(array(select id from victims)) from products where id = 1)
delete from victims where id in (select id from victim_view where one = 1)
delete from victims where id in (with c as (select id, 1 as one from victims) select id from c where one = 1)
with c as (select id, 1 as one from victims) delete from victims where id in (select id from c where one = 1)
with recursive c (id) as (select 1 union all select id + 1 from c where id < 1000) delete from victims where id in (select id from c)
delete from victim_view
delete from victim_view where one = 1
update victim_view set note = '' where one = 1
delete from victims where current_setting('server_version') <> ''
delete from victims where (select count(*) from victims) > 0
delete from victims where (id = 1) is not null
delete from victims where (id = 1) is distinct from null
delete from victims where random() >= 0
delete from victims where id in (1) is not unknown
update victims set note = ''
update only victims set note = '' where 'a' = 'a'
update victims set note = '' where not false
update victims set note = '' where tableoid = 'victims'::regclass
update victims set note = '' from products
update victims set note = '' from products p where p.id = 1
update victims v set note = '' from victims w where w.id = 1
update victims v set note = '' from victims w where v.id = w.id
update victims set (id, note) = (select id, '' where true)
update victims set note = '' where id in (table victim_ids)
update victims set note = '' returning (select 1)
with gone as (delete from victims returning *) select count(*) from gone
with a as (select 1), b as (update victims set note = '' returning id) select 1 from a
with a as (with b as (delete from victims returning id) select * from b) select 1 where false
with d as (delete from victims where false or true returning 1) insert into products (name) select 'x' where false
with d as (delete from victims) select 1
with d as materialized (delete from victims where id = 1 or id <> 1 returning 1) select * from d limit 0
insert into products (name) with gone as (delete from victims returning note) select note from gone
merge into victims v using products p on true when matched then delete
merge into victims v using (select 1 as one) c on one = 1 when matched then update set note = ''
merge into victims v using victims w on v.id = w.id when matched and true then delete
merge into victims v using products p on false when not matched by source then delete
insert into victims (id, note) select id, 'x' from victims on conflict (id) do update set note = 'x'
insert into victims (id, note) select generate_series(1, 50), 'x' on conflict (id) do update set note = 'x'
insert into victims (id, note) select g, 'x' from generate_series(1, 50) g where g > 0 on conflict (id) do update set note = 'x'
insert into victims (id, note) select v.id, 'x' from victims v, (values (1)) c (one) where one = 1 on conflict (id) do update set note = 'x'
explain analyze delete from victims
explain (analyze, buffers) update victims set note = ''
explain (analyze true) delete from victims
explain (analyze on, costs off) delete from victims
explain (analyze 1) delete from victims
explain (analyze false, analyze true) delete from victims
explain (ANALYZE) with d as (delete from victims) select 1
explain analyze create table x as select victim_function()
explain analyze execute victim_later
prepare p as delete from victims; execute p
prepare p as select 1; deallocate p; prepare p as truncate victims
prepare p as drop table victims
declare c cursor for delete from victims returning *
declare c cursor with hold for with d as (delete from victims returning *) select * from d
declare c cursor for select victim_function()
select 1; drop table victims
select 1; ; ; delete from victims
;;; delete from victims ;;;
begin; drop table victims; commit
begin; delete from victims; savepoint s; rollback to s; commit and chain
commit; drop table victims; begin
begin; select 1; delete from victims; prepare transaction 'x'
select 1; select 2; select 3; select victim_function()
do $$ begin execute 'drop table victims'; end $$
do $x$ begin delete from victims; end $x$ language plpgsql
do language plpgsql 'begin perform victim_function(); end'
create function f() returns void language sql as 'delete from victims'
create or replace function f() returns int language plpgsql as $$ begin delete from victims; return 1; end $$
create or replace function victim_harmless() returns int language sql as 'delete from victims returning 1'
create function pg_temp.f() returns int language sql as 'delete from victims returning 1'
create function f() returns int begin atomic delete from victims returning 1; end
create function f(x int default victim_function()) returns int language sql as 'select 1'
create procedure q() language sql as 'drop table victims'
create aggregate a (int) (sfunc = victim_equal, stype = int)
create operator ==== (leftarg = int, rightarg = int, function = victim_equal)
create operator class oc for type int using btree as operator 3 ===, function 1 victim_equal(int, int)
create cast (text as int) with function victim_text(text)
create cast (int as victim_kind) with inout as implicit
create domain d as int check (victim_function() = 1)
create conversion c for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1
create collation c (locale = 'C')
create transform for int language sql (from sql with function victim_internal(internal))
create rule r as on insert to products do also delete from victims
create rule r as on select to victim_ids do instead select victim_function()
create or replace rule r as on update to products do instead nothing
create trigger t before insert on products for each row execute function suppress_redundant_updates_trigger()
create constraint trigger t after insert on products for each row execute function victim_trigger()
create event trigger e on ddl_command_start execute function victim_function()
create policy p on victims using (victim_function() = 1)
create index i on products ((victim_function()))
create index i on products (name) where victim_function() = 1
create unique index concurrently i on victims ((victim_of(id)))
create statistics s on (victim_of(id)), note from victims
create table x (a int default victim_function())
create table x (a int check (victim_of(a) = 1))
create table x (a int generated always as (victim_of(1)) stored)
create table x (a int) partition by list (victim_of(a))
create table x as select victim_function()
create table x as execute victim_later
create temp table x as select * from victim_calls
create view x as select victim_function()
create materialized view x as select victim_function()
create schema x create table t (a int) create view v as select victim_function()
create schema x authorization app create table t (a int)
create foreign table x (a int) server s
create server s foreign data wrapper w options (host 'x')
create user mapping for public server s
refresh materialized view victim_stored
refresh materialized view concurrently victim_stored
select victim_function()
SELECT "victim_function"()
select public.victim_function()
select shop.public.victim_function()
select * from victim_function()
select * from rows from (victim_function(), generate_series(1, 2)) with ordinality
select 1 where victim_function() = 1
select 1 order by victim_function()
select 1 limit victim_function()
select 1 offset victim_function()
select count(*) filter (where victim_function() = 1)
select sum(1) over (order by victim_function())
select case when true then victim_function() end
select array[victim_function()]
select (select victim_function())
select lateral_one.* from products, lateral (select victim_function()) lateral_one
values (victim_function())
select * from (values (victim_function())) v
select victim_of(a => 1)
select victim_of(variadic array[1])
select 1 group by victim_function()
select v.victim_field from victims v
select (v).victim_field from victims v
select victims.victim_field from victims
select 1 from victims v where v.victim_field = 1
select 1 === 1
select 1 operator(public.===) 1
select 1 === any (array[1])
select victim_sum(1)
select victim_sum(1) over ()
select initcap(42)
select public.initcap(42)
select ('/etc/passwd'::text).pg_read_file
select public.victims.victim_field from victims
select (select v from victims v limit 1).victim_field
select 'a'::victim_kind::int
select cast('a'::victim_kind as int)
select 1::victim_domain
select victim_domain '1'
select '{1}'::victim_domain[]
select row(1, 'x')::victim_pair
select * from json_to_record('{"a":1}') as x (a victim_domain)
select json_populate_record(null::victim_pair, '{"a":1}')
select * from json_table('[1]', '$[*]' columns (a victim_domain path '$'))
select * from xmltable('/a' passing '<a>1</a>' columns a victim_domain path '.')
select jsonb_populate_record_valid(null::victim_pair, '{"a":1}')
select json_value('1', '$' returning victim_domain)
prepare p (victim_domain) as select $1; execute p (1)
select * from victim_calls
table victim_calls
copy victim_calls to stdout
copy (select victim_function()) to stdout
copy (delete from victims returning *) to stdout
copy (with d as (delete from victims returning *) select * from d) to stdout
insert into victim_ruled values (1)
insert into victim_ruled select 1 where false
call victim_procedure()
call public.victim_procedure()
select query_to_xml('delete from victims returning 1', true, false, '')
select query_to_xml_and_xmlschema('delete from victims returning 1', true, false, '')
select query_to_xmlschema('select victim_function()', true, false, '')
select cursor_to_xml('c', 1, true, false, '')
select table_to_xml('victim_calls', true, false, '')
select schema_to_xml('public', true, false, '')
select database_to_xml(true, false, '')
select xpath('/a', query_to_xml('select victim_function()', true, false, ''))
select * from ts_stat('select to_tsvector(victim_function()::text)')
select ts_rewrite('a', 'select victim_function()::text::tsquery, null')
select lo_unlink(1)
select lo_from_bytea(0, 'x')
select lo_create(1)
select lo_put(1, 0, 'x')
select lo_import('/etc/passwd')
select lo_export(1, '/tmp/x')
select lowrite(lo_open(1, 131072), 'x')
copy victims from program 'echo 1'
copy victims to program 'cat > /tmp/victims'
copy (select 1) to program 'touch /tmp/victims'
copy victims to '/tmp/victims'
copy victims from $$/etc/passwd$$
copy victims from E'\\x2fetc/passwd'
copy victims (note) from U&'\\002fetc/passwd'
select pg_read_file('/etc/passwd')
select pg_catalog . pg_read_file ( '/etc/passwd' )
select "pg_read_file"('postgresql.conf', 0, 100, true)
select pg_read_binary_file('/etc/passwd')
select pg_stat_file('/etc/passwd')
select pg_ls_dir('/')
select * from pg_ls_logdir()
select pg_ls_waldir()
select pg_write_file('/tmp/x', 'y')
select pg_file_write('/tmp/x', 'y', false)
select pg_terminate_backend(pid) from pg_stat_activity
select pg_cancel_backend(1)
select pg_terminate_backend(1, 100)
select pg_reload_conf()
select pg_rotate_logfile()
select pg_switch_wal()
select pg_promote()
select pg_create_restore_point('x')
select pg_backup_start('x')
select pg_wal_replay_pause()
select pg_drop_replication_slot('x')
select pg_create_physical_replication_slot('x')
select pg_create_logical_replication_slot('x', 'pgoutput')
select pg_logical_emit_message(true, 'x', 'y')
select pg_replication_origin_create('x')
select pg_export_snapshot()
select pg_import_system_collations('pg_catalog')
select pg_stat_reset()
select pg_log_backend_memory_contexts(1)
select pg_extension_config_dump('victims', '')
select binary_upgrade_set_next_pg_type_oid(1)
select pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')
select pg_restore_relation_stats('schemaname', 'public', 'relname', 'victims', 'reltuples', 0::real)
select pg_clear_relation_stats('public', 'victims')
grant all on victims to public
grant select (note) on victims to app
grant all on all tables in schema public to public
grant all on schema public to app
grant execute on function pg_read_file(text) to public
grant set on parameter session_preload_libraries to app
grant app to gatehouse_owner
grant pg_execute_server_program to app with admin option
revoke all on victims from app
revoke app from gatehouse_owner
create role eve superuser
create user eve password 'x'
create group eve
drop role app
drop user if exists app
alter user app password 'x'
alter user app rename to eve
reassign owned by app to gatehouse_owner
set role gatehouse_owner
set role to 'gatehouse_owner'
set role app
set local role app
set session role app
set session authorization app
set local session authorization 'app'
begin; set role app; commit
select set_config('role', 'app', false)
select set_config('ROLE', 'app', true)
select set_config('session_authorization', 'app', false)
select set_config('ro' || 'le', 'app', false)
select pg_catalog.set_config(s.name, 'app', false) from pg_settings s where s.name = 'role'
update pg_settings set setting = 'app' where name = 'role'
update pg_catalog.pg_settings set setting = 'off' where name = 'standard_conforming_strings'
create extension dblink
create extension if not exists postgres_fdw cascade
create extension file_fdw
load 'auto_explain'
load '$libdir/plugins/x'
create language plperlu
create language x handler plpgsql_call_handler
create subscription s connection 'host=x' publication p
create publication p for all tables
create publication p for table victims
create foreign data wrapper w
create access method am type table handler heap_tableam_handler
create tablespace t location '/tmp'
import foreign schema public from server s into public
security label on table victims is 'x'
cluster victims using victims_pkey
cluster
reindex table victims
reindex database shop
checkpoint
insert into pg_catalog.pg_auth_members (roleid, member, grantor) values (1, 1, 1)
insert into pg_db_role_setting values (0, 0, '{role=app}')
update pg_authid set rolsuper = true where rolname = 'app'
update pg_catalog.pg_proc set prosrc = 'begin delete from victims; return 1; end' where proname = 'victim_harmless'
update pg_class set relacl = null where relname = 'victims'
update pg_database set datallowconn = false where datname = 'shop'
update pg_rewrite set ev_enabled = 'D' where rulename = 'victim_rule'
delete from pg_catalog.pg_class where relname = 'victims'
delete from pg_attribute where attname = 'note'
delete from pg_largeobject where loid = 1
delete from pg_trigger where tgname = 'x'
delete from information_schema.sql_features where feature_id = 'B011'
merge into pg_class c using products p on false when not matched by source and c.relname = 'victims' then delete
copy pg_catalog.pg_proc from stdin
select * from pg_authid
select rolpassword from pg_catalog.pg_authid where rolname = current_user
select "rolpassword" from "pg_catalog"."pg_authid"
select passwd from pg_shadow
select (a).rolpassword from pg_authid a
select row_to_json(a) from pg_authid a
select 1 from pg_authid where rolpassword like 'SCRAM%'
table pg_authid
copy pg_authid to stdout
copy (select rolpassword from pg_shadow) to stdout
create view x as select * from pg_authid
create table x as table pg_shadow
with a as (select * from pg_authid) select count(rolpassword) from a
select * from pg_user_mappings
select most_common_vals from pg_stats where tablename = 'customers'
select stavalues1 from pg_statistic
select query from pg_stat_activity
select pg_stat_get_backend_activity(1)
select pg_stat_get_activity(null)
set standard_conforming_strings = off
set local standard_conforming_strings to 0
set standard_conforming_strings to default
reset standard_conforming_strings
set client_encoding to 'SJIS'
set names 'SJIS'
set client_encoding to default
select set_config('standard_conforming_strings', 'off', false)
select set_config('client_encoding', 'GBK', false)
select $$a$$; drop table victims; select $$b$$
select $a$ $b$ $a$; delete from victims; select $b$ $a$ $b$
select E'\\''; delete from victims; --'
select 'a\\'; delete from victims; --'
select U&'\\0027'; delete from victims; --'
select "a""; b"; delete from victims; --"
drop table victims \\; select 1
\\; delete from victims
`);

/** What a deployer without a purpose tries to write: refused, whatever it looks like. */
export const POSTGRES_WRITES: readonly string[] = lines(`
insert into victims (note) values ('x')
insert into victims default values
insert into victims select * from victims where id = -1
insert into victims (id, note) values (1, 'x') on conflict (id) do update set note = 'overwritten'
insert into victims (id, note) values (1, 'x') on conflict do nothing
insert into victim_view (id, note) values (-1, 'x')
delete from victims where id = 1
delete from only victims where id = 1 returning *
update victims set note = 'x' where id = 1
update victims set note = note where id = 1 returning old.note, new.note
with x as (insert into victims (note) values ('x') returning id) select 1
with x as (delete from victims where id = 1 returning id) select id from x where false
merge into victims v using (values (1)) c (id) on v.id = c.id when matched then do nothing when not matched then insert (note) values ('x')
explain analyze insert into victims (note) values ('x')
explain (analyze) update victims set note = 'x' where id = 1
select * into victims2 from victims
select 1 as a into temp x
create table victims_copy as select * from victims
create table if not exists victims as select 1 as a
create unlogged table x (a int)
create temp table victims (id int)
create table x () inherits (victims)
create table x (like victims including all)
create view x as select 1 as a
create or replace view victim_view as select id, note, 2 as one from victims
create materialized view x as select 1 as a
create index on victims (note)
create sequence s
create type t as enum ('a')
create schema s
create database d
comment on table victims is 'x'
comment on column victims.note is null
vacuum full victims
analyze victims
copy victims (note) from stdin
copy victims from stdin with (format csv)
prepare w as insert into victims (note) values ('x'); execute w
select nextval('victims_id_seq')
select nextval('public.victims_id_seq'::regclass)
select setval('victims_id_seq', 1)
select setval('victims_id_seq', 1, false) from generate_series(1, 3)
select * from victims where id = nextval('victims_id_seq')
values (nextval('victims_id_seq'))
`);

/** Texts with characters that no line of the lists above could hold. */
export const POSTGRES_ODD_TEXTS: readonly string[] = [
  'select 1 -- a comment that ends with a carriage return\r; delete from victims',
  'select 1; -- x\r; delete from victims',
  'delete\tfrom\nvictims',
  'delete\ffrom\vvictims',
  'delete\u00a0from victims',
  '\ufeffdelete from victims',
  '\ufeff;delete from victims',
  'delete from victims\u200b',
  'delete\u200bfrom victims; delete from victims',
  'delete from v\u0456ctims; delete from victims',
  'delete from "victims\u200b"; delete from victims',
  'dr\u043ep table victims; drop table victims',
  '\u2028delete from victims; delete from victims',
  'delete from victims where id \uff1d 1 or true; delete from victims',
  `${' '.repeat(20_000)}delete from victims`,
  `/*${'x'.repeat(100_000)}*/ delete from victims`,
  `${'/*'.repeat(1_000)}${'*/'.repeat(1_000)} delete from victims`,
  `${'select 1;'.repeat(900)} delete from victims`,
  `delete from victims where ${'('.repeat(500)}true${')'.repeat(500)}`,
  `delete from victims where ${Array.from({ length: 500 }, (_, n) => `id <> ${n}`).join(' or ')}`,
  `select '${'x'.repeat(9_000)}'; drop table victims`,
  `select 1 as "${'x'.repeat(70)}"; drop table victims`,
  `drop table "${'victims'}"\n\n\n--\n/**/`,
  'select $\u00e9$ ; $\u00e9$; drop table victims; select $\u00e9$ $\u00e9$',
  "select 'a'\n'b'; drop table victims; select 'c'\n'd'",
  "select 'a' -- x\n'b'; drop table victims; --'",
  'create table "a\nb" as select victim_function()',
  'select "victim_function"\n(\n)',
  'select victim_function /* */ -- x\n ()',
  '\u001adelete from victims',
];

function lines(text: string): readonly string[] {
  return text.trim().split('\n');
}
