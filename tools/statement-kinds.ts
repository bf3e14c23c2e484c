import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Access, Known } from '../packages/model/src/index.ts';
import { createShopCatalog } from '../packages/sql/src/postgres/corpus/shop-catalog.ts';
import {
  createPostgresAnalyzer,
  loadPostgresParser,
} from '../packages/sql/src/postgres/create-postgres-analyzer.ts';
import { createPostgresContext } from '../packages/sql/src/postgres/postgres-context.ts';
import { INNER_KINDS, STATEMENT_SAMPLES, UNKNOWN_KINDS } from './statement-samples.ts';

/**
 * Keeps docs/statement-kinds.md equal to what the analyzer says of every kind of statement that the parser knows:
 * the kinds are read from the parser's own types, the actions come from analyzing texts of each. Run with `--write`
 * to bring the document up to date.
 */
export interface StatementKind {
  readonly kind: string;
  readonly samples: readonly SampleFacts[];
}

/** What one text was understood as: `delete relation`, or the reason for which it is unknown. */
export interface SampleFacts {
  readonly verb: string;
  readonly actions: readonly string[];
  readonly unknown: string | null;
}

const ROOT = join(import.meta.dirname, '..');
/** A dependency of packages/sql, and found from there. */
const PARSER: string = 'libpg-query';
const require = createRequire(join(ROOT, 'packages/sql/src/index.ts'));

/** Names of the nodes that the types of the parser list as statements. */
export function readParserKinds(): readonly string[] {
  const types = createRequire(require.resolve(PARSER)).resolve('@pgsql/types');
  const text = readFileSync(join(types, '../types.d.ts'), 'utf8');
  const union = /^export type Node = \{([\s\S]*?)^};/m.exec(text)?.[1] ?? '';
  return [...union.matchAll(/^ {4}(\w+Stmt): /gm)].map(([, kind = '']) => kind).sort();
}

/** What is wrong with the samples: kinds without one, samples of another kind, kinds declared as they are not. */
export function findGaps(
  parserKinds: readonly string[],
  declared: readonly string[],
  kinds: readonly StatementKind[],
): readonly string[] {
  const isUnknown = (kind: StatementKind): boolean =>
    kind.samples.every(({ actions, unknown }) => unknown !== null && actions.length === 0);
  return [
    ...parserKinds
      .filter((kind) => !declared.includes(kind))
      .map((kind) => `\`${kind}\` is neither mapped nor declared`),
    ...declared
      .filter((kind) => !parserKinds.includes(kind))
      .map((kind) => `\`${kind}\` is declared and the parser does not know it`),
    ...kinds
      .filter((kind) => isUnknown(kind) !== UNKNOWN_KINDS.has(kind.kind))
      .map(({ kind }) => `\`${kind}\` is declared ${UNKNOWN_KINDS.has(kind) ? '' : 'not '}to be unknown`),
  ];
}

/** Every kind that is declared to be known or unknown. */
export const DECLARED_KINDS: readonly string[] = [
  ...Object.keys(STATEMENT_SAMPLES),
  ...Object.keys(INNER_KINDS),
].sort();

/** Analyzes the samples. Throws for a text that the parser refuses or that is of another kind. */
export async function readKinds(): Promise<readonly StatementKind[]> {
  const parser = await loadPostgresParser();
  const analyzer = createPostgresAnalyzer({ parser });
  const context = {
    ...createPostgresContext(createShopCatalog(), { database: 'app', user: 'app' }),
    catalogIsFresh: true,
  };
  const kinds: StatementKind[] = [];
  for (const [kind, texts] of Object.entries(STATEMENT_SAMPLES).sort(([a], [b]) => a.localeCompare(b))) {
    const samples: SampleFacts[] = [];
    for (const text of texts) {
      const parsed = parser.parse(text);
      const node = parsed?.kind === 'parsed' ? parsed.statements[0]?.tree.stmt : undefined;
      if (node === undefined || !Object.hasOwn(node, kind)) throw new Error(`\`${text}\` is no \`${kind}\``);
      const analysis = await analyzer.analyze(text, context);
      const facts = analysis.kind === 'analyzed' ? analysis.statements[0]?.facts : undefined;
      if (facts === undefined) throw new Error(`\`${text}\` is refused`);
      samples.push({ verb: facts.verb, ...accessesOf(facts.accesses) });
    }
    kinds.push({ kind, samples });
  }
  await analyzer.close();
  return kinds;
}

function accessesOf(accesses: Known<readonly Access[]>): Pick<SampleFacts, 'actions' | 'unknown'> {
  if (!accesses.known) return { actions: [], unknown: accesses.reason };
  const actions = accesses.value.map(
    ({ action, object }) => `${action} ${object.known ? object.value.kind : '?'}`,
  );
  return { actions: [...new Set(actions)].sort(), unknown: null };
}

/** The document that the kinds stand for. */
export function formatDocument(kinds: readonly StatementKind[]): string {
  const rows = kinds.map(({ kind, samples }) => {
    const state = UNKNOWN_KINDS.has(kind)
      ? 'unknown'
      : samples.some(({ unknown }) => unknown !== null)
        ? 'in part'
        : 'mapped';
    return `| \`${kind}\` | ${state} | ${[...new Set(samples.map(formatSample))].join('<br>')} |`;
  });
  const inner = Object.entries(INNER_KINDS).map(([kind, where]) => `\`${kind}\` (${where})`);
  return `# Statement kinds of Postgres 18

Made by \`node tools/gatehouse.mjs --source tools/statement-kinds.ts --write\`; a test compares both, and fails for a kind that the
parser knows and nobody has declared. Each line behind a kind is the verb that policies see and what the analyzer reports for one text
of that kind (tools/statement-samples.ts): actions with the kind of their object, \`?\` where the object is not known. Functions that a
statement calls, tables behind a view, and what an expression reads come on top. *unknown* is denied unless a policy permits
\`unknown\`. A kind that stands nowhere here, as one of a newer server, is unknown: nothing is let through for want of a row.

| kind | state | verb: actions |
|---|---|---|
${rows.join('\n')}

Not sent by clients: ${inner.join(', ')}.
`;
}

function formatSample({ verb, actions, unknown }: SampleFacts): string {
  const said = unknown === null ? actions.join(', ') || 'nothing' : `*unknown*, ${unknown}`;
  return `${verb}: ${said}`;
}

if (process.argv.includes('--write')) {
  writeFileSync(join(ROOT, 'docs/statement-kinds.md'), formatDocument(await readKinds()));
}
