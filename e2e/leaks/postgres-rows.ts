import { type LeakRow, rows } from './leak-row.ts';

/** Attempts to read e-mail, phone, national id, card number and notes of the demo's shop, by every road that a query has. */
export const POSTGRES_LEAKS: readonly LeakRow[] = [
  ...rows(
    'masked',
    `
    select email from customers where id <= 3
    select * from customers where id <= 3
    select c.* from customers c where c.id <= 3
    select email as harmless from customers where id <= 3
    select full_name as email, email as full_name from customers where id <= 3
    select "email" from "public"."customers" where id <= 3
    select customers.email, o.id from customers join orders o on o.customer_id = customers.id where customers.id <= 3
    select email from only customers where id <= 3
    table customers
    select (c).email from customers c where id <= 3
    select phone, national_id, birth_date from customers where id <= 3
    select card_number from payments where id <= 3
    select distinct on (id) email from customers where id <= 3 order by id
    select email from customers tablesample bernoulli (100) where id <= 3
    select id, email from customers where id in (select customer_id from orders where id < 20) order by id
    select email from (select email from customers where id <= 3) s
    with c as (select id, email from customers where id <= 3) select email from c
    select s.email from customers c, lateral (select c.email) s where c.id <= 3
    `,
  ),
  ...rows(
    'denied',
    `
    select lower(email) from customers where id <= 3
    select email || '' from customers where id <= 3
    select email::text::varchar(200) from customers where id <= 3
    select substr(email, 1, 5) from customers where id <= 3
    select length(email) from customers where id <= 3
    select md5(email) from customers where id <= 3
    select coalesce(email, '') from customers where id <= 3
    select case when email is null then '' else email end from customers where id <= 3
    select array[email] from customers where id <= 3
    select array_agg(email) from customers
    select string_agg(email, ',') from customers
    select min(email), max(email) from customers
    select json_agg(customers) from customers
    select row_to_json(c) from customers c where id <= 3
    select to_jsonb(c) ->> 'email' from customers c where id <= 3
    select c from customers c where id <= 3
    select (c).email || '' from customers c where id <= 3
    select c::text from customers c where id <= 3
    select row(c.*)::text from customers c where id <= 3
    select count(distinct email) from customers
    select first_value(email) over (order by id) from customers
    select lag(email) over (order by id) from customers
    select xmlelement(name e, email) from customers where id <= 3
    select convert_to(email, 'UTF8') from customers where id <= 3
    select encode(email::bytea, 'hex') from customers where id <= 3
    select ascii(email) from customers where id <= 3
    select id from customers where email like 'a%'
    select id from customers where email = 'x@example.com'
    select id from customers where email > 'm'
    select id from customers order by email
    select email, count(*) from customers group by email
    select count(*) from customers group by email
    select a.id from customers a join customers b on a.email = b.email
    select id from customers where exists (select 1 from customers x where x.email ~ '^a' and x.id = customers.id)
    select id from orders where (select email from customers where customers.id = orders.customer_id) like 'a%'
    select (select email from customers where id = 1)
    select 1/(case when (select email from customers where id = 1) like 'a%' then 0 else 1 end)
    select cast((select email from customers where id = 1) as int)
    select cast(email as int) from customers where id = 1
    copy customers to stdout
    copy customers (email) to stdout with csv
    copy (select email from customers) to stdout
    copy (select email from customers) to stdout with binary
    select query_to_xml('select email from customers', true, false, '')
    select table_to_xml('customers', true, false, '')
    select database_to_xml(true, false, '')
    select ts_stat('select to_tsvector(email) from customers')
    select most_common_vals from pg_stats where tablename = 'customers'
    select stavalues1 from pg_statistic
    select * from pg_stats_ext
    create table copy_of as select * from customers
    create temp table copy_of as select email from customers
    select email into copy_of from customers
    create view v as select email from customers
    create materialized view v as select email from customers
    insert into products (name) select email from customers
    update customers set notes = email where id = 1
    insert into customers (full_name, email) values ('x', 'y') returning email
    update customers set full_name = full_name where id = 1 returning email
    delete from customers where id = -1 returning email
    do $$ begin raise exception '%', (select email from customers where id = 1); end $$
    select set_config('application_name', email, false) from customers where id = 1
    select pg_notify('x', email) from customers where id = 1
    select pg_read_file('/etc/passwd')
    select lo_import('/etc/passwd')
    select dblink('dbname=shop', 'select email from customers')
    `,
  ),
  ...rows(
    'depth',
    `
    select email from customers where id = 1 union select full_name from customers where id = 2
    select email from customers where id = 1 union all select email from customers where id = 2
    with recursive r as (select id, email from customers where id = 1 union all select id + 1, email from r where id < 3) select * from r
    select v.email from customers c, lateral (values (c.email)) v(email) where c.id <= 3
    select * from customer_orders limit 3
    explain select email from customers
    explain analyze select * from customers where id = 1
    explain (format json) select * from customers
    `,
  ),
  ...rows(
    'harmless',
    `
    select count(*) from customers
    select count(*), count(1) from customers where id < 100
    select id, full_name from customers where id <= 3
    select o.id, o.total from orders o join customers c on c.id = o.customer_id where c.id <= 3
    select sum(total) from orders
    select status, count(*) from orders group by status
    select exists (select 1 from customers where id = 1)
    select 1 from customers where id <= 3
    select now(), current_user, version()
    select table_name from information_schema.tables where table_schema = 'public'
    select attname from pg_attribute where attrelid = 'customers'::regclass
    `,
  ),
];
