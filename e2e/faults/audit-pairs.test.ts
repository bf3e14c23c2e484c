/**
 * Every fault of the audit's way under load, alone and in pairs, and the same empty table of differences.
 *
 * A few of them run with the other tests; all of them, and with long outages, where GATEHOUSE_NIGHTLY=1
 * is set (GATEHOUSE_OUTAGE_SECONDS makes them shorter or longer, GATEHOUSE_LOAD_PER_SECOND the load slower or faster). The table that is printed at the end stands in docs/measurements.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { rebuildStore } from '@gatehouse/audit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Differences, FaultStage, type Load } from './fault-stage.ts';
import { openSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.ts';

const NIGHTLY = process.env['GATEHOUSE_NIGHTLY'] === '1';
/** How long Redis cannot be reached. */
const OUTAGE_MS = Number(process.env['GATEHOUSE_OUTAGE_SECONDS'] ?? (NIGHTLY ? 60 : 3)) * 1_000;
/** How long anything else is away. */
const SHORT_OUTAGE_MS = Math.min(OUTAGE_MS, 15_000);
const TIMEOUT_MS = (NIGHTLY ? 400_000 : 180_000) + 2 * OUTAGE_MS;

const NOTHING = { unrecorded: 0, storeProblem: null, journalProblem: null, notCollected: 0 };

type PartName = 'redis' | 'worker' | 'store' | 'gateway';

const ALONE: readonly (readonly PartName[])[] = [['redis'], ['worker'], ['store'], ['gateway']];
const PAIRS: readonly (readonly PartName[])[] = [
  ['redis', 'worker'],
  ['redis', 'store'],
  ['redis', 'gateway'],
  ['worker', 'store'],
  ['worker', 'gateway'],
  ['store', 'gateway'],
];
const TOGETHER: readonly (readonly PartName[])[] = [
  ['redis', 'store'],
  ['worker', 'store'],
  ['worker', 'gateway'],
];

/** What lasts for a while, and may begin and end with a part that is killed. */
type Lasting = 'Redis unreachable' | 'sink answers 500';
type Fault = PartName | Lasting;

const LASTING: Readonly<Record<Lasting, (stage: FaultStage) => () => void>> = {
  'Redis unreachable': ({ gatewayLink, workerLink }) => {
    gatewayLink!.block();
    workerLink!.block();
    return () => {
      gatewayLink!.unblock();
      workerLink!.unblock();
    };
  },
  'sink answers 500': ({ collector }) => {
    collector!.status = 500;
    return () => {
      collector!.status = 200;
    };
  },
};

/** Pairs of which one lasts; those that stand below on their own are left out. */
const MIXED: readonly (readonly Fault[])[] = [
  ['sink answers 500'],
  ['sink answers 500', 'redis'],
  ['sink answers 500', 'worker'],
  ['sink answers 500', 'gateway'],
  ['sink answers 500', 'Redis unreachable'],
  ['Redis unreachable', 'redis'],
  ['Redis unreachable', 'worker'],
  ['Redis unreachable', 'store'],
];
const WITH_FULL_DISK: readonly Fault[] = [
  ...(['redis', 'worker', 'store', 'gateway'] as const),
  ...(['Redis unreachable', 'sink answers 500'] as const),
];

/** Begins a fault and gives what ends it. */
async function begin(stage: FaultStage, fault: Fault): Promise<() => Promise<void>> {
  if (fault === 'Redis unreachable' || fault === 'sink answers 500') {
    const end = LASTING[fault](stage);
    return async () => end();
  }
  await stage.parts[fault].kill9();
  return () => stage.parts[fault].start();
}

/** Begins all, and ends them in the same order. */
async function endure(stage: FaultStage, faults: readonly Fault[]): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  for (const fault of faults) ends.push(await begin(stage, fault));
  await sleep(outageOf(faults));
  for (const end of ends) await end();
}

function outageOf(faults: readonly Fault[]): number {
  return faults.includes('Redis unreachable') ? OUTAGE_MS : SHORT_OUTAGE_MS;
}

const rows: string[] = [];

afterAll(() => {
  const head =
    '| fault | statements/s, steady | with the outage | ran | unrecorded | store | journal | not at the sink | without outcome | caught up after s |';
  process.stdout.write(`\n${head}\n|---|---|---|---|---|---|---|---|---|---|\n${rows.join('\n')}\n`);
});

describe('nothing that ran is missing, nothing is there twice, the chain is whole', {
  timeout: TIMEOUT_MS,
}, () => {
  let stage: FaultStage;

  beforeAll(async () => {
    stage = await FaultStage.open({ apart: true });
  });

  afterAll(async () => {
    await stage?.close();
  });

  /** Makes a fault under load, compares, and notes the row of the table. */
  async function hold(name: string, fault: () => Promise<void>, lostOutcomes = 0): Promise<void> {
    const load = await stage.underLoad(fault);
    note(name, load, await stage.check(), lostOutcomes);
  }

  it.each(NIGHTLY ? [...ALONE, ...PAIRS] : TOGETHER)('after kill -9 of %s %s', async (...names) => {
    const killed = names.filter((name) => name !== undefined);
    await hold(
      `kill -9 of ${killed.join(' and ')}`,
      async () => {
        await Promise.all(killed.map((name) => stage.parts[name].kill9()));
        await sleep(500);
        for (const name of killed) await stage.parts[name].start();
      },
      lost(killed),
    );
  });

  it.runIf(NIGHTLY).each(MIXED)(
    `under %s %s${NIGHTLY ? '' : ' (skipped: in the nightly run)'}`,
    async (...given) => {
      const faults = given.filter((fault) => fault !== undefined);
      await hold(faults.map(titleOf).join(' and '), () => endure(stage, faults), lost(faults));
    },
  );

  it.runIf(NIGHTLY)(
    `while the node is cut off from Redis and comes back${NIGHTLY ? '' : ' (skipped: in the nightly run)'}`,
    async () => {
      await hold('node cut off from Redis', async () => {
        stage.gatewayLink!.block();
        await sleep(OUTAGE_MS);
        process.stdout.write(
          `cut off for ${OUTAGE_MS / 1_000} s, the gateway holds ${stage.gatewayMemoryMb()} MB\n`,
        );
        stage.gatewayLink!.unblock();
      });
    },
  );

  it('while nobody reaches Redis, and the gateway is killed meanwhile', async () => {
    await hold(
      'Redis unreachable, and kill -9 of gateway',
      async () => {
        stage.gatewayLink!.block();
        stage.workerLink!.block();
        await sleep(OUTAGE_MS / 2);
        await stage.parts.gateway.kill9();
        await stage.parts.gateway.start();
        await sleep(OUTAGE_MS / 2);
        stage.gatewayLink!.unblock();
        stage.workerLink!.unblock();
      },
      lost(['gateway']),
    );
  });

  it('while a sink answers 500, and the store is killed meanwhile', async () => {
    await hold('sink answers 500, and kill -9 of store', async () => {
      stage.collector!.status = 500;
      await stage.parts.store.kill9();
      await sleep(SHORT_OUTAGE_MS / 2);
      await stage.parts.store.start();
      stage.collector!.status = 200;
    });
  });

  it('with two workers on one queue, one of which is killed', async () => {
    await hold('two workers, kill -9 of one', async () => {
      const kill9 = await stage.startAnotherWorker();
      await sleep(1_500);
      await kill9();
    });
  });

  it('when the store is lost, and filled from the journals while events arrive', async () => {
    await hold('store rebuilt while events arrive', async () => {
      await stage.onStore('drop table gatehouse_audit_events');
      await sleep(300);
      const store = await stage.openStore();
      try {
        const { conflicts } = await rebuildStore(stage.journalDir, store);
        expect(conflicts).toEqual([]);
      } finally {
        await store.close();
      }
    });
  });
});

const mountProblem = whyNoSmallDisk();

describe.skipIf(mountProblem !== null)(
  `a full disk under the journal${mountProblem === null ? '' : ` (skipped: ${mountProblem})`}`,
  { timeout: TIMEOUT_MS },
  () => {
    let disk: SmallDisk;
    let stage: FaultStage;

    beforeAll(async () => {
      disk = openSmallDisk(NIGHTLY ? 768 : 192);
      stage = await FaultStage.open({ apart: true, dataDir: disk.dir });
    });

    afterAll(async () => {
      await stage?.close();
      disk?.close();
    });

    it('refuses statements while it is full, and loses nothing that ran', async () => {
      const load = await stage.underLoad(async () => {
        const empty = disk.fill();
        await sleep(SHORT_OUTAGE_MS);
        empty();
        await sleep(1_000);
      });
      const differences = await stage.check();
      // What ended while nothing could be written is counted in the event that says so, not told one by one.
      note('full journal disk', load, differences, 8);
    });

    it.runIf(NIGHTLY).each(WITH_FULL_DISK)(
      `loses nothing while it is full and under %s${NIGHTLY ? '' : ' (skipped: in the nightly run)'}`,
      async (fault) => {
        const load = await stage.underLoad(async () => {
          const empty = disk.fill();
          const end = await begin(stage, fault);
          await sleep(outageOf([fault]));
          empty();
          await end();
          await sleep(1_000);
        });
        note(`full journal disk and ${titleOf(fault)}`, load, await stage.check(), 8 + lost([fault]));
      },
    );
  },
);

/** A killed gateway leaves at most the statements that its four sessions were running. */
function lost(names: readonly Fault[]): number {
  return names.includes('gateway') ? 4 : 0;
}

function titleOf(fault: Fault): string {
  return fault in LASTING ? fault : `kill -9 of ${fault}`;
}

function note(name: string, load: Load, found: Differences, lostOutcomes: number): void {
  const { ran, unrecorded, storeProblem, journalProblem, notCollected, withoutOutcome, caughtUpSeconds } =
    found;
  const { steadyPerSecond, perSecond } = load;
  const whole = [storeProblem ?? 'whole', journalProblem ?? 'whole'];
  const cells = [name, steadyPerSecond, perSecond, ran, unrecorded, ...whole];
  rows.push(`| ${[...cells, notCollected, withoutOutcome, caughtUpSeconds].join(' | ')} |`);
  // A long run tells as it goes: one that is cut short has still shown something.
  if (NIGHTLY) process.stdout.write(`${rows.at(-1)}\n`);
  expect(found).toMatchObject(NOTHING);
  expect(load.statements).toBeGreaterThan(100);
  allowed += lostOutcomes;
  expect(withoutOutcome).toBeLessThanOrEqual(allowed);
}

/** Intents without an outcome stay in the store: what each fault may leave adds up. */
let allowed = 0;
