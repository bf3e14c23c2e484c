/**
 * One small business over three databases: `shop`, `billing` and `support`.
 *
 * The same data on every machine. All of it belongs to nobody.
 */
import type { Fleet } from '../fleet.ts';
import { fillBilling } from './billing.ts';
import { fillShop } from './shop.ts';
import { fillSupport } from './support.ts';

/** Rows (documents) per table (collection), by database; a server that does not run is left out. */
export interface DemoCounts {
  readonly shop?: Readonly<Record<string, number>>;
  readonly billing?: Readonly<Record<string, number>>;
  readonly support?: Readonly<Record<string, number>>;
  /** All of them together. */
  readonly total: number;
}

/** Creates the demo's databases anew on the servers that run, side by side. */
export async function fillDemo(fleet: Pick<Fleet, 'postgres' | 'mysql' | 'mongodb'>): Promise<DemoCounts> {
  const [shop, billing, support] = await Promise.all([
    fleet.postgres === undefined ? undefined : fillShop(fleet.postgres),
    fleet.mysql === undefined ? undefined : fillBilling(fleet.mysql),
    fleet.mongodb === undefined ? undefined : fillSupport(fleet.mongodb),
  ]);
  const total = [shop, billing, support]
    .flatMap((counts) => Object.values(counts ?? {}))
    .reduce((sum, count) => sum + count, 0);
  return {
    ...(shop === undefined ? {} : { shop }),
    ...(billing === undefined ? {} : { billing }),
    ...(support === undefined ? {} : { support }),
    total,
  };
}
