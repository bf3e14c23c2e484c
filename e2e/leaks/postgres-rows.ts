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
    select (select email from customers where id = 1)
    select email from customers where id = 1 union all select email from customers where id = 2
    select v.email from customers c, lateral (values (c.email)) v(email) where c.id <= 3
    copy customers to stdout
    copy customers (email) to stdout with csv
    copy (select email from customers) to stdout
    copy (select email from customers) to stdout with binary
    copy (select lower(email), c from customers c) to stdout with (format csv, header true, force_quote *, null 'NIL')
    select * from customer_orders limit 3
    select customer_id, full_name, email, orders, spent from customer_orders order by customer_id limit 3
    select lower(email) as x, v.* from customer_orders v order by spent limit 3
    select email from customer_orders union all select phone from customers where id <= 3
    select email from customers where id = 1 union all select phone from customers where id = 2
    select email from customers where id = 1 union all select full_name from customers where id = 2 union all select 'x'
    with c as (select lower(email) as e, id from customers where id <= 3) select e, e || '!', id from c
    select exists (select email from customers), (select max(phone) from customers)
    select case when id = 1 then email else phone end from customers where id <= 3
    select row_number() over (order by id), email from customers where id <= 3
    select coalesce(c.email, c.phone, 'none') as contact, count(*) over () from customers c where id <= 3
    `,
  ),
  ...rows(
    'hidden',
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
    select (c).email || '' from customers c where id <= 3
    select c::text from customers c where id <= 3
    select c from customers c where id <= 3
    select row(c.*)::text from customers c where id <= 3
    select count(distinct email) from customers
    select first_value(email) over (order by id) from customers
    select lag(email) over (order by id) from customers
    select email = 'x@example.com' from customers where id <= 3
    select email in ('a', 'b'), email between 'a' and 'b', email is distinct from 'c' from customers where id <= 3
    select nullif(email, 'x'), greatest(email, 'a'), concat(full_name, ' <', email, '>') from customers where id <= 3
    select left(email, 2), right(email, 2), split_part(email, '@', 1), translate(email, '@', '') from customers where id <= 3
    select left(right(email, -1), 1) || left(right(email, -2), 1) from customers where id <= 3
    select count(email), min(length(email)), bool_or(email = 'x') from customers
    select max(length(phone)), max(length(email)) from customers where id < 100
    select json_build_array(id, email), to_json(email), to_json(array[phone]) from customers where id <= 3
    select jsonb_agg(to_jsonb(c) -> 'email') from customers c where id <= 3
    select string_agg(email, ',' order by id) from customers where id <= 3
    select lead(email, 1) over (order by id), last_value(phone) over (partition by id % 3 order by id) from customers where id <= 30
    select x from (select lower(email) as x from customers where id <= 3 union all select phone from customers where id <= 3) s
    with c as materialized (select array_agg(email) as all_of_them from customers where id <= 3) select all_of_them[1] from c
    select array(select email from customers where id <= 3)
    select (array(select email from customers where id <= 3))[2]
    select o.id, (select c.email from customers c where c.id = o.customer_id) from orders o where o.id <= 3
    select (row(c.email, c.phone)).f1 from customers c where id <= 3
    `,
  ),
  ...rows(
    'denied',
    `
    select 1/(ascii(email) - 97) from customers where id = 1
    select sum(length(email)), avg(length(email)) from customers
    select replace(email, 'a', 'b') from customers where id = 1
    select count(*) from (select 1/(ascii(email) - 97) as x from customers where id = 1 offset 0) s
    with s as materialized (select 1/(ascii(email) - 97) as x from customers where id = 1) select count(*) from s
    select exists (select 1/(ascii(email) - 97) from customers where id = 1)
    select email like 'a%' from customers where id = 1
    select email ~ '^a' from customers where id = 1
    select substring(email from '^a.*') from customers where id = 1
    select email::date from customers where id = 1
    select to_date(email, 'YYYY') from customers where id = 1
    select case when email < 'm' then (select count(*) from generate_series(1, 3000000)) else 0 end from customers where id = 1
    select coalesce(nullif(email, 'a'), (select count(*)::text from generate_series(1, 3000000))) from customers where id = 1
    select email < 'm' and (select count(*) from generate_series(1, 3000000)) > 1 from customers where id = 1
    select repeat('x', length(email) * 100000) from customers where id = 1
    select generate_series(1, length(email)) from customers where id = 1
    select 1 from customers, generate_series(1, length(email)) where id = 1
    select unnest(string_to_array(email, '@')) from customers where id = 1
    select 1 from customers c, lateral unnest(array[c.email]) where id = 1
    select regexp_split_to_table(email, '') from customers where id = 1
    select 1 from customers c, lateral json_each(row_to_json(c)) where c.id = 1
    select birth_date + 1000000000 from customers where id = 1
    select chr(ascii(email)) from customers where id = 1
    select lag(email, length(email)) over (order by id) from customers
    select left(email, 2147483647 - length(email)) from customers where id = 1
    select format('%s', email) from customers where id = 1
    select v from customers c, lateral (values (1/(ascii(c.email) - 97))) t(v) where c.id = 1
    select count(*) from (values ((select ascii(email)/0 from customers where id = 1))) t
    select id from customers union select length(email) from customers
    select 1 from customers limit (select length(email) from customers where id = 1)
    select full_name from customers tablesample bernoulli ((select length(email) from customers where id = 1))
    select percentile_disc(0.5) within group (order by email) from customers
    select mode() within group (order by email) from customers
    select xmlelement(name e, email) from customers where id <= 3
    select convert_to(email, 'UTF8') from customers where id <= 3
    select encode(email::bytea, 'hex') from customers where id <= 3
    select ascii(email) from customers where id <= 3
    select id from customers where email like 'a%'
    select id from customers where email >= 'x@example.com'
    select id from customers where email = 'x@example.com' or email = 'y@example.com'
    select id from customers where lower(email) = 'x@example.com'
    select id from customers where email = 'x@example.com'::name
    select id from customers where email in ('x@example.com')
    select id from customers a where exists (select from customers b where b.email = a.email)
    select id from customers where email > 'm'
    select id from customers order by email
    select email, count(*) from customers group by email
    select count(*) from customers group by email
    select a.id from customers a join customers b on a.email = b.email
    select id from customers where exists (select 1 from customers x where x.email ~ '^a' and x.id = customers.id)
    select id from orders where (select email from customers where customers.id = orders.customer_id) like 'a%'
    select 1/(case when (select email from customers where id = 1) like 'a%' then 0 else 1 end)
    select cast((select email from customers where id = 1) as int)
    select cast(email as int) from customers where id = 1
    copy customers to stdout (encoding 'latin1')
    copy customers to '/tmp/stolen'
    copy (select email from customers) to program 'cat > /tmp/stolen'
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
    do $$ begin raise exception '%', (select email from customers where id = 1); end $$
    select set_config('application_name', email, false) from customers where id = 1
    select pg_notify('x', email) from customers where id = 1
    select pg_read_file('/etc/passwd')
    select lo_import('/etc/passwd')
    explain (verbose) select query_to_xml('select email from customers', true, true, '')
    explain (verbose) select id from customers where email > 'm'
    explain (verbose) select id from customers order by email
    explain analyze select * from customers where id = 1
    explain (analyze, serialize text) select email from customers, generate_series(1, 1000) where id = 1
    select dblink('dbname=shop', 'select email from customers')
    `,
  ),
  ...rows(
    'depth',
    `
    select email from customers where id = 1 union select full_name from customers where id = 2
    with recursive r as (select id, email from customers where id = 1 union all select id + 1, email from r where id < 3) select * from r
    `,
  ),
  ...rows(
    'harmless',
    `
    explain select email from customers
    explain (verbose, format json) select * from customers
    explain (verbose, costs off) select lower(email) from customers where id = 1
    explain update customers set full_name = 'x' where id = 1 returning email
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

/** The same for somebody who may write. Each is rolled back. */
export const POSTGRES_WRITE_LEAKS: readonly LeakRow[] = [
  ...rows(
    'masked',
    `
    update customers set full_name = full_name where id = 1 returning email
    update customers set full_name = full_name where id = 1 returning *
    update customers set full_name = full_name where id = 1 returning lower(email), old.email, new.phone, customers
    update customers c set full_name = c.full_name from orders o where o.customer_id = c.id and o.id = 3 returning c.*, o.id
    delete from customers where id = -1 returning email
    with x as (update customers set full_name = full_name where id = 2 returning *) select email, phone from x
    merge into customers t using (select 1 as id) s on t.id = s.id when matched then update set full_name = t.full_name returning t.email
    copy (update customers set full_name = full_name where id = 1 returning email) to stdout
    insert into customers (full_name, email) values ('x', 'y') returning email
    select id, email from customers where id = 3 for update
    alter table customers add column added text default 'x'
    create index on customers (phone)
    `,
  ),
  ...rows(
    'denied',
    `
    with x as (update customers set full_name = full_name where id = 2 returning email) insert into products (name) select email from x
    with x as (select email from customers where id = 2) update products set name = x.email from x where products.id = 1
    merge into products p using customers c on p.id = c.id when matched then update set name = c.email
    insert into products (name) values ((select email from customers where id = 1))
    insert into customers (full_name, email) values ('x', 'y') on conflict (email) do nothing returning email
    insert into products (name) select email from customers where id = 1
    update customers set notes = email where id = 1
    update customers set email = email || '' where id = 1
    update customers set full_name = (select email from customers where id = 2) where id = 1 returning full_name
    update customers set full_name = full_name where email like 'a%' returning id
    update customers set full_name = full_name where id = 1 returning 1/(ascii(email) - 97)
    delete from customers where email > 'x' returning id
    delete from orders using customers c where c.id = orders.customer_id and c.email > 'm'
    create table stolen as select email from customers
    create temp table stolen as select lower(email) as e from customers
    create view stolen as select email from customers
    create materialized view stolen as select email from customers
    create rule r as on insert to products do also select email from customers
    do $$ begin perform email from customers; end $$
    alter table customers add column copied text generated always as (email) stored
    create index on customers (lower(email))
    create unique index on customers (left(email, 1))
    create index on customers (id) where email like 'a%'
    alter table customers rename column email to harmless
    alter table customers rename to harmless
    alter table customers set schema pg_catalog
    alter schema public rename to harmless
    alter table customers add check (email like 'a%')
    alter table customers alter column email type int using (1/(ascii(email) - 97))
    alter table customers add constraint u unique (phone)
    create policy p on customers using (email like 'a%')
    create trigger t after update on customers for each row execute function f()
    alter view customer_orders rename column email to harmless
    select setval('customers_id_seq', length(email)) from customers where id = 1
    select pg_notify('x', email) from customers where id = 1
    `,
  ),
];
