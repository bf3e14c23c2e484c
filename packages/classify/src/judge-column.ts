/**
 * Weighs what values and name of one column say, and proposes labels.
 *
 * For every detector: of the values that have the form, the share that passes every check, taken at the lower end of
 * what the size of the sample allows (Wilson's interval) and measured from what chance would pass; times how
 * much of the column has the form at all. So a tenth of random numbers passing Luhn is nothing, and three cards in
 * three rows are less than two hundred in two hundred. A name adds to that, unless the values contradict it.
 */
import { type Expected, judgeName, type NameFinding } from './column-name.ts';
import type { Judgement, ValueDetector } from './detector.ts';
import { maskExample } from './mask-example.ts';
import { VALUE_DETECTORS } from './value-detectors.ts';

/** What the values of a column are to the database. */
export type ValueType = 'text' | 'number' | 'date' | 'boolean' | 'other';

/** Values of one column, or of one path inside documents. */
export interface ColumnSample {
  /** The table or collection, without its namespace. */
  readonly container: string;
  /** The column's name, or the parts of a path inside documents. */
  readonly path: readonly string[];
  readonly type: ValueType;
  /** As text; null and missing values left out. */
  readonly values: readonly string[];
}

export interface Proposal {
  readonly label: string;
  /** From 0 to 1. */
  readonly confidence: number;
  /** Different values that were looked at. */
  readonly sampled: number;
  /** Those of them that speak for the label. */
  readonly hits: number;
  /** Why, in words, without any value. */
  readonly evidence: string;
  /** At most three values that speak for the label, masked. */
  readonly examples: readonly string[];
}

/** What is less sure than this is not proposed. */
const MIN_CONFIDENCE = 0.4;
const MAX_VALUE_CHARACTERS = 4_096;
const MAX_EXAMPLES = 3;
/** Of so many different values some must agree with a name that detectors know. */
const MIN_TO_CONTRADICT = 8;
const SHARE_TO_AGREE = 0.05;
const CONTRADICTED = 0.15;
/** How much of a name's word counts when there is no value to look at. */
const UNSEEN = 0.8;

/** Labels for a column, the surest first; empty when nothing speaks for any. */
export function judgeColumn(sample: ColumnSample): readonly Proposal[] {
  const values = [
    ...new Set(sample.values.map((value) => value.slice(0, MAX_VALUE_CHARACTERS).trim())),
  ].filter((value) => value !== '');
  const names = judgeName(sample.container, sample.path);
  const weighed = VALUE_DETECTORS.map((detector) => weigh(detector, sample.type, values, names));
  const best = new Map<string, Proposal>();
  const offer = (proposal: Proposal): void => {
    const rounded = { ...proposal, confidence: Math.round(proposal.confidence * 100) / 100 };
    if (rounded.confidence < MIN_CONFIDENCE) return;
    if (rounded.confidence > (best.get(proposal.label)?.confidence ?? 0)) best.set(proposal.label, rounded);
  };
  for (const each of weighed) offer(fromValues(each, values, names));
  for (const name of names) offer(fromName(name, weighed, sample.type, values));
  if (sample.type === 'text')
    for (const proposal of fromTexts(values)) if (!best.has(proposal.label)) offer(proposal);
  return [...best.values()].sort((a, b) => b.confidence - a.confidence);
}

interface Weighed {
  readonly detector: ValueDetector;
  readonly hits: readonly string[];
  readonly confidence: number;
}

function weigh(
  detector: ValueDetector,
  type: ValueType,
  values: readonly string[],
  names: readonly NameFinding[],
): Weighed {
  if (type === 'boolean' || type === 'date') return { detector, hits: [], confidence: 0 };
  const isNamed = names.some(({ label }) => label === detector.label);
  const hits: string[] = [];
  let failed = 0;
  for (const value of values) {
    const judgement: Judgement = detector.judge(value);
    if (judgement === 'match' || (judgement === 'weak' && isNamed)) hits.push(value);
    else if (judgement === 'near') failed++;
  }
  const sure = (lowerBound(hits.length, hits.length + failed) - detector.chance) / (1 - detector.chance);
  const covered = values.length === 0 ? 0 : Math.min(1, hits.length / values.length / detector.enough);
  return { detector, hits, confidence: Math.max(0, sure) * covered };
}

/** z of the one-sided 90 % quantile. */
const Z = 1.2816;

/** The lower end of Wilson's score interval for a share (E. B. Wilson, JASA 22, 1927). */
function lowerBound(hits: number, of: number): number {
  if (of === 0) return 0;
  const share = hits / of;
  const spread = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return (share + Z ** 2 / (2 * of) - spread) / (1 + Z ** 2 / of);
}

function fromValues(
  { detector, hits, confidence }: Weighed,
  values: readonly string[],
  names: readonly NameFinding[],
): Proposal {
  const name = hits.length === 0 ? undefined : names.find(({ label }) => label === detector.label);
  const share = `${hits.length} of ${values.length}: ${detector.finds}`;
  return {
    label: detector.label,
    confidence: either(confidence, isContradicted(hits, values) ? 0 : (name?.sure ?? 0)),
    sampled: values.length,
    hits: hits.length,
    evidence: name === undefined ? share : `${share}; its name`,
    examples: hits.slice(0, MAX_EXAMPLES).map(maskExample),
  };
}

function fromName(
  name: NameFinding,
  weighed: readonly Weighed[],
  type: ValueType,
  values: readonly string[],
): Proposal {
  const hits = weighed.filter(({ detector }) => detector.label === name.label).flatMap((each) => each.hits);
  const fits = values.filter((value) => isAsExpected(name.expected, type, value));
  const contradicted =
    (name.isCheckable && isContradicted(hits, values)) ||
    (values.length > 0 && fits.length / values.length < 0.5) ||
    !FITTING_TYPES[name.expected].includes(type);
  return {
    label: name.label,
    confidence: name.sure * (contradicted ? CONTRADICTED : values.length === 0 ? UNSEEN : 1),
    sampled: values.length,
    hits: fits.length,
    evidence: values.length === 0 ? 'its name; no values to look at' : 'its name',
    examples: fits.slice(0, MAX_EXAMPLES).map(maskExample),
  };
}

function isContradicted(hits: readonly string[], values: readonly string[]): boolean {
  return values.length >= MIN_TO_CONTRADICT && hits.length / values.length < SHARE_TO_AGREE;
}

function either(one: number, other: number): number {
  return 1 - (1 - one) * (1 - other);
}

const FITTING_TYPES: Readonly<Record<Expected, readonly ValueType[]>> = {
  text: ['text', 'other'],
  words: ['text', 'other'],
  number: ['number', 'text'],
  date: ['date', 'text'],
  any: ['text', 'number', 'other'],
};

function isAsExpected(expected: Expected, type: ValueType, value: string): boolean {
  if (expected === 'words') return /\p{L}/u.test(value) && !value.includes('@') && value.length <= 200;
  if (expected === 'number') return /^[^\p{L}]{0,4}\d[\d.,' ]*(?:\s?\p{L}{3})?$/u.test(value);
  if (expected === 'date')
    return type === 'date' || /^(?:\d{4}-\d\d-\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})/.test(value);
  return true;
}

/** From this share on a column of texts is one in which such values stand. */
const ENOUGH_TEXTS = 0.05;

function* fromTexts(values: readonly string[]): Generator<Proposal> {
  for (const label of ['pii.free-text', 'secret']) {
    const detectors = VALUE_DETECTORS.filter((each) => (each.label === 'secret') === (label === 'secret'));
    const found = detectors.map((detector) => values.filter((value) => isInside(detector, value)));
    const hits = [...new Set(found.flat())];
    const kinds = detectors.filter((_, index) => found[index]!.length > 0).map(({ finds }) => finds);
    yield {
      label,
      confidence:
        lowerBound(hits.length, hits.length) * Math.min(1, hits.length / values.length / ENOUGH_TEXTS),
      sampled: values.length,
      hits: hits.length,
      evidence: `${hits.length} of ${values.length} hold: ${kinds.join(', ')}`,
      examples: hits.slice(0, MAX_EXAMPLES).map(maskExample),
    };
  }
}

function isInside(detector: ValueDetector, value: string): boolean {
  return detector.isWithin?.(value) === true && detector.judge(value) !== 'match';
}
