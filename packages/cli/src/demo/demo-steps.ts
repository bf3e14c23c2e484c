import type { Demo } from './open-demo.ts';

/**
 * What the demo shows, as data: the same steps are printed for a person to paste and played by
 * `start --script` with real clients.
 */
export interface DemoStep {
  readonly dialect: 'postgres' | 'mysql' | 'mongodb';
  readonly principal: string;
  readonly title: string;
  /** The statement as its client takes it. */
  readonly statement: string;
  readonly expect: Expectation;
}

export type Expectation =
  /** Rows come back; `masked` columns or fields hold nothing of what the database holds. */
  | { readonly kind: 'rows'; readonly masked: MaskedRead | null }
  /** Refused with the rule's name in the audit, and nothing has changed. */
  | { readonly kind: 'denied'; readonly rule: string; readonly unchanged: CountQuestion }
  /** Held: somebody would have to agree. */
  | { readonly kind: 'needs-approval'; readonly rule: string };

/** How the script asks the database itself, past the gateway, for the values that must not have come out. */
export interface MaskedRead {
  readonly question: string;
  readonly fields: readonly string[];
}

/** Rows or documents that must be there before and after. */
export type CountQuestion = string;

export const DEMO_STEPS: readonly DemoStep[] = [
  {
    dialect: 'postgres',
    principal: 'ana',
    title: 'an analyst reads customers: names come as they are, e-mail and phone are masked',
    statement: 'SELECT id, full_name, email, phone FROM customers ORDER BY id LIMIT 3',
    expect: {
      kind: 'rows',
      masked: {
        question: 'SELECT email, phone FROM customers ORDER BY id LIMIT 3',
        fields: ['email', 'phone'],
      },
    },
  },
  {
    dialect: 'postgres',
    principal: 'ana',
    title: 'DROP TABLE is refused, whoever asks',
    statement: 'DROP TABLE customers',
    expect: { kind: 'denied', rule: 'guardrails/no-drop', unchanged: 'SELECT count(*) AS n FROM customers' },
  },
  {
    dialect: 'postgres',
    principal: 'ci-migrate',
    title: 'a DELETE without a WHERE is refused, also for a service that may write',
    statement: 'DELETE FROM orders',
    expect: {
      kind: 'denied',
      rule: 'guardrails/no-unbounded-write',
      unchanged: 'SELECT count(*) AS n FROM orders',
    },
  },
  {
    dialect: 'mysql',
    principal: 'ana',
    title: 'the same policy on MariaDB: e-mail, tax id and IBAN are masked',
    statement: 'SELECT id, company, customer_email, iban FROM accounts ORDER BY id LIMIT 3',
    expect: {
      kind: 'rows',
      masked: {
        question: 'SELECT customer_email, iban FROM accounts ORDER BY id LIMIT 3',
        fields: ['customer_email', 'iban'],
      },
    },
  },
  {
    dialect: 'mysql',
    principal: 'ana',
    title: 'DROP TABLE',
    statement: 'DROP TABLE invoices',
    expect: { kind: 'denied', rule: 'guardrails/no-drop', unchanged: 'SELECT count(*) AS n FROM invoices' },
  },
  {
    dialect: 'mysql',
    principal: 'ci-migrate',
    title: 'DELETE without a WHERE',
    statement: 'DELETE FROM invoices',
    expect: {
      kind: 'denied',
      rule: 'guardrails/no-unbounded-write',
      unchanged: 'SELECT count(*) AS n FROM invoices',
    },
  },
  {
    dialect: 'mongodb',
    principal: 'ana',
    title: 'and on MongoDB: the customer inside each ticket is masked',
    statement: 'db.tickets.find({}, { subject: 1, customer: 1 }).sort({ _id: 1 }).limit(2)',
    expect: { kind: 'rows', masked: { question: 'tickets', fields: ['customer.email', 'customer.phone'] } },
  },
  {
    dialect: 'mongodb',
    principal: 'ana',
    title: 'dropping a collection',
    statement: 'db.tickets.drop()',
    expect: { kind: 'denied', rule: 'guardrails/no-drop', unchanged: 'tickets' },
  },
  {
    dialect: 'mongodb',
    principal: 'ci-migrate',
    title: 'deleteMany without a filter',
    statement: 'db.tickets.deleteMany({})',
    expect: { kind: 'denied', rule: 'guardrails/no-unbounded-write', unchanged: 'tickets' },
  },
];

/** The steps whose server runs in this demo. */
export function stepsOf(demo: Demo): readonly DemoStep[] {
  return DEMO_STEPS.filter(({ dialect }) =>
    demo.running.gateway.listeners.some(({ adapter }) => adapter.dialect === dialect),
  );
}

/** The line that a person pastes into a shell. */
export function shellLine(demo: Demo, { dialect, principal, statement }: DemoStep): string {
  const [program, ...args] = clientCommand(demo, dialect, principal, statement);
  const environment = dialect === 'postgres' ? `PGPASSWORD=${demo.token(principal)} ` : '';
  return `${environment}${[program!, ...args].map(quoted).join(' ')}`;
}

/** Program and arguments of the dialect's ordinary client for one statement. */
export function clientCommand(
  demo: Demo,
  dialect: DemoStep['dialect'],
  principal: string,
  statement: string,
): readonly string[] {
  const port = String(demo.port(dialect));
  switch (dialect) {
    case 'postgres':
      return ['psql', '-h', '127.0.0.1', '-p', port, '-U', principal, 'shop', '-c', statement];
    case 'mysql':
      return [
        'mariadb',
        '-h',
        '127.0.0.1',
        '-P',
        port,
        '-u',
        principal,
        `-p${demo.token(principal)}`,
        'billing',
        '-t',
        '-e',
        statement,
      ];
    case 'mongodb':
      return [
        'mongosh',
        `mongodb://${principal}:${demo.token(principal)}@127.0.0.1:${port}/support?authSource=admin`,
        '--quiet',
        '--eval',
        statement,
      ];
  }
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
