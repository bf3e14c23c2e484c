/**
 * How the rows of a COPY are written, from its options (manual, COPY), with the server's defaults.
 *
 * Null for options that are not known here and for those that change the bytes in a way that nobody reads back: then
 * nothing inside the rows can be told apart.
 */
import type { Node } from 'libpg-query';
import { literalText } from './syntax-tree.ts';

export interface CopyFormat {
  readonly format: 'text' | 'csv' | 'binary';
  /** One byte each. */
  readonly delimiter: number;
  readonly quote: number;
  /** What takes the meaning of a quote inside quotes; the quote itself by default. */
  readonly escapedBy: number;
  /** What stands for NULL, unquoted. */
  readonly nullText: string;
  /** The first line holds the names of the columns. */
  readonly header: boolean;
}

/** Reads the options of COPY TO, in the old syntax and the new. */
export function readCopyFormat(options: readonly Node[] | undefined): CopyFormat | null {
  const given = new Map<string, string>();
  for (const node of options ?? []) {
    if (!('DefElem' in node)) return null;
    const { defname = '', arg } = node.DefElem;
    const name = defname.toLowerCase();
    if (!KNOWN.has(name) || given.has(name)) return null;
    const value = name.startsWith('force_') ? '' : textOf(arg);
    if (value === null) return null;
    given.set(name, value);
  }
  const format = (given.get('format') ?? 'text').toLowerCase();
  if (format !== 'text' && format !== 'csv' && format !== 'binary') return null;
  const isCsv = format === 'csv';
  const header = booleanOf(given.get('header') ?? 'false');
  const delimiter = byteOf(given.get('delimiter') ?? (isCsv ? ',' : '\t'));
  const quote = byteOf(given.get('quote') ?? '"');
  const escapedBy = byteOf(given.get('escape') ?? given.get('quote') ?? '"');
  if (header === null || delimiter === null || quote === null || escapedBy === null) return null;
  return { format, delimiter, quote, escapedBy, nullText: given.get('null') ?? (isCsv ? '' : '\\N'), header };
}

/** `header` alone is `header true`. */
function textOf(arg: Node | undefined): string | null {
  if (arg === undefined) return 'true';
  if ('Boolean' in arg) return String(arg.Boolean.boolval ?? false);
  return literalText(arg) ?? null;
}

function booleanOf(text: string): boolean | null {
  const value = text.toLowerCase();
  if (['true', 'on', '1'].includes(value)) return true;
  return ['false', 'off', '0'].includes(value) ? false : null;
}

function byteOf(text: string): number | null {
  const bytes = Buffer.from(text);
  return bytes.length === 1 ? bytes[0]! : null;
}

/** `force_quote` only decides what else is quoted. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['format', 'delimiter', 'null', 'header', 'quote', 'escape', 'force_quote'],
]);
