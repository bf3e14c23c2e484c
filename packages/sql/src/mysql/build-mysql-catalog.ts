import { lexMysql, type Token } from './lexer.ts';
import type { MysqlCatalog, MysqlCatalogRows, MysqlRelation } from './mysql-catalog.ts';

interface OpenRelation extends MysqlRelation {
  readonly columns: string[];
  behind: readonly MysqlRelation[] | null;
  readonly triggers: string[];
}

/** Builds the snapshot. A view whose definition cannot be read (no right, not understood) reads nobody knows what. */
export function buildMysqlCatalog(rows: MysqlCatalogRows): MysqlCatalog {
  const lowerCaseNames = Number(rows.settings[0]?.['lower_case'] ?? 0) > 0;
  const key = (database: string, name: string): string =>
    lowerCaseNames ? `${database}\0${name}`.toLowerCase() : `${database}\0${name}`;
  const relations = new Map<string, OpenRelation>();
  for (const row of rows.relations) {
    const [database, name] = [text(row['db']), text(row['name'])];
    relations.set(key(database, name), {
      database,
      name,
      isView: text(row['type']).includes('VIEW'),
      columns: [],
      behind: [],
      triggers: [],
    });
  }
  for (const row of rows.columns)
    relations.get(key(text(row['db']), text(row['name'])))?.columns.push(text(row['col']));
  for (const row of rows.triggers)
    relations.get(key(text(row['db']), text(row['name'])))?.triggers.push(text(row['trg']));
  const direct = new Map<OpenRelation, readonly OpenRelation[] | null>();
  for (const row of rows.views) {
    const view = relations.get(key(text(row['db']), text(row['name'])));
    if (view !== undefined) direct.set(view, sourcesOf(text(row['definition']), relations, key));
  }
  for (const relation of relations.values())
    if (relation.isView && !isOfTheServer(relation.database)) relation.behind = closure(relation, direct);
  const names = new Set([...relations.values()].map(({ name }) => name.toLowerCase()));
  return {
    lowerCaseNames,
    relation: (database, name) => relations.get(key(database, name)),
    hasName: (name) => names.has(name.toLowerCase()),
    databases: new Set([...relations.values()].map(({ database }) => database)),
  };
}

/** The server gives definitions back with every name quoted and in full: `db`.`table`. */
function sourcesOf(
  definition: string,
  relations: ReadonlyMap<string, OpenRelation>,
  key: (database: string, name: string) => string,
): readonly OpenRelation[] | null {
  const lexed = lexMysql(definition);
  if (lexed.kind === 'refused' || definition === '') return null;
  const found = new Set<OpenRelation>();
  for (const [index, token] of lexed.tokens.entries()) {
    const [dot, name] = [lexed.tokens[index + 1], lexed.tokens[index + 2]];
    if (!isName(token) || dot?.value !== '.' || name === undefined || !isName(name)) continue;
    const relation = relations.get(key(token.value, name.value));
    if (relation !== undefined) found.add(relation);
  }
  return [...found];
}

function closure(
  view: OpenRelation,
  direct: ReadonlyMap<OpenRelation, readonly OpenRelation[] | null>,
): readonly MysqlRelation[] | null {
  const seen = new Set<OpenRelation>();
  const open = [view];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    if (!current.isView) continue;
    const sources = direct.get(current);
    if (sources === null || sources === undefined) return null;
    for (const source of sources) {
      if (seen.has(source)) continue;
      seen.add(source);
      open.push(source);
    }
  }
  return [...seen];
}

function isName({ kind }: Token): boolean {
  return kind === 'quoted' || kind === 'word';
}

/** The server's own views are judged by their names. */
function isOfTheServer(database: string): boolean {
  return ['information_schema', 'performance_schema', 'sys', 'mysql'].includes(database.toLowerCase());
}

function text(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
}
