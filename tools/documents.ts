/**
 * Compiles the TypeScript examples of README.md and docs/, each as a module of its own.
 *
 *   node tools/gatehouse.mjs --source tools/documents.ts
 *
 * An example is a fenced block marked `ts`. It sees what `e2e` sees: every package, and vitest.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** A fenced block of TypeScript and the line of the document on which its first line stands. */
export interface Example {
  readonly line: number;
  readonly code: string;
}

/** The blocks marked `ts` in a Markdown text. */
export function parseExamples(markdown: string): readonly Example[] {
  const lines = markdown.split('\n');
  const examples: Example[] = [];
  for (let index = 0; index < lines.length; index++) {
    if (!/^```(ts|typescript)\s*$/.test(lines[index]!)) continue;
    const end = lines.findIndex((line, at) => at > index && /^```\s*$/.test(line));
    const stop = end === -1 ? lines.length : end;
    examples.push({ line: index + 2, code: lines.slice(index + 1, stop).join('\n') });
    index = stop;
  }
  return examples;
}

async function main(): Promise<number> {
  const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
    (path) => path.endsWith('.md') && existsSync(join(ROOT, path)),
  );
  // Inside of e2e, so that the packages are found from there.
  const folder = join(ROOT, 'e2e/node_modules/.examples');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const document of documents) {
    for (const { line, code } of parseExamples(readFileSync(join(ROOT, document), 'utf8'))) {
      count++;
      // As many empty lines in front as the document has, so that a message names the document's own line.
      const name = `${document.replaceAll('/', '_').replace(/\.md$/, '')}_${line}.ts`;
      writeFileSync(join(folder, name), `${'\n'.repeat(line - 1)}${code}\nexport {};\n`);
    }
  }
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: { noUnusedLocals: false, rootDir: ROOT },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { code, output } =
    count === 0
      ? { code: 0, output: '' }
      : await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, quiet: true });
  process.stdout.write(`${output}${count} examples in ${documents.length} documents\n`);
  rmSync(folder, { recursive: true, force: true });
  return code;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await main();
