import { existsSync } from 'node:fs';
import { type LoadedConfig, loadConfig } from '../config/load-config.ts';
import { CommandFailed } from '../failure.ts';
import type { Terminal } from '../terminal.ts';

export const DEFAULT_CONFIG = 'gatehouse.yaml';

/** Loads the configuration, or writes every problem with its place and fails. */
export function openConfig(file: string | undefined, terminal: Terminal): LoadedConfig {
  const path = file ?? process.env.GATEHOUSE_CONFIG ?? DEFAULT_CONFIG;
  if (!existsSync(path)) {
    terminal.note(
      `gatehouse: no configuration at \`${path}\`; name one with --config FILE or GATEHOUSE_CONFIG, or try \`gatehouse start\` for a demo that brings its own`,
    );
    throw new CommandFailed(2);
  }
  const result = loadConfig(path);
  if (result.ok) return result;
  for (const problem of result.problems)
    terminal.note(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
  terminal.note(
    `gatehouse: ${result.problems.length} problem${result.problems.length === 1 ? '' : 's'} in the configuration`,
  );
  throw new CommandFailed(2);
}
