/**
 * The named bounds of every buffer that holds bytes from outside (invariant I5).
 *
 * `wholeFrameBytes`: frames up to this size are handed over whole; larger ones come in pieces where
 * the reader can pass them on, and are refused where it cannot.
 * `maxFrameBytes`: a frame that declares more than this ends the session.
 */
export interface FrameLimits {
  readonly wholeFrameBytes: number;
  readonly maxFrameBytes: number;
}

export const DEFAULT_FRAME_LIMITS: FrameLimits = {
  wholeFrameBytes: 1024 * 1024,
  maxFrameBytes: 1024 * 1024 * 1024,
};
