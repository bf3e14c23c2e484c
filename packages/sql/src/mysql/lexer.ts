/**
 * Tokens of MySQL and MariaDB, as the server's own lexer cuts them under the pinned modes (no ANSI_QUOTES,
 * no NO_BACKSLASH_ESCAPES) and utf8mb4 (sql/sql_lex.cc; manual, chapter "Language Structure").
 *
 * Total: every text gives tokens or a refusal. What stands in an executable comment is read as part of the text
 * where every server runs it (no version, or one up to 5.5.3, which drivers and dump tools send); with any other
 * version, and in MariaDB's own form, it is refused, because who runs it is not for a gateway to guess. Numbers follow the server's rule that `1e1from` is a
 * number and a word, `.1from` too, and that an identifier may begin with digits.
 */
export type TokenKind = 'word' | 'quoted' | 'string' | 'number' | 'variable' | 'parameter' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** Words in lower case; quoted identifiers unquoted; symbols as written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export type LexResult =
  | { readonly kind: 'tokens'; readonly tokens: readonly Token[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Cuts a text into tokens. */
export function lexMysql(text: string): LexResult {
  const tokens: Token[] = [];
  let at = 0;
  let isInside = false;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 9 && code !== 10 && code !== 11 && code !== 12 && code !== 13) {
      return refused(code === 0 ? 'nul-in-text' : 'control-character', 'the text holds a control character');
    }
    if (isInside && text.startsWith('*/', at)) {
      isInside = false;
      at += 2;
      continue;
    }
    const blank = blankLength(text, at);
    if (blank === 'executable') {
      const head = isInside ? 0 : executableHead(text, at);
      if (head === 0) return refused('executable-comment', 'the text holds an executable comment');
      isInside = true;
      at += head;
      continue;
    }
    // SECURITY: where a comment or a statement ends inside an executable one is not the same for every server.
    if (isInside && blank !== 1 && (blank !== 0 || text[at] === ';'))
      return refused(
        'executable-comment',
        'the text holds an executable comment with more than one thing in it',
      );
    if (blank === 'open') return refused('not-splittable', 'a comment does not end');
    if (blank > 0) {
      at += blank;
      continue;
    }
    const token = readToken(text, at);
    if (token === null) return refused('not-splittable', 'a string or a name does not end');
    tokens.push(token);
    at = token.end;
  }
  if (isInside) return refused('not-splittable', 'a comment does not end');
  return { kind: 'tokens', tokens };
}

/** Length of `/*!` or `/*!NNNNN` where every server runs what follows; 0 elsewhere. */
function executableHead(text: string, at: number): number {
  const head = /\/\*!(\d*)/y;
  head.lastIndex = at;
  const version = head.exec(text)?.[1];
  if (version === '') return 3;
  return version?.length === 5 && Number(version) <= RUN_BY_EVERY_SERVER ? 8 : 0;
}

/** MySQL 5.5.3 of 2010; MariaDB, whose numbers begin at 10.0, leaves out only versions from 5.7 to its own. */
const RUN_BY_EVERY_SERVER = 50_503;

function refused(code: string, message: string): LexResult {
  return { kind: 'refused', code, message };
}

/** White space or a comment; comments do not nest. */
function blankLength(text: string, at: number): number | 'executable' | 'open' {
  const char = text[at]!;
  if (' \t\n\v\f\r'.includes(char)) return 1;
  if (char === '#') return lineLength(text, at);
  if (char === '-' && text[at + 1] === '-' && (at + 2 >= text.length || text.charCodeAt(at + 2) <= 0x20))
    return lineLength(text, at);
  if (char !== '/' || text[at + 1] !== '*') return 0;
  if (text.startsWith('/*M!999999', at)) return neverRunLength(text, at);
  if (text[at + 2] === '!' || (text[at + 2] === 'M' && text[at + 3] === '!') || text[at + 2] === '+')
    return text[at + 2] === '+' ? commentLength(text, at) : 'executable';
  return commentLength(text, at);
}

/** A comment of MariaDB's own with the version 999999, with which its dumps begin: no server runs it. Others inside would nest. */
function neverRunLength(text: string, at: number): number | 'executable' | 'open' {
  const length = commentLength(text, at);
  if (length === 'open') return length;
  const inside = text.slice(at + 2, at + length);
  return /^M!999999\d/.test(inside) || inside.includes('/*') ? 'executable' : length;
}

function commentLength(text: string, at: number): number | 'open' {
  const end = text.indexOf('*/', at + 2);
  return end < 0 ? 'open' : end + 2 - at;
}

function lineLength(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return (end < 0 ? text.length : end + 1) - at;
}

const WORD_CHAR = /[0-9A-Za-z_$\u0080-\uffff]/;

function readToken(text: string, at: number): Token | null {
  const char = text[at]!;
  if (char === '`') return readQuoted(text, at);
  if (char === "'" || char === '"') return readString(text, at);
  if (char === '@') return readVariable(text, at);
  if (char === '?') return token('parameter', '?', at, at + 1);
  if (
    /[0-9]/.test(char) ||
    (char === '.' &&
      /[0-9]/.test(text[at + 1] ?? '') &&
      !/[0-9A-Za-z_$`\u0080-\uffff]/.test(text[at - 1] ?? ''))
  )
    return readNumber(text, at);
  if (WORD_CHAR.test(char)) return readWord(text, at);
  for (const symbol of LONG_SYMBOLS)
    if (text.startsWith(symbol, at)) return token('symbol', symbol, at, at + symbol.length);
  return token('symbol', char, at, at + 1);
}

function readWord(text: string, at: number): Token {
  let end = at + 1;
  while (end < text.length && WORD_CHAR.test(text[end]!)) end += 1;
  const word = text.slice(at, end);
  // `x'41'`, `b'01'`, `n'…'` and `_utf8mb4'…'` are literals; the introducer alone is a word.
  if (/^[xXbBnN]$/.test(word) && text[end] === "'") {
    const string = readString(text, end);
    if (string !== null) return token('string', '', at, string.end);
  }
  return token('word', word.toLowerCase(), at, end);
}

/** After a dot a name follows whatever it looks like: `t.1a`. */
function readNumber(text: string, at: number): Token {
  const previous = text[at - 1];
  const pattern = /0x[0-9A-Fa-f]+|0b[01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  const end = match === null ? at + 1 : pattern.lastIndex;
  const next = text[end] ?? '';
  const isInteger = match !== null && /^\d+$/.test(match[0]);
  const isPrefixed = match !== null && /^0[xb]/.test(match[0]);
  if (previous === '.' || ((isInteger || isPrefixed) && WORD_CHAR.test(next))) return readWord(text, at);
  return token('number', match?.[0] ?? text[at]!, at, end);
}

function readQuoted(text: string, at: number): Token | null {
  let value = '';
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== '`') value += text[i];
    else if (text[i + 1] === '`') {
      value += '`';
      i += 1;
    } else return token('quoted', value, at, i + 1);
  }
  return null;
}

function readString(text: string, at: number): Token | null {
  const quote = text[at];
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === quote) {
      if (text[i + 1] === quote) i += 1;
      else return token('string', '', at, i + 1);
    }
  }
  return null;
}

/** `@user`, `@'user'`, `@@system`, `@@global.system`. */
function readVariable(text: string, at: number): Token | null {
  let end = at + (text[at + 1] === '@' ? 2 : 1);
  const quote = text[end];
  if (quote === '`' || quote === "'" || quote === '"') {
    const inner = quote === '`' ? readQuoted(text, end) : readString(text, end);
    return inner === null ? null : token('variable', text.slice(at, inner.end).toLowerCase(), at, inner.end);
  }
  while (end < text.length && /[0-9A-Za-z_$.\u0080-\uffff]/.test(text[end]!)) end += 1;
  return token('variable', text.slice(at, end).toLowerCase(), at, end);
}

function token(kind: TokenKind, value: string, start: number, end: number): Token {
  return { kind, value, start, end };
}

const LONG_SYMBOLS = ['<=>', '->>', ':=', '<=', '>=', '<>', '!=', '||', '&&', '<<', '>>', '->'];
