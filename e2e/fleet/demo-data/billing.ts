/**
 * `billing`, in MariaDB: business accounts, what was invoiced, and what was given back.
 */
import mysql from 'mysql2/promise';
import type { MysqlServer } from '../running-server.ts';
import { createIban, createMoment, createPerson } from './people.ts';
import { createRandom, type Random } from './random.ts';

const ACCOUNTS = 800;
const INVOICES = 6_000;

const SCHEMA = [
  'drop database if exists billing',
  'create database billing character set utf8mb4',
  'use billing',
  `create table accounts (
    id int auto_increment primary key, customer_email varchar(190) not null, company varchar(190) not null,
    tax_id varchar(32) not null, iban varchar(34) not null, balance decimal(12,2) not null, unique (customer_email))`,
  `create table invoices (
    id int auto_increment primary key, account_id int not null, number varchar(32) not null unique,
    amount decimal(12,2) not null, status enum('open','paid','overdue','cancelled') not null, issued_at datetime not null,
    foreign key (account_id) references accounts (id))`,
  `create table invoice_lines (
    invoice_id int not null, line smallint not null, description varchar(190) not null, quantity int not null,
    price decimal(10,2) not null, primary key (invoice_id, line),
    foreign key (invoice_id) references invoices (id) on delete cascade)`,
  `create table credit_notes (
    id int auto_increment primary key, invoice_id int not null, amount decimal(12,2) not null, reason text,
    issued_at datetime not null, foreign key (invoice_id) references invoices (id))`,
  `create view open_invoices as
    select a.company, a.customer_email, i.number, i.amount, i.issued_at
      from invoices i join accounts a on a.id = i.account_id where i.status in ('open', 'overdue')`,
] as const;

type Row = readonly (string | number | null)[];

/** Creates the database `billing` anew and fills it; gives the rows per table. */
export async function fillBilling(server: MysqlServer): Promise<Readonly<Record<string, number>>> {
  const { host, port, user, password } = server;
  const connection = await mysql.createConnection({ host, port, user, password, charset: 'utf8mb4' });
  try {
    for (const statement of SCHEMA) await connection.query(statement);
    await connection.query('start transaction');
    const counts: Record<string, number> = {};
    for (const [table, rows] of Object.entries(createRows(createRandom(2027)))) {
      for (let at = 0; at < rows.length; at += 2_000) {
        await connection.query(`insert into ${table} values ?`, [rows.slice(at, at + 2_000)]);
      }
      counts[table] = rows.length;
    }
    await connection.query('commit');
    return counts;
  } finally {
    await connection.end();
  }
}

const COMPANIES = [
  'Nordlicht',
  'Blue Harbour',
  'Atelier',
  'Casa Verde',
  'Maple & Stone',
  'Fjord',
  'Sonnenhof',
  'Riverside',
] as const;
const FORMS = ['GmbH', 'Ltd', 'SARL', 'AB', 'BV', 'SpA'] as const;
const WORK = [
  'consulting',
  'hosting, one month',
  'support plan',
  'training day',
  'licence, one year',
  'delivery',
] as const;

function createRows(random: Random): Readonly<Record<string, readonly Row[]>> {
  const accounts: Row[] = [];
  for (let id = 1; id <= ACCOUNTS; id++) {
    const company = `${random.pick(COMPANIES)} ${id} ${random.pick(FORMS)}`;
    const taxId = `DE${random.digits(9)}`;
    accounts.push([
      id,
      createPerson(random, id).email,
      company,
      taxId,
      createIban(random),
      random.between(-50_000, 900_000) / 100,
    ]);
  }
  const invoices: Row[] = [];
  const lines: Row[] = [];
  const credits: Row[] = [];
  for (let id = 1; id <= INVOICES; id++) {
    let cents = 0;
    for (let line = 1, count = random.between(1, 4); line <= count; line++) {
      const quantity = random.between(1, 10);
      const price = random.between(900, 90_000);
      cents += quantity * price;
      lines.push([id, line, random.pick(WORK), quantity, price / 100]);
    }
    const issued = createMoment(random);
    const status = random.pick(['open', 'paid', 'paid', 'paid', 'overdue', 'cancelled']);
    const number = `INV-${issued.getUTCFullYear()}-${String(id).padStart(6, '0')}`;
    invoices.push([id, random.between(1, ACCOUNTS), number, cents / 100, status, formatDatetime(issued)]);
    if (status === 'cancelled' && random.chance(0.4)) {
      const at = formatDatetime(new Date(issued.getTime() + 5 * 86_400_000));
      credits.push([credits.length + 1, id, cents / 100, random.pick(['damaged', 'sent twice', null]), at]);
    }
  }
  return { accounts, invoices, invoice_lines: lines, credit_notes: credits };
}

function formatDatetime(moment: Date): string {
  return moment.toISOString().slice(0, 19).replace('T', ' ');
}
