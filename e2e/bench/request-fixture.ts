/**
 * Requests as the gateway makes them, without a server: a few tables of a shop as the catalog would show them, and the
 * analysis of real texts over them.
 */
import type { AccessRequest, Principal, SessionFacts } from '@gatehouse/model';
import {
  buildPostgresCatalog,
  createPostgresAnalyzer,
  createPostgresContext,
  loadPostgresParser,
  type PostgresAnalyzer,
  type PostgresContext,
  plainCatalogRows,
} from '@gatehouse/sql';

const TABLES: Readonly<Record<string, string>> = {
  customers: 'id full_name email phone birth_date national_id notes',
  orders: 'id customer_id status total created_at',
  order_items: 'order_id product_id quantity price',
  payments: 'id order_id card_number amount',
};

export const ANA: Principal = Object.freeze({ kind: 'human', name: 'ana', groups: ['analysts'], claims: {} });

/** The facts of one session; another id is another session. */
export function sessionOf(id: string): SessionFacts {
  const database = { name: 'shop', labels: { env: 'production' } };
  return Object.freeze({ id, dialect: 'postgres', database, clientAddress: '127.0.0.1', tls: true });
}

export interface RequestFixture {
  readonly analyzer: PostgresAnalyzer;
  readonly context: PostgresContext;
  /** The request of one text; throws where the text is not understood. */
  requestOf(text: string): AccessRequest;
}

export async function openRequestFixture(): Promise<RequestFixture> {
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
  const context = createPostgresContext(shopCatalog(), { database: 'shop', user: 'app' });
  const session = sessionOf('s1');
  return {
    analyzer,
    context,
    requestOf(text) {
      const analysis = analyzer.analyze(text, context);
      if (!('statements' in analysis))
        throw new Error(`the bench's own statement is not understood: ${text}`);
      return { principal: ANA, session, statements: analysis.statements.map(({ facts }) => facts) };
    },
  };
}

function shopCatalog() {
  const tables = Object.entries(TABLES).map(([name, columns]) => ({ name, columns: columns.split(' ') }));
  return buildPostgresCatalog(plainCatalogRows(tables));
}
