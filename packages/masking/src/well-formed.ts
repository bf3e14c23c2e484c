/** The text with every surrogate that has no partner replaced by U+FFFD, as an encoder to UTF-8 would. */
export function toWellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
