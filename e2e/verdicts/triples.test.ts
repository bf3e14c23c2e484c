import { inspectCommand } from '@gatehouse/adapter-mongodb';
import { createEngine, loadPolicies } from '@gatehouse/core';
import type { AccessRequest, Decision, Principal, Statement } from '@gatehouse/model';
import {
  buildMysqlCatalog,
  buildPostgresCatalog,
  createMysqlAnalyzer,
  createPostgresAnalyzer,
  createPostgresContext,
  loadPostgresParser,
  plainCatalogRows,
} from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import { TRIPLES, type Triple } from './triples.ts';

const POLICY = `kind: classification
name: labels
objects:
  app.people: { email: pii.email }
---
kind: policy
name: verdicts
rules:
  - name: no-drop
    effect: deny
    match: { actions: [define], verbs: ['drop*'] }
  - name: no-unbounded-write
    effect: deny
    match: { actions: [update, delete], statement: { bounded: false } }
  - name: readers
    effect: permit
    match: { actions: [read, introspect, transact], objects: ['app.people', 'app.orders', '*'], principals: { groups: [readers, writers] } }
  - name: nobody-reads-the-vault
    effect: deny
    match: { objects: [app.vault] }
  - name: writers
    effect: permit
    match: { actions: [insert, update, delete, define], objects: ['app.*'], principals: { groups: [writers] } }
  - name: masks
    effect: mask
    mask: { labels: { pii.email: redact } }
`;

const TABLES = {
  people: ['id', 'name', 'email', 'city'],
  orders: ['id', 'person', 'total'],
  vault: ['id', 'x'],
};
const PEOPLE: readonly Principal[] = [
  { kind: 'human', name: 'reader', groups: ['readers'], claims: {} },
  { kind: 'service', name: 'writer', groups: ['writers'], claims: {} },
  { kind: 'human', name: 'stranger', groups: [], claims: {} },
  {
    kind: 'agent',
    name: 'bot',
    groups: ['writers'],
    claims: {},
    actingFor: { kind: 'human', name: 'reader', groups: ['readers'], claims: {} },
  },
];

const postgresAnalyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
const mysqlAnalyzer = createMysqlAnalyzer();

const postgresContext = {
  ...createPostgresContext(
    buildPostgresCatalog(
      plainCatalogRows(
        Object.entries(TABLES).map(([name, columns]) => ({ schema: 'app', name, columns })),
        { searchPath: 'app' },
      ),
    ),
    { database: 'app', user: 'x' },
  ),
  catalogIsFresh: true,
};

const mysqlCatalog = buildMysqlCatalog({
  settings: [{ lower_case: 0 }],
  relations: Object.keys(TABLES).map((name) => ({ db: 'app', name, type: 'BASE TABLE' })),
  columns: Object.entries(TABLES).flatMap(([name, columns]) =>
    columns.map((col) => ({ db: 'app', name, col })),
  ),
  views: [],
  triggers: [],
});

async function statementsOf(
  dialect: keyof Omit<Triple, 'what'>,
  triple: Triple,
): Promise<readonly Statement[]> {
  if (dialect === 'mongodb') {
    const result = inspectCommand({ ...triple.mongodb, $db: 'app' });
    if ('error' in result) throw new Error(result.error);
    return [result.statement];
  }
  const analysis =
    dialect === 'postgres'
      ? await postgresAnalyzer.analyze(triple.postgres, postgresContext)
      : mysqlAnalyzer.analyze(triple.mysql, { catalog: mysqlCatalog, catalogRevision: 1, database: 'app' });
  if (analysis.kind === 'refused') throw new Error(`${analysis.code}: ${analysis.message}`);
  return analysis.statements.map(({ facts }) => facts);
}

const loaded = loadPolicies([{ file: 'policy.yaml', text: POLICY }]);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const engine = createEngine(loaded.set, { revision: 'test' });

function decide(principal: Principal, dialect: string, statements: readonly Statement[]): Decision {
  const request: AccessRequest = {
    principal,
    session: {
      id: 's',
      dialect,
      database: { name: 'main', labels: {} },
      clientAddress: '127.0.0.1',
      tls: true,
    },
    statements,
  };
  return engine.decide(request);
}

/** What of a decision has to be the same: the effect, why, and what is masked. */
function verdictOf({ effect, reason, obligations }: Decision) {
  const rule = reason.rule === undefined ? null : reason.rule.rule;
  return {
    effect,
    code: reason.code,
    rule,
    masks: obligations.masks.map(({ object, field }) => `${object.path.join('.')}.${field}`).sort(),
  };
}

describe('one policy, one verdict', () => {
  describe.each(PEOPLE.map((principal) => [principal.name, principal] as const))(
    'for %s',
    (_name, principal) => {
      it.each(TRIPLES.map((triple) => [triple.what, triple] as const))('%s', async (_what, triple) => {
        const verdicts = {
          postgres: verdictOf(decide(principal, 'postgres', await statementsOf('postgres', triple))),
          mysql: verdictOf(decide(principal, 'mysql', await statementsOf('mysql', triple))),
          mongodb: verdictOf(decide(principal, 'mongodb', await statementsOf('mongodb', triple))),
        };
        expect(verdicts.mysql).toEqual(verdicts.postgres);
        expect(verdicts.mongodb).toEqual(verdicts.postgres);
      });
    },
  );
});
