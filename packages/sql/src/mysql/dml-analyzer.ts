import {
  type FieldSource,
  type FieldUse,
  known,
  type ObjectRef,
  type OutputColumn,
  unknown,
} from '@gatehouse/model';
import { boundsEveryTarget, type FilterItem } from './bounded-write.ts';
import type { FactBuilder } from './fact-builder.ts';
import type { MysqlCatalog, MysqlRelation } from './mysql-catalog.ts';
import { asList, asNode, asText, type Json, type Node, queryOf } from './syntax.ts';

/** What an output column can carry; null sources when that is not known. */
interface Column {
  readonly name: string;
  readonly kind: 'value' | 'derived' | 'none';
  readonly sources: readonly FieldSource[] | null;
}

/** One entry of a FROM list. */
interface RangeItem {
  readonly name: string;
  /** The base relation, or null for a derived table or CTE. */
  readonly object: ObjectRef | null;
  /** Known columns; null when any name may be one. */
  readonly columns: readonly Column[] | null;
}

interface Scope {
  readonly items: readonly RangeItem[];
  readonly parent: Scope | null;
  readonly ctes: ReadonlyMap<string, readonly Column[]>;
}

const ROOT: Scope = { items: [], parent: null, ctes: new Map() };

/**
 * Reads accesses, uses and lineage from node-sql-parser's tree of a DML statement.
 *
 * What the tree is trusted with is structure only: `cross-check.ts` proves against the tokens that no
 * relation is missing from it. A node that is not known is walked for what is inside and makes outputs derived.
 */
export class DmlAnalyzer {
  readonly #facts: FactBuilder;
  readonly #catalog: MysqlCatalog;
  readonly #database: string | null;
  /** Relations that the catalog does not hold, by full name. */
  readonly missing: string[] = [];
  #depth = 0;
  /** While the tables of a write are read: whether they are read at all is told by what is used of them. */
  #namesOnly = false;

  constructor(facts: FactBuilder, catalog: MysqlCatalog, database: string | null) {
    this.#facts = facts;
    this.#catalog = catalog;
    this.#database = database;
  }

  statement(node: Node): void {
    switch (node['type']) {
      case 'select': {
        const columns = this.#query(node, ROOT, 'output');
        this.#facts.output =
          columns === null ? unknown('the columns are not known') : known(columns.map(outputOf));
        this.#facts.returns = 'rows';
        this.#facts.bounded = known(isBounded(node['where']) || asList(node['from']).length === 0);
        this.#facts.limit = known(limitOf(node['limit']));
        return;
      }
      case 'insert':
      case 'replace':
        this.#insert(node);
        return;
      case 'update':
        this.#update(node);
        return;
      case 'delete':
        this.#delete(node);
        return;
      default:
        this.#facts.notUnderstood('statement kind');
    }
  }

  // ---- queries ----

  /** Walks a query and its union; gives its columns, null when they cannot be told. */
  #query(node: Node, parent: Scope, use: FieldUse): readonly Column[] | null {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      this.#facts.notUnderstood('nested too deeply');
      return null;
    }
    // A query inside a table list reads what it names, whatever the list itself is for.
    const outside = this.#namesOnly;
    this.#namesOnly = false;
    const scope = this.#withCtes(node, parent);
    let columns = this.#select(node, scope, use);
    for (let next = asNode(node['_next']); next !== null; next = asNode(next['_next'])) {
      columns = merge(columns, this.#select(next, scope, use));
    }
    this.#namesOnly = outside;
    this.#depth -= 1;
    return columns;
  }

  #withCtes(node: Node, parent: Scope): Scope {
    const list = asList(node['with']);
    if (list.length === 0) return parent;
    const ctes = new Map(parent.ctes);
    for (const entry of list) {
      const cte = asNode(entry);
      const name = asText(asNode(cte?.['name'])?.['value']) ?? asText(cte?.['name']);
      const query = queryOf(cte?.['stmt']);
      if (name === null || query === null) {
        this.#facts.notUnderstood('common table expression');
        continue;
      }
      // A recursive one reads itself: its own columns are not known while it is read.
      ctes.set(name.toLowerCase(), UNKNOWN_COLUMNS);
      const columns = this.#query(query, { ...parent, ctes }, 'output') ?? UNKNOWN_COLUMNS;
      const names = asList(cte?.['columns']).map(
        (column) => asText(column) ?? asText(asNode(column)?.['column']) ?? '',
      );
      ctes.set(
        name.toLowerCase(),
        columns.map((column, i) => derived(names[i] ?? column.name, column.sources)),
      );
    }
    return { ...parent, ctes };
  }

  #select(node: Node, outer: Scope, use: FieldUse): readonly Column[] | null {
    if (node['type'] !== 'select') {
      this.#facts.notUnderstood('query kind');
      return null;
    }
    const scope = this.#from(asList(node['from']), outer);
    const columns = this.#columns(node['columns'], scope, use);
    this.#uses(node['where'], scope, 'filter');
    this.#uses(node['having'], scope, 'filter', columns);
    this.#uses(asNode(node['groupby'])?.['columns'] ?? node['groupby'], scope, 'group', columns);
    this.#uses(node['orderby'], scope, 'sort', columns);
    this.#uses(node['window'], scope, 'group');
    const into = asNode(node['into']);
    if (into !== null && (into['type'] !== undefined || into['expr'] !== undefined))
      this.#facts.notUnderstood('INTO');
    return columns;
  }

  /** The FROM list; join conditions are read with everything of the list in scope. */
  #from(list: readonly Json[], outer: Scope): Scope {
    const items: RangeItem[] = [];
    const lateral = { ...outer, parent: outer };
    for (const entry of list) {
      const node = asNode(entry);
      if (node !== null && node['type'] !== 'dual')
        items.push(this.#rangeItem(node, { items: [...items], parent: outer, ctes: outer.ctes }, lateral));
    }
    const scope: Scope = { items, parent: outer, ctes: outer.ctes };
    for (const entry of list) {
      const node = asNode(entry);
      if (node === null) continue;
      this.#uses(node['on'], scope, 'join');
      for (const name of asList(node['using']))
        this.#reference(
          null,
          null,
          asText(name) ?? asText(asNode(name)?.['value']) ?? asText(asNode(name)?.['column']) ?? '*',
          scope,
          'join',
        );
    }
    return scope;
  }

  #rangeItem(node: Node, scope: Scope, _lateral: Scope): RangeItem {
    const alias = asText(node['as']);
    const query = queryOf(node['expr']);
    if (query !== null) {
      const columns = this.#query(query, scope, 'output');
      return {
        name: (alias ?? '').toLowerCase(),
        object: null,
        columns: columns?.map(({ name, sources }) => derived(name, sources)) ?? null,
      };
    }
    const table = asText(node['table']);
    if (table === null) {
      this.#facts.notUnderstood('entry of a table list');
      return { name: alias ?? '', object: null, columns: null };
    }
    const database = asText(node['db']);
    const cte = database === null ? scope.ctes.get(table.toLowerCase()) : undefined;
    if (cte !== undefined)
      return {
        name: (alias ?? table).toLowerCase(),
        object: null,
        columns: cte === UNKNOWN_COLUMNS ? null : cte,
      };
    return this.relation('read', database, table, alias ?? table);
  }

  /** A base relation or view, accessed with an action; views read what is behind them. */
  relation(
    action: 'read' | 'insert' | 'update' | 'delete',
    database: string | null,
    table: string,
    alias: string,
  ): RangeItem {
    const schema = database ?? this.#database;
    if (schema === null) {
      this.#facts.notUnderstood('a table without a current database');
      return { name: alias.toLowerCase(), object: null, columns: null };
    }
    const found = this.#catalog.relation(schema, table);
    const object: ObjectRef = { kind: 'relation', path: [found?.database ?? schema, found?.name ?? table] };
    if (found === undefined) this.missing.push(`${schema}.${table}`);
    const shown = action === 'read' && isDescription(object) ? 'introspect' : action;
    if (!this.#namesOnly) this.#facts.use(shown, object);
    if (found?.isView === true) this.#behindView(found, action);
    if (action !== 'read')
      for (const trigger of found?.triggers ?? [])
        this.#facts.add('call', 'routine', found!.database, trigger);
    const behind = found?.isView === true ? viewSources(found) : null;
    const columns =
      found?.columns.map((name): Column => columnOf(object, name, behind, found.isView)) ?? null;
    return { name: alias.toLowerCase(), object, columns };
  }

  #behindView(view: MysqlRelation, action: string): void {
    if (view.behind === null) {
      this.#facts.notUnderstood('a view whose definition is not known');
      return;
    }
    for (const { database, name } of view.behind) {
      const object: ObjectRef = { kind: 'relation', path: [database, name] };
      this.#facts.useUnknown('read', object, 'read by a view');
      if (action !== 'read') this.#facts.useUnknown(action as 'insert', object, 'written through a view');
    }
  }

  // ---- columns ----

  #columns(value: Json | undefined, scope: Scope, use: FieldUse): readonly Column[] | null {
    if (value === '*') return this.#star(null, scope, use);
    let columns: readonly Column[] | null = [];
    for (const entry of asList(value)) {
      const node = asNode(entry);
      const expression = asNode(node?.['expr']);
      if (node === null || expression === null) {
        this.#facts.notUnderstood('output column');
        return null;
      }
      const one = this.#column(expression, asText(node['as']), scope, use);
      columns = columns === null || one === null ? null : [...columns, ...one];
    }
    return columns;
  }

  #column(expression: Node, alias: string | null, scope: Scope, use: FieldUse): readonly Column[] | null {
    if (expression['type'] === 'column_ref' && (expression['collate'] ?? null) === null) {
      const name = asText(expression['column']);
      const table = asText(expression['table']);
      if (name === '*') return this.#star(table, scope, use);
      if (name === null) return [derived(alias ?? '', this.#collect(expression, scope, use))];
      const found = this.#reference(asText(expression['db']), table, name, scope, use);
      if (found?.length === 1) return [{ ...found[0]!, name: alias ?? found[0]!.name }];
      return [derived(alias ?? name, sourcesOf(found))];
    }
    const sources = this.#collect(expression, scope, use);
    return [derived(alias ?? '', sources)];
  }

  /** Every column that is in scope at this level, or of one table. */
  #star(table: string | null, scope: Scope, use: FieldUse): readonly Column[] | null {
    const items =
      table === null ? scope.items : scope.items.filter(({ name }) => name === table.toLowerCase());
    if (items.length === 0) this.#facts.notUnderstood('a star without tables');
    const columns: Column[] = [];
    for (const { object, columns: own } of items) {
      if (own === null) {
        if (object === null) return null;
        this.#facts.use(this.#readAction(object), object, '*', use);
        columns.push({ name: '*', kind: 'value', sources: [{ object, field: '*' }] });
        continue;
      }
      for (const column of own) this.#note(column, use);
      columns.push(...own);
    }
    return columns;
  }

  /** Resolves a column: the innermost scope that can hold it; every candidate where that is not certain. */
  #reference(
    database: string | null,
    table: string | null,
    name: string,
    scope: Scope,
    use: FieldUse,
    equality?: true,
  ): readonly Column[] | null {
    for (let current: Scope | null = scope; current !== null; current = current.parent) {
      const items = current.items.filter(
        (item) =>
          table === null ||
          (item.name === table.toLowerCase() &&
            (database === null || item.object?.path[0]?.toLowerCase() === database.toLowerCase())),
      );
      const certain = items.flatMap(
        ({ columns }) => columns?.filter((column) => column.name.toLowerCase() === name.toLowerCase()) ?? [],
      );
      const open = items.filter(({ columns }) => columns === null);
      const possible = open.map(
        ({ object }): Column =>
          object === null ? derived(name, null) : { name, kind: 'value', sources: [{ object, field: name }] },
      );
      const found = [...certain, ...possible];
      if (found.length === 0) continue;
      for (const column of found) this.#note(column, use, equality);
      return found;
    }
    // An alias, or a mistake that the server will name.
    return null;
  }

  #note({ kind, sources }: Column, use: FieldUse, equality?: true): void {
    if (sources === null) this.#facts.notUnderstood('a column of unknown origin');
    for (const { object, field } of sources ?? [])
      this.#facts.use(this.#readAction(object), object, field, use, kind === 'value' ? equality : undefined);
  }

  #readAction(object: ObjectRef): 'read' | 'introspect' {
    return isDescription(object) ? 'introspect' : 'read';
  }

  // ---- expressions ----

  /** Notes every column of an expression as used; names may also be aliases of the outputs. */
  #uses(
    value: Json | undefined,
    scope: Scope,
    use: FieldUse,
    outputs: readonly Column[] | null = null,
  ): void {
    this.#collect(value ?? null, scope, use, outputs);
  }

  /** What an expression can reveal; null when that is not known. */
  #collect(
    value: Json,
    scope: Scope,
    use: FieldUse,
    outputs: readonly Column[] | null = null,
  ): readonly FieldSource[] | null {
    const sources: FieldSource[] = [];
    let isKnown = true;
    const visit = (current: Json | undefined, depth: number): void => {
      if (depth > MAX_DEPTH * 50) {
        this.#facts.notUnderstood('nested too deeply');
        isKnown = false;
        return;
      }
      if (Array.isArray(current)) {
        for (const item of current) visit(item, depth + 1);
        return;
      }
      const node = asNode(current);
      if (node === null) return;
      const query = queryOf(node);
      if (query !== null) {
        const columns = this.#query(query, scope, use === 'output' ? 'output' : use);
        const inner = sourcesOf(columns);
        if (inner === null) isKnown = false;
        else sources.push(...inner);
        return;
      }
      if (isStarCount(node)) return;
      const guessed = use === 'filter' && outputs === null ? comparedColumn(node) : null;
      if (guessed !== null) {
        if (guessed.byParameter) this.#facts.comparesParameters = true;
        const found = this.#columnSources(guessed.column, scope, use, null, true);
        if (found === null) isKnown = false;
        else sources.push(...found);
        return;
      }
      if (node['type'] === 'column_ref') {
        const found = this.#columnSources(node, scope, use, outputs);
        if (found === null) isKnown = false;
        else sources.push(...found);
        return;
      }
      // ORDER BY 2 names an output by its place.
      if (outputs !== null && node['type'] === 'number' && (use === 'sort' || use === 'group')) {
        const output = outputs[Number(node['value']) - 1];
        if (output !== undefined) this.#note(output, use);
      }
      for (const inner of Object.values(node)) visit(inner, depth + 1);
    };
    visit(value, 0);
    return isKnown ? sources : null;
  }

  #columnSources(
    node: Node,
    scope: Scope,
    use: FieldUse,
    outputs: readonly Column[] | null,
    equality?: true,
  ): readonly FieldSource[] | null {
    const name = asText(node['column']);
    const table = asText(node['table']);
    if (name === '*' || name === null) return sourcesOf(this.#star(table, scope, use));
    const alias =
      table === null
        ? outputs?.find((output) => output.name.toLowerCase() === name.toLowerCase())
        : undefined;
    if (alias !== undefined) this.#note(alias, use);
    const found = this.#reference(asText(node['db']), table, name, scope, use, equality);
    if (found === null) return alias === undefined ? [] : alias.sources;
    const sources = sourcesOf(found);
    return sources === null || alias?.sources === null ? null : [...sources, ...(alias?.sources ?? [])];
  }

  // ---- writes ----

  #insert(node: Node): void {
    const target = asNode(asList(node['table'])[0]);
    const table = asText(target?.['table']);
    if (target === null || table === null || asList(node['table']).length !== 1) {
      this.#facts.notUnderstood('target of an insert');
      return;
    }
    const action = node['type'] === 'replace' ? 'delete' : null;
    const item = this.relation('insert', asText(target['db']), table, table);
    if (action !== null && item.object !== null) this.#facts.use('delete', item.object);
    const scope: Scope = { items: [item], parent: null, ctes: new Map() };
    const columns = asList(node['columns']).map((column) => asText(column) ?? '*');
    this.#write('insert', item, columns.length === 0 ? ['*'] : columns);
    const query = queryOf(node['values']);
    if (query !== null) this.#query(query, this.#withCtes(node, ROOT), 'output');
    else this.#collect(node['values'] ?? null, scope, 'output');
    this.#assign(node['set'], scope, item, 'insert');
    const duplicate = asNode(node['on_duplicate_update']);
    // What is there already is changed, and the query says which rows: that may be all of them.
    if (query !== null && (action !== null || duplicate !== null)) this.#facts.bounded = known(false);
    if (duplicate === null) return;
    if (item.object !== null) this.#facts.use('update', item.object);
    this.#assign(duplicate['set'], scope, item, 'update');
  }

  /** Assignments: targets are written, what is read is stored elsewhere. */
  #assign(value: Json | undefined, scope: Scope, item: RangeItem | null, action: 'insert' | 'update'): void {
    for (const entry of asList(value)) {
      const node = asNode(entry);
      if (node === null) continue;
      const table = asText(node['table']);
      const targets =
        item !== null
          ? [item]
          : scope.items.filter(({ name }) => table === null || name === table.toLowerCase());
      for (const target of targets) this.#write(action, target, [asText(node['column']) ?? '*']);
      this.#collect(node['value'] ?? null, scope, 'output');
    }
  }

  #write(action: 'insert' | 'update', { object }: RangeItem, fields: readonly string[]): void {
    if (object === null) return;
    for (const field of fields) this.#facts.use(action, object, field, 'write');
  }

  #update(node: Node): void {
    const scope = this.#writeScope(asList(node['table']), node);
    const assigned = asList(node['set']).map(
      (entry) => asText(asNode(entry)?.['table'])?.toLowerCase() ?? null,
    );
    for (const { object, name } of scope.items) {
      if (object === null) continue;
      if (assigned.some((table) => table === null || table === name))
        this.relation('update', object.path[0]!, object.path[1]!, name);
      else this.#facts.use('read', object);
    }
    this.#assign(node['set'], scope, null, 'update');
    this.#finishWrite(node, scope, asList(node['table']), ({ name }) =>
      assigned.some((table) => table === null || table === name),
    );
  }

  #delete(node: Node): void {
    const scope = this.#writeScope(asList(node['from']), node);
    const named = asList(node['table']).map((entry) => asText(asNode(entry)?.['table'])?.toLowerCase() ?? '');
    const isTarget = ({ name, object }: RangeItem): boolean =>
      named.length === 0 || named.includes(name) || named.includes(object?.path[1]?.toLowerCase() ?? '');
    for (const item of scope.items) {
      const { object, name } = item;
      if (object === null) continue;
      if (isTarget(item)) this.relation('delete', object.path[0]!, object.path[1]!, name);
      else this.#facts.use('read', object);
    }
    for (const name of named)
      if (
        !scope.items.some(
          ({ name: alias, object }) => alias === name || object?.path[1]?.toLowerCase() === name,
        )
      )
        this.#facts.notUnderstood('target of a delete');
    this.#finishWrite(
      node,
      scope,
      asList(node['from']),
      ({ name, table }) =>
        named.length === 0 || named.includes(name) || named.includes(table?.toLowerCase() ?? ''),
    );
  }

  /** Columns of a base table, null for one that the catalog does not hold, undefined for a view. */
  #baseColumns(database: string | null, table: string): readonly string[] | null | undefined {
    const schema = database ?? this.#database;
    const found = schema === null ? undefined : this.#catalog.relation(schema, table);
    if (found === undefined) return null;
    return found.isView ? undefined : found.columns;
  }

  #writeScope(list: readonly Json[], node: Node): Scope {
    const outer = this.#withCtes(node, ROOT);
    this.#namesOnly = true;
    const scope = this.#from(list, outer);
    this.#namesOnly = false;
    return scope;
  }

  #finishWrite(
    node: Node,
    scope: Scope,
    tables: readonly Json[],
    isTarget: (item: FilterItem) => boolean,
  ): void {
    this.#uses(node['where'], scope, 'filter');
    this.#uses(node['orderby'], scope, 'sort');
    const hasCtes = asNode(node['with']) !== null || asList(node['with']).length > 0;
    const lookup = (database: string | null, table: string) => this.#baseColumns(database, table);
    this.#facts.bounded = known(!hasCtes && boundsEveryTarget(node['where'], tables, isTarget, lookup));
    this.#facts.limit = known(limitOf(node['limit']));
    if (node['returning'] !== undefined && node['returning'] !== null) {
      const columns = this.#columns(asNode(node['returning'])?.['columns'], scope, 'output');
      this.#facts.output =
        columns === null ? unknown('the columns are not known') : known(columns.map(outputOf));
      this.#facts.returns = 'rows';
    }
  }
}

function columnOf(
  object: ObjectRef,
  name: string,
  behind: readonly FieldSource[] | null,
  isView: boolean,
): Column {
  if (!isView) return { name, kind: 'value', sources: [{ object, field: name }] };
  return { name, kind: 'derived', sources: behind === null ? null : [...behind, { object, field: name }] };
}

/** Which column of a view comes from where is not read: any of it may. */
function viewSources({ behind }: MysqlRelation): readonly FieldSource[] | null {
  return (
    behind?.map(({ database, name }) => ({
      object: { kind: 'relation' as const, path: [database, name] },
      field: '*',
    })) ?? null
  );
}

/** information_schema describes data; a few of its tables hold data or statements. */
function isDescription({ path }: ObjectRef): boolean {
  return path[0]?.toLowerCase() === 'information_schema' && !HOLDS_DATA.test(path[1] ?? '');
}

const HOLDS_DATA =
  /^(processlist|innodb_.*|column_statistics|optimizer_trace|query_cache_info|profiling|user_variables|events|routines|triggers)$/i;

function derived(name: string, sources: readonly FieldSource[] | null): Column {
  return { name, kind: sources !== null && sources.length === 0 ? 'none' : 'derived', sources };
}

function merge(a: readonly Column[] | null, b: readonly Column[] | null): readonly Column[] | null {
  if (a === null || b === null) return null;
  return a.map((column, i) => {
    const other = b[i]?.sources ?? null;
    return derived(
      column.name,
      column.sources === null || other === null ? null : [...column.sources, ...other],
    );
  });
}

function sourcesOf(columns: readonly Column[] | null): readonly FieldSource[] | null {
  const sources: FieldSource[] = [];
  for (const column of columns ?? []) {
    if (column.sources === null) return null;
    sources.push(...column.sources);
  }
  return columns === null ? null : sources;
}

function outputOf({ name, kind, sources }: Column): OutputColumn {
  return {
    name,
    kind,
    sources: sources === null ? unknown('computed from what is not known') : known(sources),
  };
}

function isStarCount(node: Node): boolean {
  return (
    node['type'] === 'aggr_func' &&
    asText(node['name'])?.toLowerCase() === 'count' &&
    asNode(asNode(node['args'])?.['expr'])?.['type'] === 'star'
  );
}

function limitOf(value: Json | undefined): number | null {
  const values = asList(asNode(value)?.['value']);
  const isOffsetFirst = asText(asNode(value)?.['seperator']) === ',';
  const last = asNode(isOffsetFirst ? values.at(-1) : values[0])?.['value'];
  return typeof last === 'number' ? last : null;
}

/** Whether a filter surely leaves rows out: a column is compared with something that is not itself. */
function isBounded(where: Json | undefined): boolean {
  const node = asNode(where);
  if (node === null) return false;
  if (node['type'] === 'binary_expr' || node['type'] === 'expr') {
    const operator = asText(node['operator'])?.toUpperCase() ?? '';
    const [left, right] = [asNode(node['left']), asNode(node['right'])];
    if (operator === 'AND' || operator === '&&') return isBounded(node['left']) || isBounded(node['right']);
    if (operator === 'OR' || operator === '||' || operator === 'XOR')
      return operator !== 'XOR' && isBounded(node['left']) && isBounded(node['right']);
    if (!NARROWING.has(operator)) return false;
    if (operator === 'LIKE' && /^%*$/.test(asText(right?.['value']) ?? 'x')) return false;
    // Only a plain column against something without columns of its own is sure to narrow.
    return (
      (left?.['type'] === 'column_ref' && isConstant(node['right'])) ||
      (right?.['type'] === 'column_ref' && isConstant(node['left']))
    );
  }
  return false;
}

function isConstant(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.every(isConstant);
  const node = asNode(value);
  if (node === null) return true;
  // A subquery is another table's values; it narrows unless it is the same rows, which a hint would not hide.
  if (queryOf(node) !== null) return true;
  if (node['type'] === 'column_ref') return false;
  return Object.values(node).every(isConstant);
}

const NARROWING = new Set(['=', '<=>', '<', '>', '<=', '>=', 'IN', 'BETWEEN', 'LIKE']);
const UNKNOWN_COLUMNS: readonly Column[] = [];
const MAX_DEPTH = 60;

/**
 * The column of `column = 'text'` or `column = ?`, in either order: one guess at the whole value. A number is no such
 * guess: beside it the server reads a text column as one, by as many digits as it begins with. A parameter may be one.
 */
function comparedColumn(node: Node): { readonly column: Node; readonly byParameter: boolean } | null {
  if (node['type'] !== 'binary_expr' || node['operator'] !== '=') return null;
  const sides = [asNode(node['left']), asNode(node['right'])];
  const column = sides.find((side) => side?.['type'] === 'column_ref' && (side['collate'] ?? null) === null);
  const text = sides.find((side) => side?.['type'] === 'single_quote_string' && side['suffix'] === undefined);
  const byParameter = sides.some((side) => side?.['type'] === 'origin' && side['value'] === '?');
  return column == null || (text === undefined && !byParameter) ? null : { column, byParameter };
}
