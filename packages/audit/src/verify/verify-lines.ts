/**
 * Proves a chain of lines, or names the first event that breaks it and how.
 *
 * Every line holds the hash of the one before, so a change, a hole, an addition or an exchange
 * breaks a link. A chain that was made up anew links well; its signed checkpoints do not fit. Its end
 * is proven as far as others have witnessed it; see signature-check.
 */
import { createHash } from 'node:crypto';
import { type AuditEvent, GENESIS, parseLine } from '../journal/event-line.ts';
import { SignatureCheck, type SignatureOptions, type SignedState } from './signature-check.ts';

/**
 * `torn`: the last line is half a line, as a crash leaves it. `forged`: the chain links, and is not the
 * one that was signed or witnessed. `unsigned`: checkpoints stop. `truncated`: others have seen more.
 */
export type ProblemKind =
  | 'changed'
  | 'missing'
  | 'inserted'
  | 'reordered'
  | 'torn'
  | 'forged'
  | 'unsigned'
  | 'truncated';

export interface ChainProblem {
  readonly kind: ProblemKind;
  /** The first event that is not as it was written, by its number. */
  readonly seq: number;
  /** Which line it concerns, counted from 1 over all lines. */
  readonly line: number;
  readonly detail: string;
}

/** One place in a chain. */
export interface ChainPoint {
  readonly seq: number;
  /** SHA-256 of the event's line. */
  readonly hash: string;
}

export interface VerifyResult {
  readonly node: string | null;
  /** Events in order up to the first problem. */
  readonly events: number;
  readonly first: ChainPoint | null;
  readonly last: ChainPoint | null;
  readonly problem: ChainProblem | null;
  /** What signatures cover, null when there is none that could be checked. */
  readonly signed: SignedState | null;
}

export interface VerifyOptions extends SignatureOptions {
  /** What stands before the first line; `start` for nothing, `tombstone` for nothing or what a signed tombstone says was taken away, `any` when the lines begin somewhere inside. */
  readonly after?: ChainPoint | 'start' | 'tombstone' | 'any';
}

type Line = string | Uint8Array;
type Lines = Iterable<Line> | AsyncIterable<Line>;

const NOTHING: ChainPoint = { seq: 0, hash: GENESIS };

/** Verifies lines without line feeds, in order. Reads to the first problem, to the end after a gap. */
export async function verifyLines(lines: Lines, options: VerifyOptions = {}): Promise<VerifyResult> {
  const chain = new Chain(options);
  for await (const line of lines) if (chain.take(line)) break;
  return chain.result();
}

/** A problem that the lines behind it tell more about. */
type Suspicion =
  | { readonly kind: 'unreadable'; readonly problem: ChainProblem }
  | { readonly kind: 'gap'; readonly problem: ChainProblem }
  | {
      readonly kind: 'link';
      readonly before: ChainProblem;
      readonly itself: ChainProblem;
      readonly hash: string;
    };

class Chain {
  #node: string | null = null;
  #events = 0;
  #line = 0;
  #first: ChainPoint | null = null;
  #last: ChainPoint | null = null;
  #expected: ChainPoint | null;
  #suspicion: Suspicion | null = null;
  #problem: ChainProblem | null = null;
  readonly #signatures: SignatureCheck;
  readonly #begins: 'anywhere' | 'proven';

  constructor({ after = 'any', ...signed }: VerifyOptions) {
    this.#signatures = new SignatureCheck(signed);
    this.#begins = after === 'tombstone' ? 'proven' : 'anywhere';
    if (after === 'any' || after === 'tombstone') this.#expected = null;
    else this.#expected = after === 'start' ? NOTHING : after;
  }

  /** Gives true when nothing further needs to be read. */
  take(line: Line): boolean {
    this.#line += 1;
    const bytes = typeof line === 'string' ? Buffer.from(line, 'utf8') : line;
    const event = parseLine(Buffer.from(bytes).toString('utf8'));
    if (this.#suspicion !== null) this.#problem = this.#judge(this.#suspicion, event);
    else if (event === null) this.#suspicion = this.#unreadable();
    else this.#check(event, createHash('sha256').update(bytes).digest('hex'));
    return this.#problem !== null;
  }

  result(): VerifyResult {
    return {
      node: this.#node,
      events: this.#events,
      first: this.#first,
      last: this.#last,
      problem: this.#problem ?? this.#atEnd() ?? this.#signedEnd(),
      signed: this.#signatures.state,
    };
  }

  #check(event: AuditEvent, hash: string): void {
    const expected = this.#expected ?? (event.seq === 1 ? NOTHING : { seq: event.seq - 1, hash: event.prev });
    const seq = expected.seq + 1;
    this.#node ??= event.node;
    if (event.node !== this.#node) {
      this.#problem = this.#found('inserted', seq, `an event of node \`${event.node}\``);
    } else if (event.seq < seq) {
      this.#problem = this.#found('inserted', event.seq, `number ${event.seq} stands there twice`);
    } else if (event.seq > seq) {
      const problem = this.#found('missing', seq, `behind number ${seq - 1} comes ${event.seq}`);
      this.#suspicion = { kind: 'gap', problem };
    } else if (event.prev !== expected.hash) {
      this.#suspicion = this.#brokenLink(seq, hash);
    } else {
      this.#accept({ seq, hash }, event);
    }
  }

  #accept(point: ChainPoint, event: AuditEvent): void {
    const problem = this.#signatures.take(event, point.hash);
    if (problem !== null) {
      const line = Math.max(1, this.#line - (event.seq - problem.seq));
      this.#problem = { ...problem, line };
      return;
    }
    this.#events += 1;
    this.#first ??= point;
    this.#last = point;
    this.#expected = point;
  }

  #brokenLink(seq: number, hash: string): Suspicion {
    const itself = this.#found('changed', seq, 'it does not name the hash of the event before');
    // Nothing stands before the first event that could have been changed.
    const before =
      this.#last === null
        ? itself
        : {
            ...this.#found('changed', seq - 1, `its hash is not the one that number ${seq} names`),
            line: this.#line - 1,
          };
    return { kind: 'link', before, itself, hash };
  }

  #unreadable(): Suspicion {
    const seq = (this.#expected?.seq ?? 0) + 1;
    return { kind: 'unreadable', problem: this.#found('changed', seq, 'the line is no event') };
  }

  #judge(suspicion: Suspicion, next: AuditEvent | null): ChainProblem | null {
    switch (suspicion.kind) {
      case 'unreadable':
        return suspicion.problem;
      case 'gap': {
        if (next?.seq !== suspicion.problem.seq) return null;
        return {
          ...suspicion.problem,
          kind: 'reordered',
          detail: `number ${next.seq} stands further down, in line ${this.#line}`,
        };
      }
      case 'link':
        // The event behind vouches for the one in question, so the one before it was changed.
        return next?.prev === suspicion.hash ? suspicion.before : suspicion.itself;
    }
  }

  #atEnd(): ChainProblem | null {
    const suspicion = this.#suspicion;
    if (suspicion === null) return null;
    if (suspicion.kind === 'link') return suspicion.before;
    if (suspicion.kind === 'gap') return suspicion.problem;
    return { ...suspicion.problem, kind: 'torn', detail: 'the last line is no whole event' };
  }

  #signedEnd(): ChainProblem | null {
    const problem = this.#signatures.end(this.#begins);
    if (problem === null) return null;
    return { ...problem, line: problem.kind === 'truncated' ? this.#line + 1 : 1 };
  }

  #found(kind: ProblemKind, seq: number, detail: string): ChainProblem {
    return { kind, seq, line: this.#line, detail };
  }
}
