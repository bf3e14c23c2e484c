import { readFileSync } from 'node:fs';
import { inspectCommand } from '@gatehouse/adapter-mongodb';
import { GatewayError, type Statement } from '@gatehouse/model';
import {
  type Analysis,
  createPostgresAnalyzer,
  createPostgresContext,
  loadPostgresParser,
} from '@gatehouse/sql';
import { postgresCatalogOf } from './postgres-catalog.ts';

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

/** The objects that exist, as a person writes them down. */
export interface CatalogFile {
  readonly tables: Readonly<Record<string, readonly string[]>>;
}

/** Opens the classifier of a dialect as the gateway uses it. Without a catalog no object is known. */
export async function openInspector(dialect: string, catalogFile: string | undefined): Promise<Inspector> {
  const catalog =
    catalogFile === undefined ? null : (JSON.parse(readFileSync(catalogFile, 'utf8')) as CatalogFile);
  switch (dialect) {
    case 'postgres':
      return postgresInspector(catalog);
    case 'mongodb':
      return mongodbInspector();
    default:
      throw new GatewayError('config', 'unknown-dialect', `no dialect \`${dialect}\``);
  }
}

async function postgresInspector(file: CatalogFile | null): Promise<Inspector> {
  const analyzer = createPostgresAnalyzer({ parser: await loadPostgresParser() });
  const catalog = file === null ? null : postgresCatalogOf(file);
  const context = createPostgresContext(catalog, { database: 'inspect', user: 'inspect' });
  // Nobody can make the objects later: what is not in the file does not exist.
  const settled =
    catalog === null
      ? { ...context, searchPath: { known: true as const, value: ['public'] } }
      : { ...context, catalogIsFresh: true };
  return {
    inspect: async (input) => {
      const text = textOf(input);
      return text === null
        ? failed('expected {"text": …}')
        : inspectionOf(await analyzer.analyze(text, settled));
    },
    close: () => analyzer.close(),
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
