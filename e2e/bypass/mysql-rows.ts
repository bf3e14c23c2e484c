/** Statements that try to do what the shipped policies forbid, in disguise. Every one is refused, and the server is as it was. */
export const MYSQL_BYPASSES: readonly string[] = `
drop table victims
DROP TABLE IF EXISTS victims CASCADE
/* harmless */ drop /* x */ table victims -- y
drop table \`victims\`
drop table billing.victims, invoices
drop temporary table if exists victims
drop database billing
drop schema if exists billing
drop index i on victims
drop view if exists v
drop procedure victim_procedure
drop function victim_function
truncate victims
truncate table victims
alter table victims add column x int
alter table victims rename to gone
alter ignore table victims drop column note
alter table victims engine = memory
alter database billing character set latin1
alter user app identified by 'x'
rename table victims to gone
rename table victims to gone, gone to victims
delete from victims
delete quick from victims
delete low_priority from victims
delete from victims where true
delete from victims where 1 = 1
delete from victims where id = id
delete from victims where id = 1 or 1 = 1
delete from victims limit 10
delete from victims order by id
delete from victims where id = 5 xor true
delete from victims where id = 5 and 1 || 1
delete from victims where id = 5 in (0, 1)
delete from victims where id > 3 or id <= 3
delete from victims where note like '_%_'
delete from victims where id in (select id from (select id from victims) x)
delete from victims where id = any (select id from invoices)
delete v from victims v join (select 1 as x) s on s.x = 1 where s.x = 1
delete v from victims v join invoices i on true where i.id = 1
update victims v, (select 1 as one) s set v.note = '' where s.one = 1
delete victims from victims
delete v from victims v
delete v from victims v, invoices
delete from v using victims v
update victims set note = ''
update low_priority ignore victims set note = ''
update victims set note = '' where 'a' = 'a'
update victims set note = '' where not (id = 0)
update victims v, invoices i set v.note = ''
update victims set note = '' limit 5
/*!50000 drop table victims */
/*! drop table victims */
/*M! drop table victims */
/*M!100000 delete from victims */
select 1 /*!50000 ; drop table victims */
delete from victims /*!99999 where id = 0 */
delete from victims /*!050503 where id = 0 */
delete from victims /*!5050 where id = 0 */
delete from victims /*! -- */ where id = 0
select 1; drop table victims
select 1; ; delete from victims
begin not atomic drop table victims; end
begin not atomic delete from victims; end
prepare s from 'drop table victims'
prepare s from 'delete from victims'
execute immediate 'drop table victims'
execute immediate concat('drop ', 'table victims')
call victim_procedure()
call billing.victim_procedure()
select victim_function()
select billing.victim_function() from dual
do victim_function()
set @x = victim_function()
create function f() returns int return 1
create procedure q() delete from victims
create or replace procedure q() begin delete from victims; end
create trigger t before insert on invoices for each row delete from victims
create event e on schedule every 1 day do delete from victims
create view v as select * from victims
create table victims_copy as select * from victims
create table victims_copy like victims
create or replace table victims (a int)
select * from victims into outfile '/tmp/victims'
select note from victims limit 1 into dumpfile '/tmp/victims'
select load_file('/etc/passwd')
load data infile '/etc/passwd' into table victims
load xml infile '/etc/passwd' into table victims
grant all on *.* to app
revoke all on *.* from app
create user eve
create role r
drop user app
set role none
set password = password('x')
set global max_connections = 1
set global general_log = 1
set @@global.max_connections = 1
set sql_mode = 'ANSI_QUOTES'
set session sql_mode = 'NO_BACKSLASH_ESCAPES'
set @@sql_mode = concat('ANSI', '_QUOTES')
set session sql_mode = 4
set sql_mode = 0x414e53495f51554f544553
set sql_mode = 'ANSI_QUOTE\\S'
set sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')
set statement max_statement_time = 10 for delete from victims
set statement max_statement_time = 10 for drop table victims
set statement sql_mode = 'ANSI_QUOTES' for update victims set note = "id"
set @x = \`victim_function\`()
set names gbk
set character_set_client = sjis
flush tables
flush privileges
reset query cache
shutdown
purge binary logs to 'x'
install plugin p soname 'x.so'
install soname 'x'
optimize table victims
repair table victims
analyze table victims
xa start 'x'
kill 1
insert into victims (id, note) select id, 'x' from victims on duplicate key update note = victim_function()
insert into victims (id, note) select id, 'x' from victims on duplicate key update note = 'x'
insert into victims (id, note) select v.id, 'x' from victims v where v.id > 0 on duplicate key update note = 'x'
insert into victims (id, note) select 1, 'x' union all select 2, 'x' on duplicate key update note = 'x'
replace into victims (id, note) select id, 'x' from victims
replace into victims select * from victims where id = 1
insert into mysql.user (host, user) values ('x', 'eve')
delete from mysql.user
update mysql.user set plugin = '' where user = 'app'
explain delete from victims
analyze delete from victims
analyze format=json update victims set note = ''
`
  .trim()
  .split('\n');
