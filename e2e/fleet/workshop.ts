/**
 * What every starter is given: where to put data, what may be installed, whom to tell.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from './certificate.ts';
import type { Login } from './running-server.ts';
import type { Watchdog } from './watchdog.ts';

export interface Workshop {
  /** The fleet's own folder; removed when the fleet stops. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly watchdog: Watchdog;
  readonly authority: Authority;
  /** Whether system packages may be installed (root only). */
  readonly installSystem: boolean;
  /** The user that servers run as where root may not: null when this process is not root. */
  readonly runAs: number | null;
  /** Tells of a step that takes long. */
  report(line: string): void;
}

/** The unprivileged user that servers run as when this process is root: `nobody` on every Linux. */
export const NOBODY = 65_534;

/** Creates a folder inside the fleet's, readable only by the user that the server runs as. */
export function makeFolder(workshop: Workshop, name: string, owner: number | null): string {
  const path = join(workshop.folder, name);
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o700);
  if (owner !== null) chownSync(path, owner, owner);
  return path;
}

/** A login with a password of its own for this run. */
export function createLogin(user: string): Login {
  return { user, password: randomBytes(12).toString('hex') };
}
