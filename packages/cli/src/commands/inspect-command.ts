import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { type Inspector, openInspector } from '../inspect/open-inspector.ts';
import type { Terminal } from '../terminal.ts';

/** `gatehouse inspect`: what Gatehouse understands of a statement, for people who ask and for corpora. */
export function addInspectCommand(program: Command, terminal: Terminal): void {
  program
    .command('inspect')
    .description('say what is understood of statements; nothing is run')
    .addOption(
      new Option('--dialect <dialect>', 'dialect of the statements')
        .choices(['postgres', 'mysql', 'mongodb'])
        .makeOptionMandatory(),
    )
    .option('--jsonl', 'read one JSON document a line: {"text": …} or {"command": …}; print one line each')
    .option(
      '--catalog <file>',
      'objects that exist: JSON with {"tables": {"schema.name": ["column", …]}}; without it every named table is taken to exist',
    )
    .option('--database <name>', 'current database of the session (mysql)')
    .argument('[statement]', 'a statement (SQL text, or a command as JSON); standard input without it')
    .addHelpText(
      'after',
      `
Example:
  $ gatehouse inspect --dialect postgres 'select email from customers'
  $ echo '{"text": "drop table t"}' | gatehouse inspect --dialect mysql --jsonl
`,
    )
    .action(
      async (
        statement: string | undefined,
        options: { dialect: string; jsonl?: boolean; catalog?: string; database?: string },
      ) => {
        const inspector = await openInspector(options.dialect, {
          ...(options.catalog === undefined ? {} : { catalogFile: options.catalog }),
          ...(options.database === undefined ? {} : { database: options.database }),
        });
        try {
          if (statement !== undefined) await printOne(inspector, statement, options, terminal);
          else await printLines(inspector, options, terminal);
        } finally {
          await inspector.close();
        }
      },
    );
}

async function printLines(
  inspector: Inspector,
  options: { dialect: string; jsonl?: boolean },
  terminal: Terminal,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    await printOne(inspector, line, options, terminal);
  }
}

async function printOne(
  inspector: Inspector,
  line: string,
  options: { dialect: string; jsonl?: boolean },
  terminal: Terminal,
): Promise<void> {
  const result = await inspector.inspect(
    options.jsonl === true ? parseLine(line) : asInput(line, options.dialect),
  );
  if (options.jsonl === true) terminal.json(result);
  else terminal.line(JSON.stringify(result, null, 2));
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function asInput(line: string, dialect: string): unknown {
  return dialect === 'mongodb' ? { command: parseLine(line) } : { text: line };
}
