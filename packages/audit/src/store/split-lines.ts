/** Cuts a stream of text into lines; throws RangeError for one that is too long. */
export function createLineSplitter(
  maxCharacters: number,
  onLine: (line: string) => void,
): (text: string) => void {
  // Pieces are joined once per line: a long line that comes in many pieces costs its length only.
  let pieces: string[] = [];
  let characters = 0;
  return (text) => {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = pieces.length === 0 ? line : pieces.join('') + line;
      pieces = [];
      characters = 0;
      onLine(whole);
    }
    if (rest === '') return;
    pieces.push(rest);
    characters += rest.length;
    if (characters > maxCharacters) throw new RangeError(`a line of more than ${maxCharacters} characters`);
  };
}
