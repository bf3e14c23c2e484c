import type { Authenticator } from '@gatehouse/identity';
import type { FrameLimits } from '@gatehouse/wire';
import type { Logger } from 'pino';
import type { GatewayMetrics } from '../metrics.ts';
import type { JournalPort } from './journal-port.ts';
import type { PolicyPort } from './policy-port.ts';
import type { ProbeMeter } from './probe-meter.ts';
import type { RecorderSettings } from './recorder.ts';
import type { SessionDirectory } from './session-directory.ts';

/** Named bounds of a session in time and bytes. */
export interface SessionLimits {
  readonly frames: FrameLimits;
  /** From accept to the end of the login. */
  readonly loginMs: number;
  /** For opening the upstream connection, and again for logging in there. */
  readonly upstreamLoginMs: number;
  /** How long a statement waits for a catalog before it is decided with what is known. */
  readonly knowledgeMs: number;
  /** How often running sessions' tokens and principals are asked for again. */
  readonly recheckMs: number;
}

/** What all sessions of a gateway share. */
export interface GatewayServices {
  readonly node: string;
  readonly authenticator: Authenticator;
  readonly policy: PolicyPort;
  readonly journal: JournalPort;
  readonly recording: RecorderSettings;
  readonly directory: SessionDirectory;
  readonly metrics: GatewayMetrics;
  readonly probeMeter: ProbeMeter;
  readonly limits: SessionLimits;
  readonly maskingKey: Buffer;
  readonly log: Logger;
}
