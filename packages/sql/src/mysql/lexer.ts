/**
 * Tokens of MySQL and MariaDB, as the server's own lexer cuts them under the pinned modes (no ANSI_QUOTES,
 * no NO_BACKSLASH_ESCAPES) and utf8mb4 (sql/sql_lex.cc; manual, chapter "Language Structure").
 *
 * Total: every text gives tokens or a refusal. Executable comments are refused, because which server
 * runs what is inside is not for a gateway to guess. Numbers follow the server's rule that `1e1from` is a
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
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 9 && code !== 10 && code !== 11 && code !== 12 && code !== 13) {
      return refused(code === 0 ? 'nul-in-text' : 'control-character', 'the text holds a control character');
    }
    const blank = blankLength(text, at);
    if (blank === 'executable') return refused('executable-comment', 'the text holds an executable comment');
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
  return { kind: 'tokens', tokens };
}

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
  if (text[at + 2] === '!' || (text[at + 2] === 'M' && text[at + 3] === '!') || text[at + 2] === '+')
    return text[at + 2] === '+' ? commentLength(text, at) : 'executable';
  return commentLength(text, at);
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
