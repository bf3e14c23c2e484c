import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Keeps docs/errors.md equal to the faults that the sources can raise: every `new GatewayError(kind, code, message)`
 * with a literal code, found by its text. Run with `--write` to bring the document up to date.
 */
export interface CatalogueEntry {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
}

const SOURCES = ['packages', 'adapters'];
const FAULT = /new GatewayError\(\s*'([a-z-]+)',\s*'([a-z0-9-]+)',\s*(`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*')/g;

/** Every fault by its code, sorted; a code that is raised in several places keeps its first message. */
export function readCatalogue(root: string): readonly CatalogueEntry[] {
  const entries = new Map<string, CatalogueEntry>();
  for (const file of SOURCES.flatMap((folder) => sourceFiles(join(root, folder)))) {
    for (const [, kind = '', code = '', message = ''] of readFileSync(file, 'utf8').matchAll(FAULT)) {
      const text = message
        .slice(1, -1)
        .replaceAll(/\$\{[^}]*\}/g, '…')
        .replaceAll("\\'", "'")
        .replaceAll('\\`', '`')
        .replaceAll('|', '\\|')
        .replaceAll('\n', ' ');
      if (!entries.has(code)) entries.set(code, { code, kind, message: text });
    }
  }
  return [...entries.values()].sort((a, b) => a.code.localeCompare(b.code));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.ts') &&
        !file.endsWith('.test.ts') &&
        !/(^|\/)(node_modules|dist|testing|testkit)\//.test(file),
    )
    .map((file) => join(folder, file))
    .sort();
}

/** The document that the catalogue stands for. */
export function formatDocument(entries: readonly CatalogueEntry[]): string {
  const rows = entries.map(({ code, kind, message }) => `| \`${code}\` | ${kind} | ${message} |`);
  return `# Errors

Made from the sources by \`node --import tsx tools/errors-document.ts --write\`; a test compares both. A client sees the message in its
own dialect's words behind \`gatehouse:\`; logs and the audit carry the code. \`kind\` decides the SQLSTATE, the MySQL error number or
the MongoDB code (see \`respond/\` of each adapter). Refusals by policy carry the reason's code instead: \`denied-by-rule\`, \`no-permit\`,
\`needs-approval\`, \`not-understood\`, \`rule-failed\`, \`masked-use\`, \`masked-copy\`, \`masked-origin-unknown\`, \`agent-exceeds-person\`.

| code | kind | message |
|---|---|---|
${rows.join('\n')}
`;
}

if (process.argv.includes('--write')) {
  const root = join(import.meta.dirname, '..');
  writeFileSync(join(root, 'docs/errors.md'), formatDocument(readCatalogue(root)));
}
