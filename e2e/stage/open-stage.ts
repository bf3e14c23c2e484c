import { join } from 'node:path';
import { placeEmptyStore } from '@gatehouse/audit/testkit';
import { type Demo, openDemo } from '@gatehouse/cli';
import type { ServerKind } from '@gatehouse/fleet';
import { pino } from 'pino';

export interface StageOptions {
  readonly need: readonly ServerKind[];
  /** Folder of policies; see `policies.ts`. */
  readonly policies: string;
  readonly principals?: string;
  readonly tokensFor?: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly fill?: boolean;
  readonly upstreamAs?: 'app' | 'owner';
}

/** Real servers with the demo's business and a real gateway in front, in this process. Close it in `afterAll`. */
export function openStage(options: StageOptions): Promise<Demo> {
  const level = process.env.GATEHOUSE_TEST_LOG ?? 'silent';
  const prepareData = (folder: string) => placeEmptyStore(join(folder, 'store'));
  return openDemo({ ...options, prepareData, log: pino({ level }), report: () => undefined });
}
