import { join } from 'node:path';
import type { Journal } from '../journal/journal.ts';
import { type Shipper, startShipper } from '../shipping/shipper.ts';
import { openSink } from '../sinks/open-sink.ts';
import type { AuditPipelineOptions } from './audit-pipeline.ts';
import { journalDir } from './data-folder.ts';
import { CLOSE_GRACE_MS, type Opened } from './opened.ts';

/** Each sink reads the journal at its own pace; one that is away holds nobody but itself. */
export function openSinks(
  { dataDir, node, sinks = [], log }: AuditPipelineOptions,
  journal: Journal,
  opened: Opened,
): ReadonlyMap<string, Shipper> {
  const dir = journalDir(dataDir);
  const shippers = new Map<string, Shipper>();
  const closers: (() => Promise<void>)[] = [];
  for (const { name, options } of sinks) {
    const sink = openSink(node, options);
    const onTrouble = (error: Error | null) => {
      if (error === null) log.info({ sink: name }, 'audit: a sink takes events again');
      else log.error({ sink: name, err: error }, 'audit: a sink takes nothing; events wait in the journal');
    };
    const shipper = startShipper({
      journal,
      dir,
      node,
      cursorPath: join(dir, `${node}.${name}.cursor`),
      countsAsBacklog: false,
      settleMs: 0,
      deliver: ({ lines, first }) => sink.write(lines, first),
      onTrouble,
    });
    shippers.set(name, shipper);
    closers.push(() => shipper.close(CLOSE_GRACE_MS).finally(() => sink.close()));
  }
  opened.push(async () => {
    await Promise.all(closers.map((close) => close()));
  });
  return shippers;
}
