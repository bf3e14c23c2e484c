/**
 * Opens the classifier of a dialect as the gateway uses it, for statements that nobody runs.
 *
 * Without a catalog every object that a statement names is taken to exist as a plain table: people ask what
 * is seen in a statement, and corpora come without a database. The gateway itself never assumes that.
 */
import { readFileSync } from 'node:fs';
import { inspectCommand } from '@gatehouse/adapter-mongodb';
import { GatewayError, type Statement } from '@gatehouse/model';
import {
  type Analysis,
  createMysqlAnalyzer,
  createPostgresAnalyzer,
  createPostgresContext,
  loadPostgresParser,
} from '@gatehouse/sql';
import { type CatalogFile, mysqlCatalogOf, postgresCatalogOf } from './catalog-file.ts';

/** What was understood: the statements' facts, or why there are none. */
export interface Inspection {
  readonly statements: readonly Statement[];
  /** True when something of it was not understood: it would be denied unless a policy permits the unknown. */
  readonly unknown: boolean;
  /** Why the text or the command was not accepted at all; null when it was. */
  readonly error: string | null;
}

export interface Inspector {
  /** `{text}` or `{command}`; anything else is an inspection with an error. Never rejects. */
  inspect(input: unknown): Promise<Inspection>;
  close(): Promise<void>;
}

export interface InspectorOptions {
  /** JSON with the objects that exist; see `CatalogFile`. */
  readonly catalogFile?: string;
  /** Default database of the session (MySQL). */
  readonly database?: string;
}

/** Opens an inspector; throws `GatewayError` for an unknown dialect or a catalog file that cannot be read. */
export async function openInspector(dialect: string, options: InspectorOptions = {}): Promise<Inspector> {
  const catalog = options.catalogFile === undefined ? { tables: {} } : readCatalog(options.catalogFile);
  switch (dialect) {
    case 'postgres':
      return postgresInspector(catalog);
    case 'mysql':
      return mysqlInspector(catalog, options.database ?? DEFAULT_DATABASE);
    case 'mongodb':
      return mongodbInspector();
    default:
      throw new GatewayError('config', 'unknown-dialect', `no dialect \`${dialect}\``);
  }
}

async function postgresInspector(file: CatalogFile): Promise<Inspector> {
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
  const catalog = postgresCatalogOf(file);
  // Nobody can make the objects later: what is not in the file is what its name says.
  const context = {
    ...createPostgresContext(catalog, { database: 'inspect', user: 'inspect' }),
    catalogIsFresh: true,
  };
  return {
    inspect: async (input) => {
      const text = textOf(input);
      return text === null ? NO_TEXT : inspectionOf(await analyzer.analyze(text, context));
    },
    close: () => analyzer.close(),
  };
}

function mysqlInspector(file: CatalogFile, database: string): Inspector {
  const analyzer = createMysqlAnalyzer();
  const context = { catalog: mysqlCatalogOf(file, database), catalogRevision: 1, database };
  return {
    inspect: async (input) => {
      const text = textOf(input);
      return text === null ? NO_TEXT : inspectionOf(analyzer.analyze(text, context));
    },
    close: async () => undefined,
  };
}

function mongodbInspector(): Inspector {
  return {
    async inspect(input) {
      if (typeof input !== 'object' || input === null || !('command' in input))
        return failed('expected {"command": …}');
      const result = inspectCommand(input.command);
      return 'error' in result
        ? failed(result.error)
        : { statements: [result.statement], unknown: isUnknown(result.statement), error: null };
    },
    close: async () => undefined,
  };
}

function readCatalog(file: string): CatalogFile {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new GatewayError(
      'config',
      'unreadable-catalog',
      `catalog \`${file}\`: ${(error as Error).message}`,
    );
  }
  if (!isCatalogFile(content))
    throw new GatewayError(
      'config',
      'unreadable-catalog',
      `catalog \`${file}\`: expected {"tables": {"schema.name": ["column", …]}}`,
    );
  return content;
}

function isCatalogFile(value: unknown): value is CatalogFile {
  if (typeof value !== 'object' || value === null || !('tables' in value)) return false;
  const { tables } = value;
  return (
    typeof tables === 'object' &&
    tables !== null &&
    Object.values(tables).every(
      (columns) => Array.isArray(columns) && columns.every((name) => typeof name === 'string'),
    )
  );
}

function textOf(input: unknown): string | null {
  return typeof input === 'object' && input !== null && 'text' in input && typeof input.text === 'string'
    ? input.text
    : null;
}

function inspectionOf(analysis: Analysis): Inspection {
  if (analysis.kind === 'refused') return failed(`${analysis.code}: ${analysis.message}`);
  const statements = analysis.statements.map(({ facts }) => facts);
  return { statements, unknown: statements.some(isUnknown), error: null };
}

function isUnknown({ accesses }: Statement): boolean {
  return (
    !accesses.known || accesses.value.some(({ action, object }) => action === 'unknown' || !object.known)
  );
}

function failed(error: string): Inspection {
  return { statements: [], unknown: true, error };
}

const NO_TEXT = failed('expected {"text": …}');
const DEFAULT_DATABASE = 'inspect';
