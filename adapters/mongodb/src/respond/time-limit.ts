import type { Command } from '../messages/command.ts';

/** Milliseconds to send along; null when the command takes none or has a stricter one of its own. */
export function timeLimit({ name, fields }: Command, seconds: number | undefined): number | null {
  if (seconds === undefined || !TAKES_TIME_LIMIT.has(name)) return null;
  const limitMs = Math.max(1, Math.floor(seconds * 1000));
  const own = fields.get('maxTimeMS');
  const ownMs = own?.kind === 'number' || own?.kind === 'long' ? Number(own.value) : 0;
  return ownMs > 0 && ownMs <= limitMs ? null : limitMs;
}

const TAKES_TIME_LIMIT = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'insert',
  'update',
  'delete',
  'bulkWrite',
  'findAndModify',
  'findandmodify',
]);
