/**
 * The start-up parameter `options`: command-line switches, taken apart as the server does (`pg_split_opts`:
 * white space separates, a backslash takes the next character as it is).
 *
 * Only settings are understood: `-c name=value`, `-cname=value`, `--name=value`, with `-` for `_` in names.
 * Null for anything else, bundled switches included.
 */
export function parseStartupOptions(text: string): readonly (readonly [string, string])[] | null {
  const words = splitWords(text);
  const settings: (readonly [string, string])[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const assignment = word === '-c' ? words[++i] : switchOf(word);
    const setting = assignment === undefined ? null : settingOf(assignment);
    if (setting === null) return null;
    settings.push(setting);
  }
  return settings;
}

function switchOf(word: string): string | undefined {
  return word.startsWith('--') || word.startsWith('-c') ? word.slice(2) : undefined;
}

function settingOf(assignment: string): readonly [string, string] | null {
  const match = /^([A-Za-z_][A-Za-z0-9_.-]*)=(.*)$/s.exec(assignment);
  return match === null ? null : [match[1]!.replaceAll('-', '_'), match[2]!];
}

function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (/[\t\n\v\f\r ]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      const isEscape = character === '\\' && i + 1 < text.length;
      word = (word ?? '') + (isEscape ? text[++i]! : character);
    }
  }
  if (word !== null) words.push(word);
  return words;
}
