import type { CatalogHolder } from '@gatehouse/adapter';
import type { Analysis, PostgresAnalyzer, PostgresCatalog, PostgresContext } from '@gatehouse/sql';
import type { SessionContext } from './session-context.ts';

/**
 * What a text would do, as of now, or a promise after which it can be asked again.
 *
 * A text may have to be parsed elsewhere, and a name that the catalog does not hold may have been made since it
 * was read: then the catalog is read again, once for the text. Only when that has succeeded is a name that is
 * still missing known not to exist.
 */
export class TextKnowledge {
  readonly #analyzer: PostgresAnalyzer;
  readonly #session: SessionContext;
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #late = new Map<string, { readonly context: PostgresContext; readonly analysis: Analysis }>();
  readonly #reads = new Map<string, { isFresh: boolean }>();

  constructor(analyzer: PostgresAnalyzer, session: SessionContext, holder: CatalogHolder<PostgresCatalog>) {
    this.#analyzer = analyzer;
    this.#session = session;
    this.#holder = holder;
  }

  /** `patient` false: nothing is read again for it. */
  about(text: string, patient: boolean): Analysis | Promise<unknown> {
    const context = this.#contextFor(text);
    const late = this.#late.get(text);
    if (late !== undefined && isSame(late.context, context))
      return this.#complete(text, late.analysis, patient);
    const analysis = this.#analyzer.analyze(text, context);
    if (!(analysis instanceof Promise)) return this.#complete(text, analysis, patient);
    return analysis.then((result) => {
      this.#late.set(text, { context, analysis: result });
    });
  }

  /** The message is decided: what was found for it is not kept. */
  forget(): void {
    if (this.#late.size > 0) this.#late.clear();
    if (this.#reads.size > 0) this.#reads.clear();
  }

  #contextFor(text: string): PostgresContext {
    const context = this.#session.current();
    const isFresh = this.#reads.get(text)?.isFresh === true && !this.#session.mayHaveMade;
    return isFresh ? { ...context, catalogIsFresh: true } : context;
  }

  #complete(text: string, analysis: Analysis, patient: boolean): Analysis | Promise<unknown> {
    if (analysis.kind === 'refused' || analysis.missing.length === 0) return analysis;
    if (!patient || this.#reads.has(text)) return analysis;
    const read = { isFresh: false };
    this.#reads.set(text, read);
    // SECURITY: a catalog that could not be read is not fresh (text-knowledge.test.ts).
    return this.#holder.refresh().then(() => {
      read.isFresh = true;
    });
  }
}

/** Contexts with a fresh catalog are made anew each time; everything else in them is shared. */
function isSame(a: PostgresContext, b: PostgresContext): boolean {
  return (Object.keys(a) as (keyof PostgresContext)[]).every((key) => a[key] === b[key]);
}
