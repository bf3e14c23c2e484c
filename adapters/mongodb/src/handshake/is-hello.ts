const HELLO_NAMES: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster']);

/** The three names of the handshake command; the only ones that are not told apart by case. */
export function isHello(name: string): boolean {
  return HELLO_NAMES.has(name);
}
