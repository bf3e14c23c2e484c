/** Lines as a journal of one node writes them, without a file. */
import type { AuditBody } from '@gatehouse/model';
import { formatLine, GENESIS, hashLine } from '../src/journal/event-line.ts';

export function chainedLines(bodies: readonly AuditBody[], node = 'gw-1'): string[] {
  let prev = GENESIS;
  return bodies.map((body, index) => {
    const at = new Date(Date.UTC(2026, 0, 31, 12) + index * 1000).toISOString();
    const line = formatLine(node, index + 1, at, prev, JSON.stringify(body));
    prev = hashLine(line);
    return line;
  });
}
