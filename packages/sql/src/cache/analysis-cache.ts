import type { Analysis, AnalyzedStatement, AnalyzedText } from '../analysis.ts';
import { analysisBytes } from './analysis-bytes.ts';
import { createShapeReader, type Shape, type ShapeDialect, type ShapeReader } from './statement-shape.ts';
import { TextCache } from './text-cache.ts';

/**
 * Answers of an analyzer by exact text and, where literals cannot change them, by the shape of the text.
 *
 * Both parts are bounded in bytes and hold facts, never trees. What is found by its shape is the statement that was
 * analyzed, at the place where it stands in the new text; its facts are the same object, so that what others keep for
 * facts is found as well.
 */
export interface AnalysisCacheOptions {
  readonly dialect: ShapeDialect;
  /** Bound of what is kept by exact text. */
  readonly textBytes: number;
  /** Bound of what is kept by shape; 0 for none. */
  readonly shapeBytes: number;
}

/** How often an answer was there, since the analyzer was made, and what the answers take. */
export interface AnalysisCacheCounters {
  readonly textHits: number;
  readonly shapeHits: number;
  readonly misses: number;
  readonly textBytes: number;
  readonly shapeBytes: number;
}

export class AnalysisCache {
  readonly #texts: TextCache<Analysis>;
  readonly #shapes: TextCache<AnalyzedText>;
  readonly #readShape: ShapeReader;
  #textHits = 0;
  #shapeHits = 0;
  #misses = 0;
  /** The last text that was not found, with its shape: it is the one that is kept next. */
  #missed: { readonly text: string; readonly shape: Shape | null } | null = null;

  constructor({ dialect, textBytes, shapeBytes }: AnalysisCacheOptions) {
    this.#texts = new TextCache(textBytes);
    this.#shapes = new TextCache(shapeBytes);
    this.#readShape = shapeBytes === 0 ? () => null : createShapeReader(dialect);
  }

  get counters(): AnalysisCacheCounters {
    return {
      textHits: this.#textHits,
      shapeHits: this.#shapeHits,
      misses: this.#misses,
      textBytes: this.#texts.bytes,
      shapeBytes: this.#shapes.bytes,
    };
  }

  /** `context` names everything else that an answer depends on. */
  find(context: string, text: string): Analysis | undefined {
    const known = this.#texts.get(`${context}\0${text}`);
    if (known !== undefined) {
      this.#textHits += 1;
      return known;
    }
    const shape = this.#readShape(text);
    const similar = shape === null ? undefined : this.#shapes.get(`${context}\0${shape.key}`);
    if (shape === null || similar === undefined) {
      this.#misses += 1;
      this.#missed = { text, shape };
      return undefined;
    }
    this.#shapeHits += 1;
    return moved(similar, shape);
  }

  keep(context: string, text: string, analysis: Analysis): void {
    const key = `${context}\0${text}`;
    this.#texts.set(key, analysis, analysisBytes(key, analysis));
    const missed = this.#missed;
    this.#missed = null;
    const shape = missed?.text === text ? missed.shape : this.#readShape(text);
    if (shape === null || !isSharable(analysis, shape)) return;
    const shapeKey = `${context}\0${shape.key}`;
    this.#shapes.set(shapeKey, analysis, analysisBytes(shapeKey, analysis));
  }
}

/**
 * Whether an answer may stand for every text of its shape.
 *
 * SECURITY: effects may hold literals (`set_config`); what is not understood or not known yet is looked at again.
 */
function isSharable(analysis: Analysis, { start, end }: Shape): analysis is AnalyzedText {
  if (analysis.kind !== 'analyzed' || !analysis.cacheable || analysis.missing.length > 0) return false;
  const [statement, ...others] = analysis.statements;
  if (statement === undefined || others.length > 0) return false;
  return (
    statement.start === start &&
    statement.end === end &&
    statement.effects.length === 0 &&
    statement.copy === undefined &&
    statement.facts.accesses.known &&
    VERBS.has(statement.facts.verb)
  );
}

const VERBS: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete']);

function moved(analysis: AnalyzedText, { start, end }: Shape): AnalyzedText {
  const [statement] = analysis.statements;
  if (statement!.start === start && statement!.end === end) return analysis;
  // SECURITY: everything else is the statement's own; what is left out here is not enforced.
  const here: AnalyzedStatement = Object.freeze({ ...statement!, start, end });
  return Object.freeze({
    kind: 'analyzed',
    statements: Object.freeze([here]),
    missing: analysis.missing,
    cacheable: true,
  });
}
