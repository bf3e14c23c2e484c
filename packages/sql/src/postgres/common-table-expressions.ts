import type { Node, WithClause } from 'libpg-query';
import { analyzeSelect, createResult } from './analyze-select.ts';
import { analyzeWrite } from './analyze-write.ts';
import { combine, derive, type Lineage, opaqueLineage } from './lineage.ts';
import type { CteEntry, CteScope, QueryEnvironment, QueryResult } from './query-environment.ts';
import type { Scope } from './scope.ts';
import { nameParts } from './syntax-tree.ts';

/**
 * WITH: names for queries, writes among them. Every query runs through the analysis, used or not.
 */

/** Adds the CTEs of a WITH clause to what is in sight, and analyzes each, used or not. */
export function withCtes(
  env: QueryEnvironment,
  parent: Scope,
  clause: WithClause | undefined,
): QueryEnvironment {
  if (clause === undefined) return env;
  let ctes = env.ctes;
  const entries: CteEntry[] = [];
  // Under RECURSIVE every query sees all names; otherwise only those before it.
  let recursive: QueryEnvironment = env;
  for (const node of clause.ctes ?? []) {
    if (!('CommonTableExpr' in node)) continue;
    const cte = node.CommonTableExpr;
    const before: QueryEnvironment = { ...env, ctes };
    const names = nameParts(cte.aliascolnames);
    const extra = [
      cte.search_clause?.search_seq_column,
      cte.cycle_clause?.cycle_mark_column,
      cte.cycle_clause?.cycle_path_column,
    ];
    const entry = createCte(
      () => (clause.recursive ? recursive : before),
      parent,
      cte.ctequery,
      names,
      extra.filter((name) => name !== undefined),
    );
    entries.push(entry);
    ctes = { name: cte.ctename ?? '', entry, next: ctes } satisfies CteScope;
  }
  recursive = { ...env, ctes };
  for (const entry of entries) entry.resolve();
  return recursive;
}

function createCte(
  environment: () => QueryEnvironment,
  parent: Scope,
  query: Node | undefined,
  aliases: readonly string[],
  extra: readonly string[],
): CteEntry {
  let result: QueryResult | null = null;
  let running = false;
  let refersToItself = false;
  let itself: QueryResult = createResult(
    [{ name: '*', lineage: opaqueLineage('a query refers to itself') }],
    false,
  );

  const run = (env: QueryEnvironment): QueryResult => {
    if (query === undefined) return itself;
    if (!('SelectStmt' in query)) {
      env.state.writesInside = true;
      return analyzeWrite(env, parent, query);
    }
    return analyzeSelect(env, parent, query.SelectStmt, 'output');
  };
  const rename = (from: QueryResult): QueryResult => {
    const added = extra.map((name) => ({ name, lineage: derive(from.all) }));
    if (from.columns === null) return from;
    const named = from.columns.map(({ name, lineage }, index) => ({ name: aliases[index] ?? name, lineage }));
    return createResult([...named, ...added], from.bounded);
  };
  return {
    resolve() {
      if (result !== null) return result;
      if (running) {
        refersToItself = true;
        return itself;
      }
      running = true;
      const env = environment();
      const first = run(env);
      if (refersToItself) {
        // Values wander between columns from one round to the next, so each may hold what any holds.
        const all = { isValue: false, sources: combine([first.all]).sources, opaque: null } satisfies Lineage;
        const columns = rename(first).columns?.map(({ name }) => ({ name, lineage: all }));
        itself = createResult(columns ?? [{ name: '*', lineage: all }], false);
        const second = run(env);
        const names = rename(
          columns === undefined ? second : { ...second, columns: second.columns ?? columns },
        );
        const whole = combine([all, derive(second.all)]);
        result = createResult(
          (names.columns ?? names.output).map(({ name }) => ({ name, lineage: whole })),
          false,
        );
      } else {
        result = rename(first);
      }
      running = false;
      return result;
    },
  };
}
