import { type LeakRow, rows } from './leak-row.ts';

/** Attempts to read customer_email, tax_id and iban of the demo's billing, by every road that a query has. */
export const MYSQL_LEAKS: readonly LeakRow[] = [
  ...rows(
    'masked',
    `
    select customer_email from accounts where id <= 3
    select * from accounts where id <= 3
    select a.* from accounts a where a.id <= 3
    select customer_email as harmless from accounts where id <= 3
    select company as iban, iban as company from accounts where id <= 3
    select \`customer_email\` from \`billing\`.\`accounts\` where id <= 3
    select billing.accounts.iban from billing.accounts where id <= 3
    select a.iban, i.number from accounts a join invoices i on i.account_id = a.id where a.id <= 3
    select tax_id, iban from accounts where id <= 3
    select iban from accounts where id in (select account_id from invoices where id < 20)
    select sql_no_cache iban from accounts where id <= 3
    select high_priority iban from accounts where id <= 3
    select iban from accounts where id <= 3 for update
    select iban from accounts use index (primary) where id <= 3
    select iban from accounts where id <= 3 limit 2
    select distinct id, iban from accounts where id <= 3
    `,
  ),
  ...rows(
    'denied',
    `
    select lower(iban) from accounts where id <= 3
    select concat(iban, '') from accounts where id <= 3
    select cast(iban as char(50)) from accounts where id <= 3
    select convert(iban using latin1) from accounts where id <= 3
    select substr(customer_email, 1, 5) from accounts where id <= 3
    select length(iban) from accounts where id <= 3
    select md5(iban) from accounts where id <= 3
    select hex(iban) from accounts where id <= 3
    select ascii(iban) from accounts where id <= 3
    select ifnull(iban, '') from accounts where id <= 3
    select if(iban like 'D%', 1, 0) from accounts where id <= 3
    select case when iban is null then '' else iban end from accounts where id <= 3
    select group_concat(iban) from accounts
    select json_arrayagg(iban) from accounts
    select json_object('a', iban) from accounts where id <= 3
    select min(iban), max(iban) from accounts
    select count(distinct iban) from accounts
    select first_value(iban) over (order by id) from accounts
    select iban + 0 from accounts where id <= 3
    select binary iban from accounts where id <= 3
    select iban collate utf8mb4_bin from accounts where id <= 3
    select id from accounts where iban like 'D%'
    select id from accounts where iban >= 'DE00'
    select id from accounts where iban = 'DE00' or iban = 'DE01'
    select id from accounts where iban = 1
    select id from accounts where iban = 'DE00' collate utf8mb4_general_ci
    select id from accounts where lower(iban) = 'de00'
    select id from accounts where iban > 'M'
    select id from accounts where iban regexp '^D'
    select id from accounts where locate('D', iban) = 1
    select id from accounts order by iban
    select id, iban from accounts order by 2
    select iban as x from accounts order by x
    select iban, count(*) from accounts group by iban
    select count(*) from accounts group by iban
    select company from accounts group by company having max(iban) > 'M'
    select a.id from accounts a join accounts b on a.iban = b.iban
    select a.id from accounts a join accounts b using (iban)
    select id from invoices where exists (select 1 from accounts a where a.iban like 'D%' and a.id = invoices.account_id)
    select (select iban from accounts where id = 1)
    select extractvalue(1, concat(0x7e, (select iban from accounts where id = 1)))
    select updatexml(1, concat(0x7e, (select customer_email from accounts where id = 1)), 1)
    select @x := iban from accounts where id = 1
    select iban into @x from accounts where id = 1
    set @x = (select iban from accounts where id = 1)
    select iban from accounts where id = 1 into outfile '/tmp/leak'
    select load_file('/etc/passwd')
    create table copy_of as select * from accounts
    create temporary table copy_of select iban from accounts
    create view v as select iban from accounts
    insert into credit_notes (reason) select iban from accounts
    insert into invoices (number) select customer_email from accounts
    update accounts set company = iban where id = 1
    update invoices i join accounts a on a.id = i.account_id set i.number = a.iban where i.id = 1
    replace into credit_notes (id, reason) select id, iban from accounts
    handler accounts open
    do (select iban from accounts where id = 1)
    do sleep((select length(iban) from accounts where id = 1))
    prepare s from 'select iban from accounts'
    execute immediate 'select iban from accounts'
    select iban from accounts procedure analyse()
    select * from information_schema.column_statistics
    select 1 /*! union select iban from accounts */
    select 1 /*M!100000 union select iban from accounts */
    begin not atomic select iban from accounts; end
    with recursive r as (select id, iban from accounts where id = 1 union all select id + 1, iban from r where id < 3) select max(iban) from r
    `,
  ),
  ...rows(
    'depth',
    `
    select iban from accounts where id = 1 union select company from accounts where id = 2
    select iban from (select iban from accounts where id <= 3) s
    with c as (select id, iban from accounts where id <= 3) select iban from c
    explain select iban from accounts
    `,
  ),
  ...rows(
    'harmless',
    `
    select count(*) from accounts
    select count(*), count(1) from accounts where id < 100
    select id, company from accounts where id <= 3
    select i.id, i.amount from invoices i join accounts a on a.id = i.account_id where a.id <= 3
    select sum(amount) from invoices
    select status, count(*) from invoices group by status
    select exists (select 1 from accounts where id = 1)
    select now(), version()
    select table_name from information_schema.tables where table_schema = 'billing'
    show tables
    show columns from accounts
    `,
  ),
];
