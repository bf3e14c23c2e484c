import type { Node } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { AnalysisLimit } from './analysis-limit.ts';
import { analyzeStatement } from './analyze-statement.ts';
import { createShopCatalog } from './corpus/shop-catalog.ts';
import { loadPostgresParser, type PostgresParser } from './create-postgres-analyzer.ts';
import { createPostgresContext } from './postgres-context.ts';
import { NO_VIEWS } from './view-reader.ts';

const context = createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' });
const PLACE = { start: 0, end: 1 };
const CUSTOMERS = { relname: 'customers', inh: true, relpersistence: 'p' };

let parser: PostgresParser;
beforeAll(async () => {
  parser = await loadPostgresParser();
});

function treeOf(text: string): Node {
  const parsed = parser.parse(text);
  if (parsed?.kind !== 'parsed') throw new Error('expected a tree');
  return parsed.statements[0]!.tree.stmt!;
}

/** A tree that no parser of today gives. */
function strange(tree: unknown): Node {
  return tree as Node;
}

function accessesOf(node: Node) {
  return analyzeStatement(node, PLACE, context, NO_VIEWS).statement.facts.accesses;
}

describe('the safety net', () => {
  it('knows nothing of a statement of an unknown kind', () => {
    expect(accessesOf(strange({ FutureStmt: { relation: CUSTOMERS } })).known).toBe(false);
    expect(accessesOf(strange({ FutureStmt: {} })).known).toBe(false);
  });

  it('knows nothing when an item of FROM is of an unknown kind', () => {
    const tree = {
      SelectStmt: {
        fromClause: [{ RangeFuture: { of: CUSTOMERS } }],
        limitOption: 'LIMIT_OPTION_DEFAULT',
        op: 'SETOP_NONE',
      },
    };
    expect(accessesOf(strange(tree)).known).toBe(false);
  });

  it('knows nothing when a relation stands where none is expected', () => {
    const tree = structuredClone(treeOf('select 1')) as { SelectStmt: Record<string, unknown> };
    tree.SelectStmt['futureClause'] = { relation: CUSTOMERS };
    expect(accessesOf(strange(tree)).known).toBe(false);
  });

  it('knows nothing when a call stands where none is expected', () => {
    const tree = structuredClone(treeOf('listen x')) as { ListenStmt: Record<string, unknown> };
    tree.ListenStmt['when'] = {
      FuncCall: { funcname: [{ String: { sval: 'f' } }], funcformat: 'COERCE_EXPLICIT_CALL' },
    };
    expect(accessesOf(strange(tree)).known).toBe(false);
  });

  it('knows nothing when a query stands where none is expected', () => {
    const tree = structuredClone(treeOf('begin')) as { TransactionStmt: Record<string, unknown> };
    tree.TransactionStmt['after'] = treeOf('select 1');
    expect(accessesOf(strange(tree)).known).toBe(false);
  });

  it('sees a query inside an expression of an unknown kind', () => {
    const tree = structuredClone(treeOf('select 1')) as { SelectStmt: { targetList: unknown[] } };
    tree.SelectStmt.targetList = [
      { ResTarget: { val: { FutureExpr: { args: [treeOf('select email from customers')] } } } },
    ];
    const accesses = accessesOf(strange(tree));
    expect(accesses.known && accesses.value.map(({ object }) => object.known && object.value.path)).toEqual([
      ['public', 'customers'],
    ]);
  });

  it('says that the output is unknown when the accesses are', () => {
    const { facts, returns } = analyzeStatement(
      strange({ FutureStmt: {} }),
      PLACE,
      context,
      NO_VIEWS,
    ).statement;
    expect(facts.output.known).toBe(false);
    expect(returns).toBe('unknown');
  });
});

describe('bounds of the work', () => {
  it('stops at a tree that is too deep', () => {
    let tree: unknown = {};
    for (let depth = 0; depth < 25_000; depth += 1) tree = { a: tree };
    expect(() => analyzeStatement(strange(tree), PLACE, context, NO_VIEWS)).toThrow(AnalysisLimit);
  });

  it('stops when columns multiply', () => {
    const doubling = Array.from(
      { length: 20 },
      (_, index) => `x${index + 1} as (select * from x${index} a, x${index} b)`,
    );
    const text = `with x0 as (select * from customers), ${doubling.join(', ')} select 1 from x20`;
    expect(() => analyzeStatement(treeOf(text), PLACE, context, NO_VIEWS)).toThrow(AnalysisLimit);
  });

  it('stops when recursive queries in recursive queries multiply', () => {
    let query = 'select 1 as a';
    for (let depth = 0; depth < 40; depth += 1) {
      query = `with recursive r${depth} as ((${query}) union select a from r${depth}) select a from r${depth}`;
    }
    expect(() => analyzeStatement(treeOf(query), PLACE, context, NO_VIEWS)).toThrow(AnalysisLimit);
  });
});
