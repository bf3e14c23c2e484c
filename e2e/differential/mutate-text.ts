/** Statements made from others: words are left out, doubled, exchanged and taken from somewhere else. */
import type { Draw } from './draw.ts';

const TOKEN = /\s+|"(?:[^"]|"")*"|'(?:[^']|'')*'|[A-Za-z_][\w$]*|\d+(?:\.\d+)?|::|->>?|[^\s\w]/g;

/** One to three changes of the text, some of which put a whole other statement into it. */
export function mutateText(draw: Draw, texts: readonly string[]): string {
  let tokens = tokensOf(draw.pick(texts));
  for (const _ of draw.many(1, 3, () => null)) {
    if (tokens.length === 0) break;
    const other = draw.pick(texts);
    const at = draw.below(tokens.length);
    tokens = draw.pick<() => readonly string[]>([
      () => tokens.toSpliced(at, 1),
      () => tokens.toSpliced(at, draw.below(5), ...tokens.slice(at, at + 1 + draw.below(4))),
      () => tokens.with(at, draw.pick(tokensOf(other))),
      () => [...tokens.slice(0, at), ...tokensOf(other).slice(draw.below(tokensOf(other).length))],
      () => replaceWord(draw, tokens, () => `(${other})`),
      () => replaceWord(draw, tokens, () => `(${other}) as x`),
      () => replaceWord(draw, tokens, () => draw.pick(tokensOf(other).filter(isWord).concat('t'))),
      () => replaceWord(draw, tokens, () => draw.pick(tokens.filter(isWord).concat('t'))),
      () => [`with ${draw.pick(tokens.filter(isWord).concat('t'))} as (${other}) `, ...tokens],
      () => [...tokens, ...tokensOf(` union select * from (${other}) as y`)],
      () => [
        draw.pick(['explain ', 'create table made as ', 'declare c cursor for ', 'prepare p as ']),
        ...tokens,
      ],
    ])();
  }
  return tokens.join('');
}

function tokensOf(text: string): readonly string[] {
  return text.match(TOKEN) ?? [' '];
}

function isWord(token: string): boolean {
  return /^[A-Za-z_"]/.test(token);
}

function replaceWord(draw: Draw, tokens: readonly string[], make: () => string): readonly string[] {
  const words = tokens.flatMap((token, index) => (isWord(token) ? [index] : []));
  return words.length === 0 ? tokens : tokens.with(draw.pick(words), make());
}
