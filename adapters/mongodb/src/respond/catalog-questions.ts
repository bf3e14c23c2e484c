import type { CatalogHolder } from '@gatehouse/adapter';
import type { MongodbCatalog } from '../classify/catalog.ts';

/**
 * When a command reads a name that the catalog does not have, the catalog may be older than the name, and
 * the name may be a view of something protected. So the catalog is read once more before the command
 * is understood: once for each name, because names are the client's to invent.
 */
export class CatalogQuestions {
  readonly #catalog: CatalogHolder<MongodbCatalog>;
  /** The revision that the catalog had when a name was asked for. */
  readonly #asked = new Map<string, number>();
  #waiting: number | null = null;

  constructor(catalog: CatalogHolder<MongodbCatalog>) {
    this.#catalog = catalog;
  }

  /** True when everything about the name was read after it was first asked for. */
  isFresh(names: Iterable<string>): boolean {
    for (const name of names) {
      const asked = this.#asked.get(name);
      if (asked === undefined || this.#catalog.revision <= asked) return false;
    }
    return true;
  }

  /** What to wait for before the command of this request can be understood; null when it can be now. */
  ask(requestId: number, names: readonly string[]): Promise<unknown> | null {
    const open = names.filter((name) => !this.isFresh([name]));
    if (open.length === 0 || this.#waiting === requestId) {
      this.#waiting = null;
      return null;
    }
    this.#waiting = requestId;
    if (this.#asked.size > MAX_ASKED) this.#asked.clear();
    for (const name of open) this.#asked.set(name, this.#catalog.revision);
    return this.#catalog.refresh();
  }
}

const MAX_ASKED = 10_000;
