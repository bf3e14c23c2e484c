import { HANDLED, PASS, type Verdict } from '@gatehouse/adapter';
import { GatewayError } from '@gatehouse/model';
import type { Analysis, AnalyzedStatement, Refusal } from '@gatehouse/sql';
import type { Frame } from '@gatehouse/wire';
import { decodeBind } from '../messages/bind.ts';
import { bodyOf } from '../messages/message-body.ts';
import { FRONTEND } from '../messages/message-type.ts';
import { decodeParse } from '../messages/parse.ts';
import { decodeExecute, decodeTarget } from '../messages/portal-messages.ts';
import { decodeQuery } from '../messages/query.ts';
import { expectReply } from '../respond/expected-reply.ts';
import type { ReplyLine } from '../respond/reply-line.ts';
import { type NameChange, NameTable, type Sized } from './name-table.ts';
import { notUtf8, refusedText, requestOf, textBytes, unknownFacts, unknownName } from './pending-message.ts';
import { type Portal, type Prepared, plainRun, type RunStatement } from './prepared.ts';
import { innerOf, type NameLookup, resolveStatements } from './stands-for.ts';
import type { TextKnowledge } from './text-knowledge.ts';

/**
 * What each client message would do. Owns the tables of prepared statements and portals.
 *
 * A Parse is decided as `prepare`, and so is a Bind, because planning may run immutable functions; an
 * Execute runs. SQL's EXECUTE and FETCH are decided as the statement that they stand for. While the
 * client is in error (`skipping`) its messages up to Sync are swallowed, as the server would.
 */
export class FrontendClassifier {
  readonly #statements = new NameTable<Prepared>({ keepsUnnamed: true });
  readonly #portals = new NameTable<Portal>();
  readonly #knowledge: TextKnowledge;
  readonly #line: ReplyLine;
  /** The client was told of an error in the extended protocol and everything up to Sync is dropped. */
  skipping = false;
  /** Counts Query and Sync messages: within one segment a failure makes the server skip the rest. */
  #segment = 0;

  constructor(knowledge: TextKnowledge, line: ReplyLine) {
    this.#knowledge = knowledge;
    this.#line = line;
  }

  /** The first piece of a message. `patient` false: what is not known now is unknown. */
  classify(frame: Frame, patient: boolean): Verdict {
    this.#patient = patient;
    const verdict = this.#dispatch(frame);
    if (verdict.kind !== 'wait') this.#knowledge.forget();
    return verdict;
  }

  #patient = true;

  /** Within one segment a failure makes the server skip what follows. */
  get segment(): number {
    return this.#segment;
  }

  #dispatch(frame: Frame): Verdict {
    if (this.skipping && frame.type !== FRONTEND.sync && frame.type !== FRONTEND.terminate) return HANDLED;
    switch (frame.type) {
      case FRONTEND.query:
        return this.#query(frame);
      case FRONTEND.parse:
        return this.#parse(frame);
      case FRONTEND.bind:
        return this.#bind(frame);
      case FRONTEND.execute:
        return this.#execute(frame);
      case FRONTEND.describe:
        return this.#describe(frame);
      case FRONTEND.close:
        return this.#close(frame);
      case FRONTEND.sync:
        // A Sync with a body is an error at the server and ends nothing there.
        bodyOf(frame).end();
        this.synced();
        return PASS;
      case FRONTEND.flush:
      case FRONTEND.copyData:
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        return PASS;
      case FRONTEND.terminate:
        return { kind: 'goodbye' };
      case FRONTEND.functionCall:
        return this.#functionCall(frame);
      default:
        return {
          kind: 'violation',
          code: 'unexpected-message',
          detail: `message type ${frame.type} after the login`,
        };
    }
  }

  /** A Sync goes upstream: what the client was in error about is over. */
  synced(): void {
    this.skipping = false;
    this.#segment += 1;
    this.#line.expect(expectReply('sync'));
  }

  /** A transaction has ended: portals go, except those that were declared to stay. */
  transactionEnded(): void {
    this.#portals.keep(({ hold }) => hold);
  }

  #query(frame: Frame): Verdict {
    const text = decodeQuery(frame);
    const parts = { kind: 'query', frame, via: 'simple' } as const;
    if (text === null) return notUtf8(parts);
    const statements = this.#statementsOf(text);
    if ('until' in statements) return statements;
    if ('code' in statements) {
      // Asking the server for its words takes a Sync, which would end the skipping after an earlier error.
      const asks = statements.code === 'syntax-error' && this.#line.hasOpenSegment;
      return asks && this.#patient ? this.#waitForReplies() : refusedText({ ...parts, text }, statements);
    }
    const run = this.#resolve(text, statements);
    if ('until' in run) return run;
    // A failing Query does not make the server skip what follows, so it is a segment of its own.
    const segment = this.#segment + 1;
    this.#segment += 2;
    return requestOf({ ...parts, text, run, open: () => this.#openAll(run, segment) });
  }

  #parse(frame: Frame): Verdict {
    const { name, text } = decodeParse(frame);
    const parts = { kind: 'parse', frame, via: 'parse', phase: 'prepare' } as const;
    if (text === null) return notUtf8(parts);
    const statements = this.#statementsOf(text);
    if ('until' in statements) return statements;
    if ('code' in statements) return refusedText({ ...parts, text }, statements);
    const run = this.#resolve(text, statements);
    if ('until' in run) return run;
    const prepared: Prepared = { text, known: null, bytes: textBytes(text) };
    return requestOf({ ...parts, text, run, open: () => this.#open(this.#statements, name, prepared) });
  }

  #bind(frame: Frame): Verdict {
    const bind = decodeBind(frame);
    const parts = { kind: 'bind', frame, via: 'bind', phase: 'prepare' } as const;
    const prepared = this.#statements.find(bind.statement, this.#segment);
    if (prepared === 'undecided' && this.#patient) return this.#waitForReplies();
    if (prepared === 'undecided' || prepared === undefined) return unknownName(parts, 'prepared-statement');
    const { text } = prepared;
    const statements = this.#statementsOf(text);
    if ('until' in statements) return statements;
    if ('code' in statements) return refusedText({ ...parts, text }, statements);
    // SECURITY: a Bind of what PREPARE has named runs the statement inside, not the PREPARE.
    const run = this.#resolve(text, prepared.inside === true ? statements.map(innerOf) : statements);
    if ('until' in run) return run;
    const portal: Portal = {
      text,
      statements: run.map(({ analyzed }) => analyzed),
      run,
      bind,
      hold: false,
      columns: null,
      rows: 0,
      bytes: textBytes(text, bind),
    };
    return requestOf({
      kind: 'bind',
      frame,
      via: 'bind',
      phase: 'prepare',
      text,
      run,
      portal,
      open: () => this.#open(this.#portals, bind.portal, portal),
    });
  }

  #execute(frame: Frame): Verdict {
    const parts = { kind: 'execute', frame, via: 'execute' } as const;
    const portal = this.#portals.find(decodeExecute(frame), this.#segment);
    if (portal === 'undecided' && this.#patient) return this.#waitForReplies();
    if (portal === 'undecided' || portal === undefined) return unknownName(parts, 'portal');
    const meant = portal.run ?? portal.statements.map(plainRun);
    // SQL's EXECUTE and FETCH inside a portal: names are looked up when it runs.
    const again = meant.some(({ effects }) =>
      effects.some(({ kind }) => kind === 'execute' || kind === 'fetch'),
    );
    const run = again ? this.#again(portal) : meant;
    if ('until' in run) return run;
    return requestOf({
      kind: 'execute',
      frame,
      via: 'execute',
      text: portal.text,
      run,
      portal,
      open: () => this.#openAll(run, this.#segment),
    });
  }

  #again(portal: Portal): readonly RunStatement[] | Waiting {
    const statements = this.#statementsOf(portal.text);
    if ('until' in statements) return statements;
    if ('code' in statements) return [unknownRun()];
    return this.#resolve(portal.text, statements);
  }

  #describe(frame: Frame): Verdict {
    const target = decodeTarget(frame);
    if (target.kind !== 'portal') {
      this.#line.expect(expectReply('describe-statement'));
      return PASS;
    }
    const portal = this.#portals.find(target.name, this.#segment);
    if (portal === 'undecided' && this.#patient) return this.#waitForReplies();
    const known = portal === 'undecided' ? null : (portal ?? null);
    this.#line.expect(expectReply('describe-portal', { portal: known }));
    return PASS;
  }

  #close(frame: Frame): Verdict {
    const { kind, name } = decodeTarget(frame);
    const changes =
      kind === 'statement' ? this.#open(this.#statements, name, null) : this.#open(this.#portals, name, null);
    this.#line.expect(expectReply('close', { changes: changes ?? [] }));
    return PASS;
  }

  #functionCall(frame: Frame): Verdict {
    const refusal = new GatewayError(
      'unsupported',
      'function-call',
      'the function call message is not passed on; use a SELECT of the function',
    );
    const facts = [unknownFacts('function call', 'a function called by its number')];
    this.#segment += 1;
    return requestOf({ kind: 'function', frame, via: 'function-call', facts, refusal });
  }

  /** The analyzed statements of a text, why there are none, or what to wait for. */
  #statementsOf(text: string): readonly AnalyzedStatement[] | Refusal | Waiting {
    const analysis: Analysis | Promise<unknown> = this.#knowledge.about(text, this.#patient);
    if (analysis instanceof Promise) return this.#patient ? { kind: 'wait', until: analysis } : TOO_LATE;
    return analysis.kind === 'refused' ? analysis : analysis.statements;
  }

  #resolve(text: string, statements: readonly AnalyzedStatement[]): readonly RunStatement[] | Waiting {
    const lookup = new Lookup(this.#statements, this.#portals, this.#segment, (inner) =>
      this.#statementsOf(inner),
    );
    const run = resolveStatements(text, statements, lookup);
    if (lookup.isUndecided && this.#patient) return this.#waitForReplies();
    return lookup.waiting ?? run;
  }

  #waitForReplies(): Waiting {
    return { kind: 'wait', until: this.#line.whenQuiet() };
  }

  #open<Entry extends Sized>(
    table: NameTable<Entry>,
    name: string,
    entry: Entry | null,
  ): readonly (readonly NameChange[])[] | null {
    const change = table.change(name, entry, this.#segment);
    return change === null ? null : [[change as unknown as NameChange]];
  }

  /** The changes of names that SQL asks for, by statement. */
  #openAll(run: readonly RunStatement[], segment: number): readonly (readonly NameChange[])[] | null {
    const all: (readonly NameChange[])[] = [];
    for (const statement of run) {
      const changes = this.#changesOf(statement, segment);
      if (changes.includes(null)) {
        for (const change of [...all.flat(), ...changes]) if (change !== null) change.table.drop(change);
        return null;
      }
      all.push(changes as NameChange[]);
    }
    return all;
  }

  #changesOf({ effects, prepares, declares }: RunStatement, segment: number): (NameChange | null)[] {
    const changes: (NameChange | null)[] = [];
    const statement = (name: string | null, entry: Prepared | null): void => {
      changes.push(this.#statements.change(bytesOf(name), entry, segment) as NameChange | null);
    };
    const portal = (name: string | null, entry: Portal | null): void => {
      changes.push(this.#portals.change(bytesOf(name), entry, segment) as NameChange | null);
    };
    for (const effect of effects) {
      if (effect.kind === 'prepare' && prepares !== null) statement(effect.name, prepares);
      if (effect.kind === 'declare-cursor' && declares !== null) portal(effect.name, declares);
      if (effect.kind === 'deallocate') statement(effect.name, null);
      if (effect.kind === 'close-cursor') portal(effect.name, null);
      if (effect.kind === 'discard-all') {
        statement(null, null);
        portal(null, null);
      }
    }
    return changes;
  }
}

const TOO_LATE: Refusal = {
  kind: 'refused',
  code: 'not-understood',
  message: 'the statement could not be understood in time',
};

type Waiting = Extract<Verdict, { kind: 'wait' }>;

/** Names as the text's own segment sees them; remembers when one of them cannot be told yet. */
class Lookup implements NameLookup {
  isUndecided = false;
  waiting: Waiting | null = null;
  readonly #statements: NameTable<Prepared>;
  readonly #portals: NameTable<Portal>;
  readonly #segment: number;
  readonly #analyze: (text: string) => readonly AnalyzedStatement[] | Refusal | Waiting;

  constructor(
    statements: NameTable<Prepared>,
    portals: NameTable<Portal>,
    segment: number,
    analyze: (text: string) => readonly AnalyzedStatement[] | Refusal | Waiting,
  ) {
    this.#statements = statements;
    this.#portals = portals;
    this.#segment = segment;
    this.#analyze = analyze;
  }

  prepared(name: string): readonly AnalyzedStatement[] | undefined {
    const found = this.#decided(this.#statements.find(bytesOf(name), this.#segment));
    if (found === undefined) return undefined;
    const statements = this.#analyze(found.text);
    if ('until' in statements) this.waiting = statements;
    return 'until' in statements || 'code' in statements ? undefined : statements;
  }

  portal(name: string): Portal | undefined {
    return this.#decided(this.#portals.find(bytesOf(name), this.#segment));
  }

  #decided<Entry>(found: Entry | undefined | 'undecided'): Entry | undefined {
    if (found !== 'undecided') return found;
    this.isUndecided = true;
    return undefined;
  }
}

function unknownRun(): RunStatement {
  return plainRun({
    facts: unknownFacts('execute', 'it cannot be read any more'),
    start: 0,
    end: 0,
    effects: [],
    parameters: 0,
    returns: 'unknown',
  });
}

/** Names of the protocol are kept byte for byte, those of SQL come as text. */
function bytesOf(name: string): string;
function bytesOf(name: string | null): string | null;
function bytesOf(name: string | null): string | null {
  return name === null ? null : Buffer.from(name, 'utf8').toString('latin1');
}
