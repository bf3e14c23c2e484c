/** Remembers when sequence numbers were written, coarsely, to say how long the oldest one has been waiting. */
export interface LagMarks {
  /** Everything up to `seq` was written by now. */
  note(seq: number, nowMs: number): void;
  /** The oldest one has been waiting since before it was noted, as after a restart. */
  backdate(atMs: number): void;
  /** Everything up to `seq` waits no longer. */
  drop(seq: number): void;
  /** Milliseconds since the oldest mark, 0 for none. */
  lagMs(nowMs: number): number;
}

const STEP_MS = 100;
/** Beyond it newer marks are left out: the oldest ones are what counts. */
const MAX_MARKS = 1_000;

export function createLagMarks(): LagMarks {
  const marks: { readonly seq: number; readonly at: number }[] = [];
  return {
    note(seq, nowMs) {
      const last = marks.at(-1);
      const early = last !== undefined && nowMs - last.at < STEP_MS;
      if (!early && marks.length < MAX_MARKS) marks.push({ seq, at: nowMs });
    },
    backdate(atMs) {
      const [oldest] = marks;
      if (oldest !== undefined && atMs < oldest.at) marks[0] = { ...oldest, at: atMs };
    },
    drop(seq) {
      const kept = marks.findIndex((mark) => mark.seq > seq);
      marks.splice(0, kept === -1 ? marks.length : kept);
    },
    lagMs: (nowMs) => Math.round(nowMs - (marks[0]?.at ?? nowMs)),
  };
}
