/**
 * Passes a journal on, batch by batch, in order, for ever: to the queue, or straight to the store.
 *
 *   wait for events -> wait until they are on the disk -> read a batch -> deliver -> remember
 *                                                            ^              │ error
 *                                                            └── back off, go back a little
 *
 * At least once: what was delivered in the last seconds before an error, and before the process
 * ends, is delivered again, because a receiver that was killed may have lost what it had just
 * accepted. Receivers keep each (node, seq) once.
 */
import { parseLine } from '../journal/event-line.ts';
import type { Journal, JournalStatus } from '../journal/journal.ts';
import { createLagMarks } from '../journal/lag-marks.ts';
import type { JournalPosition } from '../journal/segment-files.ts';
import { readCursor, writeCursor } from './cursor-file.ts';
import { type BatchLimits, type LineBatch, openSegmentReader, type SegmentReader } from './segment-reader.ts';

/** What a shipper needs of a journal. */
export type ShippedJournal = Pick<
  Journal,
  'written' | 'synced' | 'afterSynced' | 'watch' | 'acknowledge' | 'backdate'
> & { status(): Pick<JournalStatus, 'backlogBytes'> };

export interface ShipperOptions {
  readonly journal: ShippedJournal;
  readonly dir: string;
  readonly node: string;
  readonly cursorPath: string;
  /** False for a receiver whose delay is nobody's business: what it has not taken does not count as backlog. */
  readonly countsAsBacklog?: boolean;
  /** Rejects when the batch was not taken; it comes again then. */
  readonly deliver: (batch: LineBatch) => Promise<void>;
  /**
   * Asked some time after deliveries, before they count as safe: rejects when the receiver may have
   * lost something since. Everything that is not safe comes again then.
   */
  readonly confirm?: () => Promise<void>;
  /** Told once when delivering begins to fail, and with null when it works again. */
  readonly onTrouble: (error: Error | null) => void;
  readonly limits?: BatchLimits;
  /** How long a batch that is not full waits for more. */
  readonly lingerMs?: number;
  /** How old a delivery must be to count as safe from a receiver that is killed; 0 for one that takes nothing before it is safe. */
  readonly settleMs?: number;
}

export interface ShipperStatus {
  /** Last event that was delivered. */
  readonly deliveredSeq: number;
  /** Last event that will not be delivered again: the receiver has had it for a while. */
  readonly safeSeq: number;
  readonly backlogEvents: number;
  readonly backlogBytes: number;
  /** How long the oldest event that is not delivered has been waiting, 0 for none. */
  readonly lagMs: number;
  /** Why delivering fails now, null when it does not. */
  readonly failure: Error | null;
}

export interface Shipper {
  status(): ShipperStatus;
  /** Delivers what can be delivered in this time, then stops. */
  close(graceMs: number): Promise<void>;
}

const LIMITS: BatchLimits = { maxEvents: 250, maxBytes: 256 * 1024 };
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;
const SETTLE_EVERY_MS = 1_000;
const SETTLE_MS = 5_000;
const IDLE_MS = 60_000;
const HANGING_MS = 1_000;

/** Starts shipping from the remembered position, or from `from`. */
export function startShipper(options: ShipperOptions, from = readCursor(options.cursorPath)): Shipper {
  return new LoopingShipper(options, from);
}

interface Delivery {
  readonly end: JournalPosition;
  readonly at: number;
}

class LoopingShipper implements Shipper {
  readonly #options: ShipperOptions;
  readonly #limits: BatchLimits;
  readonly #reader: SegmentReader;
  readonly #unwatch: () => void;
  readonly #finished: Promise<void>;
  readonly #lag = createLagMarks();

  #position: JournalPosition;
  /** Everything before it was delivered long enough ago. */
  #safe: JournalPosition;
  #recent: Delivery[] = [];
  #settledAt = 0;
  #backdated = false;
  #failure: Error | null = null;
  #closing = false;
  #stopped = false;
  #wake: () => void = () => undefined;
  #eventsWake = false;

  constructor(options: ShipperOptions, from: JournalPosition) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
    this.#reader = openSegmentReader(options.dir, options.node);
    this.#position = from;
    this.#safe = from;
    this.#acknowledge(from);
    this.#unwatch = options.journal.watch(() => this.#noticeEvents());
    this.#noticeEvents();
    this.#finished = this.#run();
  }

  status(): ShipperStatus {
    return {
      deliveredSeq: this.#position.seq,
      safeSeq: this.#safe.seq,
      backlogEvents: this.#backlog(),
      backlogBytes: this.#options.journal.status().backlogBytes,
      lagMs: this.#lag.lagMs(performance.now()),
      failure: this.#failure,
    };
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#wake();
    const timers: NodeJS.Timeout[] = [];
    const after = (ms: number, action: () => void) => timers.push(setTimeout(action, ms));
    after(graceMs, () => {
      this.#stopped = true;
      this.#wake();
    });
    // A delivery or a disk that hangs must not keep the process from ending.
    await Promise.race([
      this.#finished,
      new Promise<void>((resolve) => after(graceMs + HANGING_MS, resolve)),
    ]);
    for (const timer of timers) clearTimeout(timer);
    this.#unwatch();
    await this.#reader.close();
    await writeCursor(this.#options.cursorPath, this.#safe).catch((error: unknown) =>
      this.#trouble(error as Error),
    );
  }

  get #settleMs(): number {
    return this.#options.settleMs ?? SETTLE_MS;
  }

  #acknowledge(position: JournalPosition): void {
    if (this.#options.countsAsBacklog !== false) this.#options.journal.acknowledge(position);
  }

  #backlog(): number {
    return Math.max(0, this.#options.journal.written().seq - this.#position.seq);
  }

  #noticeEvents(): void {
    if (this.#backlog() === 0) return;
    this.#lag.note(this.#options.journal.written().seq, performance.now());
    if (this.#eventsWake) this.#wake();
  }

  async #run(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!this.#stopped) {
      try {
        if (this.#backlog() > 0) await this.#shipOnce();
        else if (this.#closing) return;
        else await this.#idle();
        backoffMs = FIRST_BACKOFF_MS;
        this.#trouble(null);
      } catch (error) {
        this.#trouble(error as Error);
        this.#position = this.#safe;
        this.#recent = [];
        await this.#sleep(backoffMs, false);
        backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
      }
    }
  }

  async #idle(): Promise<void> {
    await this.#sleep(this.#recent.length > 0 ? SETTLE_EVERY_MS : IDLE_MS, true);
    await this.#settle();
  }

  async #shipOnce(): Promise<void> {
    const { journal } = this.#options;
    await this.#linger(performance.now() + (this.#options.lingerMs ?? 200));
    if (journal.synced().seq <= this.#position.seq) await synced(journal);
    const batch = await this.#reader.read(this.#position, journal.synced(), this.#limits);
    if (batch === null || this.#stopped) return;
    if (!this.#backdated) this.#backdate(batch);
    await this.#options.deliver(batch);
    this.#position = batch.end;
    this.#recent.push({ end: batch.end, at: performance.now() });
    if (this.#settleMs === 0) this.#safe = batch.end;
    this.#lag.drop(batch.end.seq);
    this.#acknowledge(batch.end);
    await this.#settle();
  }

  /** What waits at the start was written by an earlier process; its lines say when. */
  #backdate({ lines }: LineBatch): void {
    this.#backdated = true;
    const at = Date.parse(parseLine(lines[0]!)?.at ?? '');
    const ageMs = Date.now() - at;
    if (!(ageMs > 0)) return;
    this.#lag.backdate(performance.now() - ageMs);
    if (this.#options.countsAsBacklog !== false) this.#options.journal.backdate(at);
  }

  async #linger(until: number): Promise<void> {
    while (!this.#closing && this.#backlog() < this.#limits.maxEvents) {
      const rest = until - performance.now();
      if (rest <= 0) return;
      await this.#sleep(rest, true);
    }
  }

  /** Now and then moves the safe position behind deliveries that are old enough, and remembers it. */
  async #settle(): Promise<void> {
    const now = performance.now();
    const young = this.#recent.findIndex(({ at }) => now - at < this.#settleMs);
    const old = young === -1 ? this.#recent.length : young;
    if (old === 0 || now - this.#settledAt < SETTLE_EVERY_MS) return;
    await this.#options.confirm?.();
    this.#settledAt = now;
    this.#safe = this.#recent.splice(0, old).at(-1)?.end ?? this.#safe;
    await writeCursor(this.#options.cursorPath, this.#safe);
  }

  #trouble(error: Error | null): void {
    const changed = (this.#failure === null) !== (error === null);
    this.#failure = error;
    if (changed) this.#options.onTrouble(error);
  }

  /** Ends early to stop, and for new events when they are to wake it. */
  async #sleep(ms: number, eventsWake: boolean): Promise<void> {
    this.#eventsWake = eventsWake;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
    this.#eventsWake = false;
  }
}

async function synced(journal: ShippedJournal): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    journal.afterSynced((error) => (error === null ? resolve() : reject(error))),
  );
}
