/** One statement of an analyst's day. Columns that are named leave masked or as NULL; all others as a plain database gives them. */
export interface AnalystRow {
  readonly statement: string;
  readonly masked: readonly string[];
}

/** One statement a line; behind ` -- ` stand the names of the masked columns. */
function rows(statements: string): readonly AnalystRow[] {
  return statements
    .trim()
    .split('\n')
    .map((line) => {
      const [statement = '', masked = ''] = line.trim().split(' -- ');
      return { statement, masked: masked.split(' ').filter((name) => name !== '') };
    });
}

/** Looking around, as people type it into psql. `\deu` and `\dRs` are not here: they read tables that hold credentials. */
export const PSQL_COMMANDS: readonly string[] = [
  ...['\\d', '\\d customers', '\\d+ customers', '\\d orders', '\\d+ events', '\\d+ customer_orders', '\\d+'],
  ...[
    '\\d orders_customer_id_idx',
    '\\d customers_id_seq',
    '\\dt',
    '\\dt+',
    '\\dt *.*',
    '\\dv',
    '\\dv+',
    '\\di',
  ],
  ...[
    '\\di+',
    '\\ds',
    '\\dm',
    '\\dE',
    '\\dP',
    '\\dP+',
    '\\dn',
    '\\dn+',
    '\\df',
    '\\df+ lower',
    '\\da',
    '\\do =',
    '\\dT',
  ],
  ...[
    '\\dT+',
    '\\dD',
    '\\dC',
    '\\dO',
    '\\dx',
    '\\dx+',
    '\\dp',
    '\\z customers',
    '\\ddp',
    '\\du',
    '\\du+',
    '\\l',
  ],
  ...[
    '\\l+',
    '\\db',
    '\\dd',
    '\\dy',
    '\\des',
    '\\dew',
    '\\det',
    '\\dF',
    '\\dFd',
    '\\dFp',
    '\\dFt',
    '\\dL',
    '\\dA',
  ],
  ...['\\dAc', '\\dRp', '\\dX', '\\drds', '\\dconfig work_mem', '\\sf lower(text)', '\\sv customer_orders'],
  ...['\\conninfo', '\\encoding', '\\timing off', '\\set', '\\lo_list', '\\dl'],
];

/** What graphical tools, drivers and dashboards ask the catalog before they show anything. */
export const CATALOG_QUERIES: readonly AnalystRow[] = rows(`
select current_database(), current_user, session_user, current_schema(), version()
select current_setting('server_version_num')::int, current_setting('standard_conforming_strings')
show search_path
show transaction_isolation
select oid, typname, typelem, typtype from pg_type where typname in ('int4', 'text', 'jsonb') order by typname
select t.oid, t.typname, n.nspname, t.typbasetype, t.typcategory from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.typtype in ('b', 'e', 'd') order by t.oid limit 50
select n.oid, n.nspname, pg_catalog.pg_get_userbyid(n.nspowner) as owner, obj_description(n.oid, 'pg_namespace') as description from pg_catalog.pg_namespace n order by 2
select d.datname, pg_catalog.pg_encoding_to_char(d.encoding) as encoding, d.datcollate, d.datistemplate from pg_catalog.pg_database d where d.datallowconn order by 1
select c.oid, c.relname, c.relkind, c.relpersistence, c.reltuples > 0 as has_rows from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p', 'f') order by c.relname
select a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as default from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum where a.attrelid = 'public.customers'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum
select a.attname, col_description(a.attrelid, a.attnum) as comment, a.attidentity, a.attgenerated from pg_attribute a where a.attrelid = 'orders'::regclass and a.attnum > 0 order by 1
select i.indexrelid::regclass as index, i.indisunique, i.indisprimary, pg_catalog.pg_get_indexdef(i.indexrelid) as definition, am.amname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_am am on am.oid = c.relam where i.indrelid = 'public.orders'::regclass order by 1
select conname, contype, conrelid::regclass, confrelid::regclass, pg_catalog.pg_get_constraintdef(oid, true) as definition from pg_catalog.pg_constraint where connamespace = 'public'::regnamespace order by conname
select k.conname, array_agg(a.attname order by a.attnum) as columns from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey) where k.contype = 'f' group by k.conname order by 1
select tc.table_name, kcu.column_name, ccu.table_name as foreign_table, ccu.column_name as foreign_column from information_schema.table_constraints tc join information_schema.key_column_usage kcu using (constraint_schema, constraint_name) join information_schema.constraint_column_usage ccu using (constraint_schema, constraint_name) where tc.constraint_type = 'FOREIGN KEY' order by 1, 2
select table_schema, table_name, table_type from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2
select table_name, column_name, ordinal_position, data_type, is_nullable, character_maximum_length, numeric_precision from information_schema.columns where table_schema = 'public' order by 1, 3
select table_name, view_definition from information_schema.views where table_schema = 'public'
select routine_name, data_type from information_schema.routines where routine_schema = 'public' order by 1
select schema_name from information_schema.schemata order by 1
select grantee, table_name, privilege_type from information_schema.role_table_grants where table_schema = 'public' order by 1, 2, 3
select sequence_name, data_type, start_value, increment from information_schema.sequences order by 1
select viewname, definition from pg_views where schemaname = 'public' order by 1
select tablename, hasindexes, hastriggers from pg_tables where schemaname = 'public' order by 1
select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1
select matviewname from pg_matviews
select p.oid::regprocedure, p.prokind, p.provolatile from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public' order by 1
select t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) as definition from pg_trigger t where not t.tgisinternal
select inhrelid::regclass as partition, pg_get_expr(c.relpartbound, c.oid) as bounds from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'events'::regclass order by 1
select partstrat, partnatts from pg_partitioned_table where partrelid = 'events'::regclass
select extname, extversion from pg_extension order by 1
select rolname, rolcanlogin, rolsuper from pg_roles order by 1
select r.rolname as member, m.rolname as of from pg_auth_members a join pg_roles r on r.oid = a.member join pg_roles m on m.oid = a.roleid order by 1, 2
select name, setting, unit from pg_settings where name in ('work_mem', 'max_connections') order by 1
select has_table_privilege('customers', 'select') as may_read, has_schema_privilege('public', 'usage') as may_use
select pg_relation_size('customers') > 0 as has_size, pg_total_relation_size('customers') > pg_relation_size('customers') as has_more
select pg_size_pretty(1234567::bigint) as pretty, pg_table_size('orders') > 0 as sized
select relname, n_live_tup >= 0 as counted from pg_stat_user_tables order by 1
select indexrelname, idx_scan >= 0 as counted from pg_stat_user_indexes order by 1
select to_regclass('public.customers'), to_regtype('int4'), to_regclass('public.nothing')
select collname from pg_collation where collname in ('C', 'POSIX') order by 1
select enumlabel from pg_enum order by 1
select castsource::regtype, casttarget::regtype from pg_cast where castsource = 'int4'::regtype order by 2
select pg_get_userbyid(10) is not null as known, pg_client_encoding()
select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid where c.oid = any (array['customers'::regclass, 'orders'::regclass]::oid[]) and a.attnum > 0 order by 1, a.attnum
`);

/** Questions about the business. */
export const REPORTS: readonly AnalystRow[] = rows(`
select * from customers order by id limit 20 -- email phone birth_date national_id notes
select id, full_name, email, phone from customers where id between 100 and 120 order by id -- email phone
select c.id, c.full_name, c.email, o.id as order_id, o.total from customers c join orders o on o.customer_id = c.id where o.total > 500 order by o.id limit 25 -- email
select c.*, a.city from customers c left join addresses a on a.customer_id = c.id where c.id <= 5 order by c.id, a.id -- email phone birth_date national_id notes
select a.id, a.street, a.city, a.postal_code from addresses a order by a.id limit 10 -- street
select p.id, p.card_number, p.card_brand, p.amount from payments p order by p.id limit 10 -- card_number
select count(*) from customers
select count(*), count(distinct customer_id), sum(total), avg(total), min(total), max(total) from orders
select status, count(*) as orders, sum(total) as revenue from orders group by status order by status
select card_brand, count(*), round(avg(amount), 2) as average from payments group by card_brand order by 1
select a.country, count(*) as customers from addresses a group by a.country order by 2 desc, 1
select city, country, count(*) from addresses group by city, country having count(*) > 100 order by 3 desc, 1
select date_trunc('month', placed_at) as month, count(*), sum(total) from orders group by 1 order by 1
select to_char(placed_at, 'YYYY-MM') as month, status, count(*) from orders group by 1, 2 order by 1, 2
select extract(dow from placed_at) as weekday, count(*) from orders group by 1 order by 1
select placed_at::date as day, count(*) from orders group by 1 order by 1 limit 30
select d::date as day, count(o.id) from generate_series('2026-01-01'::date, '2026-01-31', '1 day') d left join orders o on o.placed_at::date = d::date group by 1 order by 1
select status, count(*) filter (where total > 100) as large, count(*) filter (where total <= 100) as small from orders group by status order by 1
select sum(total) filter (where status = 'paid') as paid, sum(total) filter (where status = 'returned') as returned from orders
select status, date_part('year', placed_at) as year, sum(total) from orders group by grouping sets ((status), (date_part('year', placed_at)), ()) order by 1 nulls last, 2 nulls last
select coalesce(status, 'all') as status, count(*) from orders group by rollup (status) order by 1
select category, count(*) from products group by cube (category) order by 1 nulls last
select percentile_cont(array[0.25, 0.5, 0.75]) within group (order by total) as quartiles from orders
select percentile_disc(0.9) within group (order by total) from orders
select mode() within group (order by status) from orders
select stddev(total)::numeric(12, 4), variance(total)::numeric(14, 4) from orders
select corr(total, id)::numeric(12, 8) from orders
select width_bucket(total, 0, 1000, 10) as bucket, count(*) from orders group by 1 order by 1
select ntile(4) over (order by total, id) as quartile, id, total from orders order by id limit 20
select id, total, rank() over (partition by status order by total desc, id) as place from orders order by id limit 20
select id, total, sum(total) over (order by id) as running from orders order by id limit 20
select id, total - lag(total) over (order by id) as change from orders order by id limit 20
select id, avg(total) over (order by id rows between 6 preceding and current row) as weekly from orders order by id limit 20
select customer_id, first_value(total) over w as first, last_value(total) over w as last from orders where customer_id <= 5 window w as (partition by customer_id order by id rows between unbounded preceding and unbounded following) order by id
select row_number() over (order by id) as n, id, email from customers order by id limit 10 -- email
with big as (select customer_id, sum(total) as spent from orders group by customer_id having sum(total) > 3000) select c.id, c.full_name, c.email, b.spent from big b join customers c on c.id = b.customer_id order by b.spent desc, c.id limit 15 -- email
with monthly as (select date_trunc('month', placed_at) as month, sum(total) as revenue from orders group by 1), grown as (select month, revenue, lag(revenue) over (order by month) as before from monthly) select month, revenue, round(100 * (revenue - before) / before, 1) as growth from grown order by month
with first_order as (select customer_id, min(placed_at) as first from orders group by customer_id) select date_trunc('month', first) as cohort, count(*) from first_order group by 1 order by 1
with recursive months(m) as (select date '2026-01-01' union all select (m + interval '1 month')::date from months where m < '2026-06-01') select m from months order by m
with recursive n(i) as (select 1 union all select i + 1 from n where i < 10) select sum(i) from n
with o as materialized (select * from orders where total > 900) select count(*), max(total) from o
select s.status, s.n from (select status, count(*) as n from orders group by status) s where s.n > 10 order by 1
select o.id, i.line, p.name, i.quantity, i.price from orders o join order_items i on i.order_id = o.id join products p on p.id = i.product_id where o.id <= 5 order by o.id, i.line
select p.category, sum(i.quantity * i.price) as revenue from order_items i join products p on p.id = i.product_id group by p.category order by 2 desc
select p.id, p.name from products p where not exists (select from order_items i where i.product_id = p.id) order by p.id limit 10
select c.id, c.full_name from customers c where exists (select from orders o where o.customer_id = c.id and o.total > 900) order by c.id limit 10
select c.id, c.full_name from customers c where c.id in (select customer_id from orders where status = 'returned') order by c.id limit 10
select c.id, (select count(*) from orders o where o.customer_id = c.id) as orders from customers c order by c.id limit 10
select c.id, last.total, last.placed_at from customers c cross join lateral (select total, placed_at from orders o where o.customer_id = c.id order by placed_at desc, o.id desc limit 1) last order by c.id limit 10
select c.id, c.email, l.n from customers c left join lateral (select count(*) as n from orders o where o.customer_id = c.id) l on true order by c.id limit 10 -- email
select distinct status from orders order by 1
select distinct on (customer_id) customer_id, id, total from orders order by customer_id, placed_at desc, id desc limit 10
select id from orders where total > 950 union select order_id from payments where amount > 950 order by 1 limit 20
select customer_id from orders where status = 'paid' intersect select customer_id from orders where status = 'returned' order by 1 limit 10
select id from customers where id <= 20 except select customer_id from orders order by 1
select email from customers where id <= 3 union all select email from customers where id between 10 and 12 -- email
select unnest(tags) as tag, count(*) from products group by 1 order by 2 desc, 1 limit 10
select id, tags, tags[1] as first, array_length(tags, 1) as n from products order by id limit 10
select id from products where tags @> array['new'] or 'sale' = any (tags) order by id limit 10
select category, array_agg(id order by id) as ids from products where id <= 20 group by category order by 1
select category, string_agg(name, ', ' order by name) from products where id <= 20 group by category order by 1
select json_agg(json_build_object('id', id, 'total', total) order by id) from orders where id <= 5
select jsonb_object_agg(status, n order by status) from (select status, count(*) as n from orders group by status) s
select row_to_json(o) from orders o where id = 1
select to_jsonb(p) - 'tags' as product from products p where id = 1
select kind, count(*) from events group by kind order by 1
select id, kind, detail ->> 'path' as path from events order by id limit 10
select detail, jsonb_typeof(detail) as type from events order by id limit 5
select k, count(*) from events, jsonb_object_keys(detail) k group by k order by 1
select kind, count(*) from events_2026 group by kind order by 1
select tableoid::regclass as partition, count(*) from events group by 1 order by 1
select case when total > 500 then 'large' when total > 100 then 'middle' else 'small' end as size, count(*) from orders group by 1 order by 1
select coalesce(nullif(trim(name), ''), 'unnamed') as name, greatest(price, 10) as price from products order by id limit 5
select upper(name), lower(category), length(sku), left(sku, 3), split_part(sku, '-', 1), replace(name, ' ', '_') from products order by id limit 5
select id, name from products where name ilike '%a%' and price between 10 and 100 order by price desc, id limit 10
select id, name from products where name ~ '^[A-M]' order by id limit 10
select round(total, 0), ceil(total), floor(total), total::int, mod(id, 7) from orders order by id limit 5
select now() - max(placed_at) > interval '0' as past, age(timestamp '2026-03-01', timestamp '2026-01-15') as age from orders
select count(*) from orders where placed_at >= date '2026-01-01' and placed_at < date '2026-02-01'
select count(*) from orders where placed_at at time zone 'Europe/Berlin' > timestamp '2026-01-01 00:00'
select o.status, count(*) from orders o join customers c on c.id = o.customer_id where c.id % 2 = 0 group by o.status order by 1
select full_name, count(*) from customers group by full_name order by 2 desc, 1 limit 10
select left(full_name, 1) as letter, count(*) from customers group by 1 order by 1
select * from customer_orders order by customer_id limit 10 -- email
select customer_id, full_name, orders, spent from customer_orders where orders > 5 order by spent desc, customer_id limit 10
select count(*), avg(spent) from customer_orders
values (1, 'one'), (2, 'two')
select x, x * x as square from generate_series(1, 5) x
select * from (values ('a', 1), ('b', 2)) v (letter, n) order by n
table products limit 3
select lower(email) as mail, full_name from customers order by id limit 3 -- mail
select full_name || ' <' || email || '>' as addressee from customers order by id limit 3 -- addressee
select id, email is not null as has_mail from customers order by id limit 3 -- has_mail
select id, substring(card_number from 1 for 6) as issuer, card_brand from payments order by id limit 3 -- issuer
select a.city, max(a.street) as street from addresses a group by a.city order by 1 limit 5 -- street
explain select * from customers where id = 1
explain (format json, costs off) select c.email, o.total from customers c join orders o on o.customer_id = c.id
`);
