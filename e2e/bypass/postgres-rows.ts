/**
 * Statements that try to do what the shipped policies forbid, in disguise. Every one is refused, and the
 * server is as it was. `deployer` sends them: a service that may write with a purpose.
 */
export const POSTGRES_BYPASSES: readonly string[] = `
drop table victims
DROP TABLE IF EXISTS victims CASCADE
/* harmless */ drop /* x */ table victims -- y
drop table "victims"
drop table public.victims, products
drop schema public cascade
drop database shop
drop index victims_pkey
drop view customer_orders
drop owned by current_user
truncate victims
truncate table only victims restart identity cascade
alter table victims add column x int
alter table victims rename to gone
alter table victims drop column note
alter table victims disable trigger all
alter table victims owner to app
alter schema public rename to other
alter system set work_mem = '1MB'
alter role app superuser
alter database shop set search_path to pg_temp
delete from victims
delete from only victims
delete from victims where true
delete from victims where 1 = 1
delete from victims where id = id or true
delete from victims using products
update victims set note = ''
update only victims set note = '' where 'a' = 'a'
update victims set note = '' where not false
update victims set note = '' from products
with gone as (delete from victims returning *) select count(*) from gone
with a as (select 1), b as (update victims set note = '' returning id) select 1 from a
explain analyze delete from victims
explain (analyze, buffers) update victims set note = ''
prepare p as delete from victims; execute p
prepare p as select 1; deallocate p; prepare p as truncate victims
declare c cursor for delete from victims returning *
merge into victims v using products p on true when matched then delete
select 1; drop table victims
select 1; ; ; delete from victims
begin; drop table victims; commit
do $$ begin execute 'drop table victims'; end $$
do $x$ begin delete from victims; end $x$ language plpgsql
create function f() returns void language sql as 'delete from victims'
create or replace function f() returns int language plpgsql as $$ begin delete from victims; return 1; end $$
create procedure q() language sql as 'drop table victims'
create rule r as on insert to products do also delete from victims
create trigger t before insert on products for each row execute function suppress_redundant_updates_trigger()
create event trigger e on ddl_command_start execute function victim_function()
select victim_function()
select * from victim_function()
call victim_procedure()
select query_to_xml('delete from victims returning 1', true, false, '')
select cursor_to_xml('c', 1, true, false, '')
select lo_unlink(1)
select lo_from_bytea(0, 'x')
copy victims from program 'echo 1'
copy victims to program 'cat > /tmp/victims'
copy victims to '/tmp/victims'
copy victims from $$/etc/passwd$$
select pg_read_file('/etc/passwd')
select pg_ls_dir('/')
select pg_write_file('/tmp/x', 'y')
select pg_terminate_backend(pid) from pg_stat_activity
select pg_reload_conf()
select pg_switch_wal()
select setval('victims_id_seq', 1)
grant all on victims to public
grant app to gatehouse_owner
revoke all on victims from app
create role eve superuser
create user eve password 'x'
drop role app
alter user app password 'x'
reassign owned by app to gatehouse_owner
set role gatehouse_owner
set session authorization app
set local role app
create extension dblink
load 'auto_explain'
create language plperlu
create subscription s connection 'host=x' publication p
create publication p for all tables
create foreign data wrapper w
import foreign schema public from server s into public
security label on table victims is 'x'
comment on table victims is 'x'
vacuum full victims
cluster victims using victims_pkey
reindex table victims
refresh materialized view nothing
create table victims_copy as select * from victims
create unlogged table if not exists victims as select 1
select * into victims2 from victims
insert into victims (id, note) values (1, 'x') on conflict (id) do update set note = 'overwritten'
set standard_conforming_strings = off
set client_encoding to 'SJIS'
set names 'SJIS'
select set_config('standard_conforming_strings', 'off', false)
select $$a$$; drop table victims; select $$b$$
drop table victims \\; select 1
`
  .trim()
  .split('\n');
