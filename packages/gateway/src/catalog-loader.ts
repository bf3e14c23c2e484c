import type { CatalogHolder } from '@gatehouse/adapter';

export interface CatalogLoaderOptions<Catalog> {
  load(): Promise<Catalog>;
  /** Called after each attempt. */
  loaded(error: unknown, revision: number): void;
}

/**
 * Keeps the current catalog of one database and reads it again when asked.
 *
 * Calls during a load wait for the *next* one, because the running one may have read before the
 * change that the caller knows of; all of them share it.
 */
export function createCatalogLoader<Catalog>(options: CatalogLoaderOptions<Catalog>): CatalogHolder<Catalog> {
  let current: Catalog | null = null;
  let revision = 0;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  async function load(): Promise<void> {
    try {
      current = await options.load();
      revision += 1;
      options.loaded(null, revision);
    } catch (error) {
      options.loaded(error, revision);
      throw error;
    }
  }

  function start(): Promise<void> {
    const mine = load().finally(() => {
      if (running === mine) running = null;
    });
    running = mine;
    return mine;
  }

  function refresh(): Promise<void> {
    if (running === null) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return start();
      });
    return next;
  }

  return {
    current: () => current,
    get revision() {
      return revision;
    },
    refresh,
  };
}
