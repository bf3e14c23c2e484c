/**
 * Loaded into the gateway: on SIGUSR2 it samples what is allocated, on the next one it writes the profile to the file
 * that GATEHOUSE_HEAP_PROFILE names. Objects that were collected meanwhile count too.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const session = new Session();
session.connect();
let isSampling = false;
process.on('SIGUSR2', async () => {
  isSampling = !isSampling;
  if (isSampling) {
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: 4096,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    return;
  }
  const { profile } = await session.post('HeapProfiler.stopSampling');
  writeFileSync(process.env.GATEHOUSE_HEAP_PROFILE, JSON.stringify(profile));
});
