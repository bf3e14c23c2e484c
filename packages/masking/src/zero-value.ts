import type { MaskColumn, MaskType } from './mask-type.ts';
import { toWellFormed } from './well-formed.ts';

/** The text that `redact` puts in place of a text. */
const DEFAULT_REDACTION = '***';

const ZERO: Readonly<Record<MaskType, string | null>> = {
  text: '',
  integer: '0',
  decimal: '0',
  float: '0',
  boolean: 'false',
  date: '1970-01-01',
  time: '00:00:00',
  timestamp: '1970-01-01 00:00:00',
  uuid: '00000000-0000-0000-0000-000000000000',
  bytes: '',
  json: 'null',
  other: null,
};

/** The zero value of a type as canonical text. */
export function zeroValue(type: MaskType): string | null {
  return ZERO[type];
}

/** What `redact` gives: the fixed text for `text` (cut to the column) and `json`, the zero value otherwise. */
export function redactedValue(column: MaskColumn, text: string = DEFAULT_REDACTION): string | null {
  if (column.type === 'json') return JSON.stringify(toWellFormed(text));
  if (column.type !== 'text') return zeroValue(column.type);
  return cutText(toWellFormed(text), column.maxLength);
}

/** The first `maxLength` code points. */
export function cutText(text: string, maxLength: number | undefined): string {
  return maxLength === undefined || text.length <= maxLength ? text : [...text].slice(0, maxLength).join('');
}
