import { GatewayError } from '@gatehouse/model';
import { isPinnedSetting } from '@gatehouse/sql';

/**
 * Ends the session when the server reports a setting that changes how it reads texts.
 *
 * SECURITY: a setting can be changed by ways that no statement shows (ALTER ROLE, a function); the
 * server's own report is the last line (classify.test.ts, "ends the session when …").
 */
export function assertPinned(name: string, value: string): void {
  if (!isPinnedSetting(name, value)) return;
  throw new GatewayError(
    'protocol',
    'pinned-setting-changed',
    `the server reports \`${name.slice(0, 64)}\` with a value under which statements are read differently`,
  );
}
