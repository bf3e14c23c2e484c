import { hashLetter, WORD, type WordKind, wordKind } from './shape-words.ts';

/**
 * The shape of a statement: its text with those literals taken out that cannot change what is said of it.
 *
 * SECURITY: two texts with one shape share their facts, so this is a list of what is allowed, and everything else
 * stays in the key as it was written, or gives no shape at all. The rule stands beside its tests
 * (statement-shape.test.ts). It does not understand SQL: it reads one pass of tokens, knows four tokens back and one
 * ahead, and gives up (null) on whatever servers, versions or settings could cut into tokens differently.
 */
export interface Shape {
  /** The text with a mark instead of each literal taken out. A mark begins with NUL, which no text with a shape holds. */
  readonly key: string;
  /** UTF-16 offsets of the statement in the text, without white space and the semicolon. */
  readonly start: number;
  readonly end: number;
}

export type ShapeDialect = 'postgres' | 'mysql';

/** Gives the shape of a text, or null where it has none or no literal that may be taken out. */
export type ShapeReader = (text: string) => Shape | null;

const TOKEN = {
  start: 0,
  name: 1,
  keyword: 2,
  opens: 3,
  closes: 4,
  open: 5,
  close: 6,
  closeRow: 7,
  comma: 8,
  equals: 9,
  compare: 10,
  plus: 11,
  minus: 12,
  literal: 13,
  low: 14,
  between: 15,
  and: 16,
  or: 17,
  in: 18,
  values: 19,
  other: 20,
  end: 21,
} as const;
type Token = (typeof TOKEN)[keyof typeof TOKEN];

/** What is wanted behind a literal for it to be taken out. */
const WANTED = { nothing: 0, listEnd: 1, conditionEnd: 2, and: 3 } as const;

/** What a parenthesis holds. In a call nothing is taken out, however deep. */
const GROUP = { plain: 0, list: 1, row: 2, call: 3 } as const;

const MAX_DEPTH = 32;
const MAX_DIGITS = 15;
const MAX_INT4 = 2_147_483_647;

/** Makes a reader that keeps its working memory between texts. */
export function createShapeReader(dialect: ShapeDialect): ShapeReader {
  const run = new ShapeRun(dialect === 'mysql');
  return (text) => run.read(text);
}

class ShapeRun {
  readonly #isMysql: boolean;
  readonly #groups = new Uint8Array(MAX_DEPTH + 1);
  /** Whether conditions or assignments stand at this depth. */
  readonly #conditions = new Uint8Array(MAX_DEPTH + 1);
  #depth = 0;
  #text = '';
  #key = '';
  #copied = 0;
  #taken = 0;
  /** The four tokens before, the youngest first. */
  #p1: Token = TOKEN.start;
  #p2: Token = TOKEN.start;
  #p3: Token = TOKEN.start;
  #p4: Token = TOKEN.start;
  #wanted: number = WANTED.nothing;
  #literalStart = 0;
  #literalEnd = 0;
  #mark = '';

  constructor(isMysql: boolean) {
    this.#isMysql = isMysql;
  }

  read(text: string): Shape | null {
    this.#text = text;
    this.#key = '';
    this.#copied = this.#taken = this.#depth = 0;
    this.#groups[0] = GROUP.plain;
    this.#conditions[0] = 0;
    this.#p1 = this.#p2 = this.#p3 = this.#p4 = TOKEN.start;
    this.#wanted = WANTED.nothing;
    const shape = this.#run(text);
    this.#text = '';
    return shape;
  }

  #run(text: string): Shape | null {
    const { length } = text;
    let start = -1;
    let end = 0;
    for (let at = 0; at < length; ) {
      const code = text.charCodeAt(at);
      if (isSpace(code)) {
        at += 1;
        continue;
      }
      if (code === SEMICOLON) {
        if (!isBlankFrom(text, at + 1)) return null;
        break;
      }
      // SECURITY: nothing but one statement that reads or writes rows has a shape.
      if (start < 0) {
        start = at;
        if (!isLetter(code)) return null;
      }
      const next = this.#token(text, at, code);
      if (next < 0) return null;
      at = next;
      end = next;
    }
    this.#settle(TOKEN.end);
    if (this.#taken === 0 || this.#depth !== 0) return null;
    return { key: this.#key + text.slice(this.#copied), start, end };
  }

  /** Reads the token at `at`; where it ends, or -1 where the text has no shape. */
  #token(text: string, at: number, code: number): number {
    if (isLetter(code)) return this.#word(text, at);
    if (isDigit(code)) return this.#number(text, at);
    switch (code) {
      case QUOTE:
        return this.#string(text, at);
      case OPEN:
        return this.#open() ? at + 1 : -1;
      case CLOSE:
        return this.#close() ? at + 1 : -1;
      case COMMA:
        this.#push(TOKEN.comma);
        return at + 1;
      case DOT:
        this.#push(TOKEN.other);
        return isDigit(text.charCodeAt(at + 1)) ? -1 : at + 1;
      case DOUBLE_QUOTE:
        return this.#isMysql ? -1 : this.#quotedName(text, at, code);
      case BACKTICK:
        return this.#isMysql ? this.#quotedName(text, at, code) : -1;
      case DOLLAR:
        return this.#isMysql ? -1 : this.#parameter(text, at);
      case QUESTION:
      case COLON:
      case OPEN_BRACKET:
      case CLOSE_BRACKET:
        this.#push(TOKEN.other);
        return at + 1;
      default:
        return isOperator(code, this.#isMysql) ? this.#operator(text, at) : -1;
    }
  }

  #word(text: string, start: number): number {
    let end = start;
    let hash = 0;
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (!isLetter(code) && !isDigit(code)) break;
      hash = hashLetter(hash, code);
    }
    // What follows a dot is a name, whatever it looks like.
    const kind =
      start > 0 && text.charCodeAt(start - 1) === DOT ? WORD.name : wordKind(text, start, end, hash);
    if (this.#p1 === TOKEN.start && kind !== WORD.select && kind !== WORD.write) return -1;
    if (isIntroducing(text.charCodeAt(end))) return -1;
    this.#enter(kind);
    return end;
  }

  #enter(kind: WordKind): void {
    const { name, other, and, or } = WORD;
    this.#push(WORD_TOKENS[kind]!);
    if (kind === WORD.opens) this.#conditions[this.#depth] = 1;
    else if (kind === WORD.closes || kind === WORD.select) this.#conditions[this.#depth] = 0;
    const group = this.#groups[this.#depth]!;
    // A list that turns out to be a query has positions and limits in it.
    if (group !== GROUP.call && kind !== name && kind !== other && kind !== and && kind !== or)
      this.#groups[this.#depth] = GROUP.plain;
  }

  #quotedName(text: string, start: number, quote: number): number {
    for (let at = start + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#push(TOKEN.name);
        const next = text.charCodeAt(at + 1);
        return next === quote || isIntroducing(next) || isLetter(next) || isDigit(next) ? -1 : at + 1;
      }
      if (code < SPACE || code > TILDE || code === BACKSLASH) return -1;
    }
    return -1;
  }

  /** `$1`; a dollar quote gives no shape. */
  #parameter(text: string, start: number): number {
    let end = start + 1;
    while (isDigit(text.charCodeAt(end))) end += 1;
    const next = text.charCodeAt(end);
    if (end === start + 1 || next === DOLLAR || isLetter(next) || isIntroducing(next)) return -1;
    this.#push(TOKEN.other);
    return end;
  }

  #operator(text: string, start: number): number {
    let end = start;
    for (; isOperator(text.charCodeAt(end), this.#isMysql); end += 1) {
      const next = text.charCodeAt(end + 1);
      const code = text.charCodeAt(end);
      // A comment, perhaps: servers do not agree on where one begins, and some run what is inside.
      if ((code === MINUS && next === MINUS) || (code === SLASH && next === STAR)) return -1;
    }
    const next = text.charCodeAt(end);
    // `&'` may end `U&'`.
    if (text.charCodeAt(end - 1) === AMPERSAND && (next === QUOTE || next === DOUBLE_QUOTE)) return -1;
    this.#push(end - start <= 2 ? operatorToken(text, start, end) : TOKEN.other);
    return end;
  }

  #open(): boolean {
    if (this.#depth >= MAX_DEPTH) return false;
    const [before, condition] = [this.#groups[this.#depth]!, this.#conditions[this.#depth]!];
    let group: number = GROUP.plain;
    if (before === GROUP.call || this.#p1 === TOKEN.name) group = GROUP.call;
    else if (this.#p1 === TOKEN.in) group = GROUP.list;
    else if (this.#p1 === TOKEN.values || (this.#p1 === TOKEN.comma && this.#p2 === TOKEN.closeRow))
      group = GROUP.row;
    this.#push(TOKEN.open);
    this.#depth += 1;
    this.#groups[this.#depth] = group;
    this.#conditions[this.#depth] = condition;
    return true;
  }

  #close(): boolean {
    if (this.#depth === 0) return false;
    const group = this.#groups[this.#depth];
    this.#push(group === GROUP.row ? TOKEN.closeRow : TOKEN.close);
    this.#depth -= 1;
    return true;
  }

  #string(text: string, start: number): number {
    for (let at = start + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        if (text.charCodeAt(at + 1) === QUOTE) {
          at += 1;
          continue;
        }
        const next = text.charCodeAt(at + 1);
        if (isLetter(next) || isDigit(next) || isIntroducing(next)) return -1;
        this.#literal(start, at + 1, at === start + 1 ? '\0e' : '\0s');
        return at + 1;
      }
      if (code === BACKSLASH || (code < SPACE && !isSpace(code))) return -1;
      if (code >= 0xd800 && code <= 0xdfff) {
        const low = text.charCodeAt(at + 1);
        if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return -1;
        at += 1;
      }
    }
    return -1;
  }

  /** Digits, perhaps with a point and digits. Other forms, and what stands close to a name, give no shape. */
  #number(text: string, start: number): number {
    let end = start;
    while (isDigit(text.charCodeAt(end))) end += 1;
    const isInteger = text.charCodeAt(end) !== DOT;
    if (!isInteger) {
      const point = end;
      end += 1;
      while (isDigit(text.charCodeAt(end))) end += 1;
      if (end === point + 1) return -1;
    }
    const next = text.charCodeAt(end);
    if (isLetter(next) || next === DOT || isIntroducing(next)) return -1;
    this.#literal(start, end, numberMark(text, start, end, isInteger));
    return end;
  }

  /** `mark` empty: the literal stays. */
  #literal(start: number, end: number, mark: string): void {
    const wanted = mark === '' ? WANTED.nothing : this.#wantedBehind();
    this.#push(this.#p1 === TOKEN.between ? TOKEN.low : TOKEN.literal);
    this.#wanted = wanted;
    this.#literalStart = start;
    this.#literalEnd = end;
    this.#mark = mark;
  }

  /** What must stand behind a literal at this place; nothing where none may be taken out. */
  #wantedBehind(): number {
    const group = this.#groups[this.#depth]!;
    if (group === GROUP.call) return WANTED.nothing;
    const isNegative = this.#p1 === TOKEN.minus;
    const before = isNegative ? this.#p2 : this.#p1;
    if (group === GROUP.list || group === GROUP.row)
      return before === TOKEN.open || before === TOKEN.comma ? WANTED.listEnd : WANTED.nothing;
    if (this.#conditions[this.#depth] !== 1) return WANTED.nothing;
    const second = isNegative ? this.#p3 : this.#p2;
    if (before === TOKEN.equals || before === TOKEN.compare)
      return second === TOKEN.name ? WANTED.conditionEnd : WANTED.nothing;
    if (this.#p1 === TOKEN.between) return this.#p2 === TOKEN.name ? WANTED.and : WANTED.nothing;
    if (this.#p1 === TOKEN.and && this.#p2 === TOKEN.low && this.#p3 === TOKEN.between)
      return this.#p4 === TOKEN.name ? WANTED.conditionEnd : WANTED.nothing;
    return this.#isAdded() ? WANTED.conditionEnd : WANTED.nothing;
  }

  /** `= name + 1`, `= name - 1`, `= name + -1`. */
  #isAdded(): boolean {
    const isSign = (token: Token) => token === TOKEN.plus || token === TOKEN.minus;
    if (!isSign(this.#p1)) return false;
    if (this.#p2 === TOKEN.name) return this.#p3 === TOKEN.equals;
    return (
      this.#p1 === TOKEN.minus && isSign(this.#p2) && this.#p3 === TOKEN.name && this.#p4 === TOKEN.equals
    );
  }

  #push(token: Token): void {
    this.#settle(token);
    this.#p4 = this.#p3;
    this.#p3 = this.#p2;
    this.#p2 = this.#p1;
    this.#p1 = token;
  }

  /** Takes the literal before this token out, if the token is what was wanted behind it. */
  #settle(next: Token): void {
    const wanted = this.#wanted;
    if (wanted === WANTED.nothing) return;
    this.#wanted = WANTED.nothing;
    if (!isWanted(wanted, next)) return;
    this.#key += this.#text.slice(this.#copied, this.#literalStart) + this.#mark;
    this.#copied = this.#literalEnd;
    this.#taken += 1;
  }
}

function isWanted(wanted: number, next: Token): boolean {
  if (next === TOKEN.comma || next === TOKEN.close || next === TOKEN.closeRow) return wanted !== WANTED.and;
  if (wanted === WANTED.and) return next === TOKEN.and;
  return wanted === WANTED.conditionEnd && ENDS.has(next);
}

const ENDS: ReadonlySet<Token> = new Set([TOKEN.end, TOKEN.and, TOKEN.or, TOKEN.opens, TOKEN.closes]);

/** The type that the server gives a number by its size is part of the shape; what is longer than numbers are stays. */
function numberMark(text: string, start: number, end: number, isInteger: boolean): string {
  const length = end - start;
  if (length > MAX_DIGITS) return '';
  if (!isInteger) return '\0d';
  if (length > 1 && text.charCodeAt(start) === ZERO) return '';
  if (length < 10) return '\0i';
  return length === 10 && Number(text.slice(start, end)) <= MAX_INT4 ? '\0i' : '\0l';
}

function operatorToken(text: string, start: number, end: number): Token {
  const first = text.charCodeAt(start);
  if (end - start === 1) {
    if (first === EQUALS) return TOKEN.equals;
    if (first === LESS || first === GREATER) return TOKEN.compare;
    if (first === PLUS) return TOKEN.plus;
    return first === MINUS ? TOKEN.minus : TOKEN.other;
  }
  const second = text.charCodeAt(start + 1);
  if (second === EQUALS)
    return first === LESS || first === GREATER || first === BANG ? TOKEN.compare : TOKEN.other;
  return first === LESS && second === GREATER ? TOKEN.compare : TOKEN.other;
}

const WORD_TOKENS: Readonly<Record<WordKind, Token>> = {
  [WORD.name]: TOKEN.name,
  [WORD.other]: TOKEN.keyword,
  [WORD.select]: TOKEN.keyword,
  [WORD.write]: TOKEN.keyword,
  [WORD.opens]: TOKEN.opens,
  [WORD.closes]: TOKEN.closes,
  [WORD.in]: TOKEN.in,
  [WORD.values]: TOKEN.values,
  [WORD.and]: TOKEN.and,
  [WORD.between]: TOKEN.between,
  [WORD.or]: TOKEN.or,
};

const SPACE = 0x20;
const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const AMPERSAND = 0x26;
const QUOTE = 0x27;
const OPEN = 0x28;
const CLOSE = 0x29;
const STAR = 0x2a;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const BACKTICK = 0x60;
const TILDE = 0x7e;

function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x09 || code === 0x0d || code === 0x0c;
}

function isBlankFrom(text: string, start: number): boolean {
  for (let at = start; at < text.length; at += 1) if (!isSpace(text.charCodeAt(at))) return false;
  return true;
}

/** Letters of names that every server and version agrees on. */
function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

/** Close behind a name or a number these begin another kind of literal, or go on with the name. */
function isIntroducing(code: number): boolean {
  return code === QUOTE || code === DOUBLE_QUOTE || code === BACKTICK || code === DOLLAR || code > TILDE;
}

/** `@` and `#` begin variables and comments in MySQL. */
function isOperator(code: number, isMysql: boolean): boolean {
  switch (code) {
    case LESS:
    case EQUALS:
    case GREATER:
    case PLUS:
    case MINUS:
    case STAR:
    case SLASH:
    case BANG:
    case AMPERSAND:
    case 0x25: // %
    case 0x5e: // ^
    case 0x7c: // |
    case TILDE:
      return true;
    case 0x40: // @
    case 0x23: // #
      return !isMysql;
    default:
      return false;
  }
}
