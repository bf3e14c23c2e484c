/** What closes the parts that were opened so far; called in reverse order. */
export type Opened = (() => Promise<void>)[];

/** How long a part that passes events on may go on with it when it is closed. */
export const CLOSE_GRACE_MS = 3_000;
