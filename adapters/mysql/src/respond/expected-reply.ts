/**
 * What the upstream still owes: one entry of the reply queue for each command that was sent to it.
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { Frame } from '@gatehouse/wire';

export interface ExpectedReply {
  /** The request that it answers; null for what needs no decision and for the gateway's own words. */
  readonly running: RunningRequest | null;
  /** Nothing behind it is classified before it is answered: it changes what later commands mean. */
  readonly barrier: boolean;
  /** Takes the next frame or piece; true when the reply is complete and everything of it was written. */
  receive(frame: Frame, out: Outbox): boolean;
  /** The rest is withheld and `error` stands at its end; false where there is nothing to withhold. */
  expire(error: GatewayError): boolean;
  /** Packets of a file go from the client to the upstream now. */
  readonly wantsFile: boolean;
  /** The file's last packet has passed. */
  fileSent(): void;
  /** Sequence id that an error put in place of the rest would have; `first` before anything came, null where it is not known. */
  nextSequence(): number | 'first' | null;
}

/** Sequence id of the packet that a first piece or a whole frame begins with. */
export function sequenceOf(frame: Frame): number {
  return frame.bytes[frame.start + 3]!;
}
