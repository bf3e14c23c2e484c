/**
 * The statements of the tables of leaks and bypasses, of the analyzer's own corpus, and some of applications, with the
 * relations that most of them name: texts for tests and benches of the analyzers, without servers.
 */
import { readFileSync } from 'node:fs';
import {
  buildMysqlCatalog,
  buildPostgresCatalog,
  createPostgresContext,
  type MysqlContext,
  type PostgresContext,
  plainCatalogRows,
} from '@gatehouse/sql';
import { MYSQL_BYPASSES } from '../bypass/mysql-rows.ts';
import { POSTGRES_BYPASSES } from '../bypass/postgres-rows.ts';
import { MYSQL_LEAKS } from '../leaks/mysql-rows.ts';
import { POSTGRES_LEAKS, POSTGRES_WRITE_LEAKS } from '../leaks/postgres-rows.ts';

const TABLES: Readonly<Record<string, string>> = {
  customers: 'id full_name name email phone birth_date national_id notes card active',
  orders: 'id customer_id status total note created_at',
  order_items: 'order_id product_id quantity price',
  payments: 'id order_id card_number amount card at',
  products: 'id name price',
  events: 'id at kind',
  customer_orders: 'customer_id full_name email orders spent',
  people: 'id phone',
  victims: 'id note',
  accounts: 'id company customer_email tax_id iban note',
  invoices: 'id account_id number amount issued',
  invoice_lines: 'id invoice_id text amount',
  pgbench_accounts: 'aid bid abalance filler',
  pgbench_history: 'tid bid aid delta mtime filler',
};

/** What applications send: literals where they may be taken out, and beside them those that may not. */
const ORDINARY = `
select abalance from pgbench_accounts where aid = 12345
update pgbench_accounts set abalance = abalance + -321 where aid = 12345
insert into pgbench_accounts (aid, bid, abalance) values (1, 2, 'x'), (3, 4, null)
delete from pgbench_accounts where aid = 5 and bid <> 7
select * from orders where customer_id = 7 and status in ('new', 'paid') order by 1 limit 10
select id, total from orders where total between 10 and 20.5 and note <> '' order by 2, 1 limit 5 offset 5
select c.email, o.total from customers c join orders o on o.customer_id = c.id and o.status = 'paid' where c.id = 3
select status, count(*) from orders where created_at >= '2024-01-01' group by 1 having status <> 'void' order by 2
select id from orders where id = 1 or 1 = 1
select id from orders where status = 'a' or status <> 'a'
select id from orders where note like '%' and id = 5
select 5, 'x', id = 5 from orders where id = 5
select id from orders where id in (select order_id from payments where amount > 5 limit 3)
select lower('x'), nextval('s') from orders where id = 5
select sleep(5) from orders where id = 5
select id from customers where email = 'a@b.c' union select id from orders where id = 4 order by 1
update customers set notes = 'x', name = '' where id = -4
update orders set total = total * 2, note = 'x' where id = 5
insert into orders select * from orders where id = 5
insert into payments values (1, 2, '4111111111111111', 5.00, 'x', '2024-01-01')
select set_config('a.b', 'x', false) from orders where id = 5
delete from orders where id = 0
delete from orders where total = total and id > 0
delete from orders where id is not null and status = 'x'
`;

const CORPUS_FILE = new URL('../../packages/sql/src/postgres/corpus/statements.txt', import.meta.url);
const FROM_FILE = readFileSync(CORPUS_FILE, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('> '))
  .map((line) => line.slice(2));
export const ORDINARY_TEXTS: readonly string[] = ORDINARY.trim().split('\n');
export const POSTGRES_TEXTS: readonly string[] = [
  ...ORDINARY_TEXTS,
  ...FROM_FILE,
  ...POSTGRES_BYPASSES,
  ...[...POSTGRES_LEAKS, ...POSTGRES_WRITE_LEAKS].map(({ statement }) => statement),
];
export const MYSQL_TEXTS: readonly string[] = [
  ...ORDINARY_TEXTS,
  ...MYSQL_BYPASSES,
  ...MYSQL_LEAKS.map(({ statement }) => statement),
];

const names = Object.keys(TABLES);

export const POSTGRES_CONTEXT: PostgresContext = createPostgresContext(
  buildPostgresCatalog(plainCatalogRows(names.map((name) => ({ name, columns: TABLES[name]!.split(' ') })))),
  { database: 'shop', user: 'app' },
);

export const MYSQL_CONTEXT: MysqlContext = {
  catalog: buildMysqlCatalog({
    settings: [{ lower_case: 0 }],
    relations: names.map((name) => ({ db: 'shop', name, type: 'BASE TABLE' })),
    columns: names.flatMap((name) => TABLES[name]!.split(' ').map((col) => ({ db: 'shop', name, col }))),
    views: [],
    triggers: [],
  }),
  catalogRevision: 1,
  database: 'shop',
};
