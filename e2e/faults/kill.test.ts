import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultStage } from './fault-stage.ts';

/** What may be missing after a fault: nothing that ran. */
const NOTHING = { unrecorded: 0, storeProblem: null, journalProblem: null };

describe('nothing that ran is missing, nothing is there twice', () => {
  let stage: FaultStage;

  beforeAll(async () => {
    stage = await FaultStage.open();
  });

  afterAll(async () => {
    await stage?.close();
  });

  it.each(['redis', 'worker', 'gateway'] as const)('after kill -9 of the %s under load', async (name) => {
    const part = stage.parts[name];
    await stage.underLoad(async () => {
      await part.kill9();
      await new Promise((resolve) => setTimeout(resolve, 700));
      await part.start();
    });
    const differences = await stage.check();
    expect(differences).toMatchObject(NOTHING);
    expect(differences.ran).toBeGreaterThan(100);
    // A killed gateway leaves at most the statements that its four sessions were running.
    expect(differences.withoutOutcome).toBeLessThanOrEqual(name === 'gateway' ? 4 : 0);
  });

  it('after kill -9 of all three, one after the other', async () => {
    const { redis, worker, gateway } = stage.parts;
    await stage.underLoad(async () => {
      for (const part of [redis, worker, gateway]) await part.kill9();
      await new Promise((resolve) => setTimeout(resolve, 500));
      for (const part of [gateway, redis, worker]) await part.start();
    });
    expect(await stage.check()).toMatchObject(NOTHING);
  });
});
