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
    select customers.* from customers where id <= 3
    select shop.public.customers.email from shop.public.customers where id <= 3
    select email, email as e2, email as "e 3" from customers where id <= 3
    select c1.email, c2.phone from customers c1, customers c2 where c1.id = 1 and c2.id = 2
    select * from (table customers) t where id <= 3
    select * from customers natural join (values (1), (2)) v(id)
    select * from customers join orders using (id) where id <= 3
    select * from customers c left join lateral (select street from addresses a where a.customer_id = c.id limit 1) a on true where c.id <= 3
    select email from customers c cross join generate_series(1, 2) where c.id = 1
    select email from rows from (generate_series(1, 1)) g, customers where id = 1
    with c (a, b) as (select id, email from customers where id <= 3) select b from c
    with customers as (select id, email as full_name from public.customers where id <= 3) select full_name from customers
    with a as (select email from customers where id = 1), b as (select * from a) select * from b
    with a as not materialized (select * from customers where id <= 3) select a.email from a, a as b where a.id = b.id
    select * from (values (1, (select email from customers where id = 1))) v
    select (c.*).email from customers c where id = 1
    select ctid, xmin, email from customers where id = 1
    select tableoid::regclass, email from customers where id = 1
    select email from customers where ctid = '(0,1)'
    select email from customers where id = 1 for share
    select email from customers where id = (select min(id) from customers)
    select street, city from addresses where customer_id = 1
    select card_number, card_brand from payments where id <= 3
    select card_brand, count(*), max(card_number) from payments group by card_brand
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
    values ((select phone from customers where id = 1), 'x'), ('y', (select email from customers where id = 2))
    select (select c from customers c where id = 1)
    select (select (c).email from customers c where id = 1)
    select ((select c from customers c where id = 1)).email
    select (array_agg(c))[1] from customers c where id <= 3
    select ((array_agg(c order by id))[1]).email from customers c where id <= 3
    select r.email from (select c as r from customers c where id = 1) s, lateral (select (s.r).email) r
    select row(c.email) from customers c where id = 1
    select row(c.email, 1) = row('x', 1) from customers c where id = 1
    select c = c from customers c where id = 1
    select email collate "C" from customers where id <= 3
    select (email)::name from customers where id = 1
    select email::char(5) from customers where id = 1
    select cast(birth_date as text) from customers where id = 1
    select birth_date > date '1980-06-01' from customers where id = 1
    select isfinite(birth_date) from customers where id = 1
    select overlay(email placing 'x' from 1) from customers where id = 1
    select position('@' in email) from customers where id = 1
    select strpos(email, '@') from customers where id = 1
    select trim(both 'a' from email), ltrim(email, 'abc'), btrim(email) from customers where id = 1
    select reverse(email), initcap(email), upper(phone) from customers where id = 1
    select lpad(email, 3), rpad(email, 3) from customers where id = 1
    select quote_literal(email), quote_ident(email), quote_nullable(email) from customers where id = 1
    select hashtext(email) from customers where id = 1
    select email < 'm', email > 'b' from customers where id = 1
    select starts_with(email, 'a') from customers where id = 1
    select email ^@ 'a' from customers where id = 1
    select array_to_string(array[email], '') from customers where id = 1
    select array[email, phone] || array['x'] from customers where id = 1
    select array_length(array_agg(email), 1) from customers
    select email = any (array['a', 'b']) from customers where id = 1
    select email <> all (array['a', 'b']) from customers where id = 1
    select bit_length(email), octet_length(email), char_length(email) from customers where id = 1
    select num_nulls(email, phone), num_nonnulls(email) from customers where id = 1
    select email is null, email is not null from customers where id = 1
    select (c).phone is not null from customers c where id = 1
    select pg_typeof(email) from customers where id = 1
    select pg_column_size(email) from customers where id = 1
    select pg_column_size(c) from customers c where id = 1
    select json_build_object('e', email) from customers where id = 1
    select json_array(email, phone) from customers where id = 1
    select json_object('e': email) from customers where id = 1
    select json_scalar(email) from customers where id = 1
    select jsonb_pretty(to_jsonb(c)) from customers c where id = 1
    select to_jsonb(c) -> 'email' from customers c where id = 1
    select to_jsonb(c) #>> '{email}' from customers c where id = 1
    select (to_jsonb(c))['email'] from customers c where id = 1
    select to_jsonb(c) @> '{"email": "x"}' from customers c where id = 1
    select to_jsonb(c) ? 'email' from customers c where id = 1
    select nth_value(email, 2) over (order by id) from customers where id <= 3
    select first_value(email) over w, last_value(phone) over w from customers where id <= 3 window w as (order by id)
    select array_agg(distinct email) from customers where id <= 3
    select rank('m') within group (order by email) from customers
    select cume_dist('m') within group (order by email) from customers
    select any_value(email) from customers
    select id from customers where id = 1 for update skip locked
    select nullif((select email from customers where id = 1), 'x')
    select greatest((select email from customers where id = 1), 'm')
    select (select email from customers where id = 1) || '!'
    select array((select email from customers where id <= 3))
    select substring(card_number, 1, 6) from payments where id <= 3
    select card_number = '4111111111111111' from payments where id <= 3
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
    select sha256(email::bytea) from customers where id = 1
    select email ilike 'a%' from customers where id = 1
    select email similar to 'a%' from customers where id = 1
    select regexp_count(email, 'a') from customers where id = 1
    select regexp_match(email, '^(.)') from customers where id = 1
    select regexp_replace(email, '@.*', '') from customers where id = 1
    select regexp_like(email, '^a') from customers where id = 1
    select string_to_array(email, '@') from customers where id = 1
    select (string_to_array(email, '@'))[1] from customers where id = 1
    select 'x' = any (select email from customers)
    select 'x' in (select email from customers)
    select ('x', 1) in (select email, id from customers)
    select exists (select 1 from customers where email > 'm')
    select json_object_agg(email, id) from customers where id <= 3
    select jsonb_build_object(email, 1) from customers where id = 1
    select json_object(array[email], array['x']) from customers where id = 1
    select jsonb_path_query(to_jsonb(c), '$.email') from customers c where id = 1
    select jsonb_path_exists(to_jsonb(c), '$.email ? (@ starts with "a")') from customers c where id = 1
    select to_jsonb(c) @? '$.email ? (@ like_regex "^a")' from customers c where id = 1
    select value from customers c, jsonb_each_text(to_jsonb(c)) where c.id = 1
    select key from customers c, jsonb_each(to_jsonb(c)) where c.id = 1
    select jt.e from customers c, json_table(to_jsonb(c), '$' columns (e text path '$.email')) jt where c.id = 1
    select jsonb_populate_record(null::customers, to_jsonb(c)) from customers c where id = 1
    select (jsonb_populate_record(null::customers, to_jsonb(c))).email from customers c where id = 1
    select * from customers c, jsonb_to_record(to_jsonb(c)) as r(email text) where c.id = 1
    select xmlforest(email) from customers where id = 1
    select xmlagg(xmlelement(name e, email)) from customers where id <= 3
    select xmlconcat(xmlelement(name a, phone)) from customers where id = 1
    select xmlpi(name php, email) from customers where id = 1
    select xmlserialize(content xmlelement(name e, email) as text) from customers where id = 1
    select x.e from customers c, xmltable('/r' passing xmlelement(name r, xmlelement(name e, c.email)) columns e text) x where c.id = 1
    select xpath('/e/text()', xmlelement(name e, email)) from customers where id = 1
    select query_to_xml_and_xmlschema('select email from customers', true, true, '')
    select cursor_to_xml('x'::refcursor, 1, true, true, '')
    select schema_to_xml('public', true, true, '')
    select table_to_xmlschema('customers', true, true, '')
    select to_tsvector(email) from customers where id = 1
    select tsvector_to_array(to_tsvector('simple', email)) from customers where id = 1
    select ts_headline(email, to_tsquery('a')) from customers where id = 1
    select ts_rank(to_tsvector(email), to_tsquery('a')) from customers where id = 1
    select ntile(2) over (order by email) from customers where id <= 3
    select rank() over (order by email), id from customers where id <= 30
    select row_number() over (partition by email) from customers where id <= 30
    select count(*) over (order by email range unbounded preceding) from customers where id <= 30
    select count(*) filter (where email like 'a%') from customers
    select sum(1) filter (where email > 'm') from customers
    select string_agg(email, ',' order by email) from customers where id <= 3
    select array_agg(id order by email) from customers where id <= 3
    select percentile_cont(0.5) within group (order by length(email)) from customers
    select max(email) from customers having max(email) > 'm'
    select count(*) from customers group by email having count(*) > 1
    select count(*) from customers group by rollup (email)
    select grouping(email), count(*) from customers group by cube (email)
    select email from customers group by id, email
    select id from customers group by id having min(email) like 'a%'
    select distinct email from customers where id <= 3
    select distinct on (email) id from customers
    select distinct birth_date from customers
    select id from customers order by lower(email)
    select id, full_name from customers order by 2, email
    select id from customers order by (select email)
    select id from customers order by case when email like 'a%' then 0 else 1 end
    select id from customers order by random() * length(email)
    select id from customers order by email using <
    select id from customers order by id fetch first (select length(email) from customers where id = 1) rows only
    select id from customers order by email fetch first 3 rows with ties
    select id from customers offset (select length(email) from customers where id = 1)
    select email from customers where id = 1 intersect select email from customers where id = 1
    select email from customers where id = 1 except select 'x'
    select email from customers where id = 1 except all select 'x'
    select id from customers where email is not null
    select id from customers where phone is null
    select id from customers where (email, id) > ('m', 0)
    select id from customers where not (email < 'm')
    select id from customers where coalesce(email, '') > 'm'
    select id from customers where email between 'a' and 'b'
    select id from customers where email <> ''
    select id from customers where case when id = 1 then email > 'm' else false end
    select id from customers where length(email) > 20
    select id from customers where birth_date > '1980-01-01'
    select id from customers where extract(year from birth_date) = 1980
    select id from customers where national_id like '1%'
    select id from customers where notes is not null
    select id from payments where card_number like '4%'
    select id from payments where left(card_number, 1) = '4'
    select a.customer_id from addresses a where street ilike 'm%'
    select o.id from orders o join customers c on c.id = o.customer_id and c.email > 'm'
    select o.id from orders o left join customers c on c.id = length(c.email)
    select count(*) from customers a join customers b on a.email < b.email where a.id = 1
    select count(*) from customers a natural join (select email from customers where id = 1) b
    select count(*) from customers join (values ('a@b.c')) v(email) using (email)
    select 1 from customers c where c.id = 1 and c.email = (select 'a' || '@b')
    select s.id from (select id, email as e from customers) s where s.e > 'm'
    with s as (select id, email as e from customers) select id from s where e > 'm'
    select customer_id from customer_orders where email > 'm'
    select customer_id from customer_orders order by email
    select email, count(*) from customer_orders group by email
    select c.ctid from customers c where c.email > 'm'
    select * from pg_stats where tablename = 'customers'
    select histogram_bounds from pg_catalog.pg_stats
    select stakind1 from pg_catalog.pg_statistic
    select query from pg_stat_activity
    select * from pg_stat_get_activity(null)
    select pg_stat_get_backend_activity(1)
    select lo_get(1)
    select loread(lo_open(1, 262144), 100)
    select nextval('customers_id_seq')
    select * from pg_read_binary_file('base/1/1')
    select * from pg_ls_dir('.')
    select * from pg_logical_slot_peek_changes('x', null, null)
    select pg_advisory_lock(length(email)) from customers where id = 1
    select pg_advisory_xact_lock(ascii(email)) from customers where id = 1
    select pg_sleep(length(email)) from customers where id = 1
    select case when email like 'a%' then pg_sleep(1) end from customers where id = 1
    select setseed(length(email) / 100.0) from customers where id = 1
    select random(1, length(email)) from customers where id = 1
    select width_bucket(length(email), 0, 100, 10) from customers where id = 1
    select power(2, ascii(email)) from customers where id = 1
    select ln(ascii(email) - 97) from customers where id = 1
    select sqrt(ascii(email) - 98) from customers where id = 1
    select (ascii(email))::smallint * 1000::smallint from customers where id = 1
    select ('0' || email)::int from customers where id = 1
    select email::uuid from customers where id = 1
    select email::inet from customers where id = 1
    select email::jsonb from customers where id = 1
    select email::regclass from customers where id = 1
    select to_regclass(email) from customers where id = 1
    select to_number(phone, '999') from customers where id = 1
    select phone::numeric from customers where id = 1
    select phone::bigint % 10 from customers where id = 1
    select convert_from(email::bytea, 'UTF8') from customers where id = 1
    select get_byte(email::bytea, 0) from customers where id = 1
    select decode(md5(email), 'hex') from customers where id = 1
    select normalize(email) from customers where id = 1
    select unistr(email) from customers where id = 1
    select parse_ident(email) from customers where id = 1
    select format('%I', email) from customers where id = 1
    select format('%1$s %1$s', email) from customers where id = 1
    select chr(length(email)) from customers where id = 1
    select int4range(0, length(email)) from customers where id = 1
    select box(point(0, 0), point(length(email), 1)) from customers where id = 1
    select generate_subscripts(string_to_array(email, ''), 1) from customers where id = 1
    select * from string_to_table((select email from customers where id = 1), '@')
    select * from unnest((select array_agg(email) from customers where id <= 3))
    select * from regexp_matches((select email from customers where id = 1), '.', 'g')
    select * from generate_series(1, (select length(email) from customers where id = 1))
    select * from json_to_recordset((select json_agg(c) from customers c where id <= 3)) as r(email text)
    select * from xmltable('/x' passing (select xmlelement(name x, email) from customers where id = 1) columns e text path '.')
    select coalesce((select email from customers where id = 1), 'x')
    select (select count(*) from customers where email < c.email) from customers c where id = 1
    select (select id from customers where email = c.email) from customers c where id = 1
    select case (select email from customers where id = 1) when 'x' then 1 else 2 end
    select 1 where (select email from customers where id = 1) > 'm'
    select jsonb_object_agg(phone, id) from customers where id <= 3
    `,
  ),
  ...rows(
    'depth',
    `
    select email from customers where id = 1 union select full_name from customers where id = 2
    with recursive r as (select id, email from customers where id = 1 union all select id + 1, email from r where id < 3) select * from r
    with recursive t(n, e) as (select 1, email from customers where id = 1 union all select n + 1, e from t where n < 3) select e from t
    select birth_date::timestamp from customers where id = 1
    select extract(day from birth_date) from customers where id = 1
    select date_part('month', birth_date) from customers where id = 1
    select date_trunc('month', birth_date) from customers where id = 1
    select to_char(birth_date, 'MM-DD') from customers where id = 1
    select age(birth_date) from customers where id = 1
    select birth_date - date '1970-01-01' from customers where id = 1
    select make_date(2000, extract(month from birth_date)::int, 1) from customers where id = 1
    select pg_collation_for(email) from customers where id = 1
    select json_object_agg(id, email) from customers where id <= 3
    select json_arrayagg(email) from customers where id <= 3
    select json_objectagg(id: email) from customers where id <= 3
    select json_serialize(to_json(email)) from customers where id = 1
    select to_jsonb(c) - 'id' from customers c where id = 1
    select json_value(to_jsonb(c), '$.email') from customers c where id = 1
    select json_query(to_jsonb(c), '$.email') from customers c where id = 1
    select json_exists(to_jsonb(c), '$.email') from customers c where id = 1
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
    select b from customers as c (a, b, email) where a <= 3
    select * from pg_prepared_statements
    select * from pg_cursors
    select pg_get_viewdef('customer_orders'::regclass)
    select data from pg_largeobject
    select last_value from customers_id_seq
    select pg_relation_filepath('customers')
    select city, count(*) from addresses group by city
    select * from pg_locks
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
