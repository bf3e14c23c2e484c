/**
 * What the commands and the replies of one relay share: the queue of replies, local answers, the
 * barrier behind commands that change the meaning of others, and the gateway's own questions.
 */
import {
  type CatalogHolder,
  type Outbox,
  ReplyQueue,
  type RunningRequest,
  type Verdict,
} from '@gatehouse/adapter';
import type { GatewayError } from '@gatehouse/model';
import type { Analysis, SessionEffect } from '@gatehouse/sql';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { StatementTable } from './classify/statement-table.ts';
import { TemporaryTables } from './classify/temporary-tables.ts';
import { refusedFacts, type TextFacts, textFacts } from './classify/text-facts.ts';
import { encodePacket } from './codec/packet.ts';
import { encodeOwnQuery, type OwnAnswer } from './handshake/own-query.ts';
import { PINS_QUERY, pinsFailed, readPins, repairOf } from './handshake/session-pins.ts';
import { encodeOkPacket } from './messages/ok-packet.ts';
import { SESSION_STATUS } from './messages/status-flags.ts';
import { encodeError } from './respond/error-code.ts';
import type { ExpectedReply } from './respond/expected-reply.ts';
import { OwnReply } from './respond/own-reply.ts';
import type { SessionState } from './session-state.ts';

export interface CommandPacket {
  readonly payload: Buffer;
  /** False for the first piece of a packet whose rest is still to come. */
  readonly whole: boolean;
  readonly totalBytes: number;
}

/** `discard`: the command is dropped whole and answered at its place, with this error or with OK. */
export type CommandVerdict = Verdict | { readonly kind: 'discard'; readonly error: GatewayError | null };

export class RelayCore<Catalog> {
  readonly session: SessionState;
  readonly analyzer: SqlAnalyzer<Catalog>;
  readonly catalog: CatalogHolder<Catalog>;
  readonly statements: StatementTable;
  readonly temporaryTables = new TemporaryTables();
  readonly queue = new ReplyQueue<ExpectedReply>();
  /** The diagnostics area may quote protected values. */
  diagnosticsProtected = false;
  readonly #clientSequence: () => number;
  #barriers = 0;
  #waiters: (() => void)[] = [];
  /** The catalog is being read again for a change that this session made. */
  #staleCatalog: Promise<void> | null = null;
  #repairs = 0;
  #refreshed = false;
  #late: LateAnalysis | null = null;

  constructor(
    session: SessionState,
    analyzer: SqlAnalyzer<Catalog>,
    catalog: CatalogHolder<Catalog>,
    clientSequence: () => number,
  ) {
    this.session = session;
    this.analyzer = analyzer;
    this.catalog = catalog;
    this.statements = new StatementTable(session.options);
    this.#clientSequence = clientSequence;
  }

  // ---- the queue ----

  expect(reply: ExpectedReply): void {
    if (reply.barrier) this.#barriers += 1;
    this.queue.expect(reply);
  }

  /** The head has been answered. */
  settle(reply: ExpectedReply, out: Outbox): void {
    this.queue.settle(out);
    if (reply.barrier) this.lowerBarrier();
  }

  lowerBarrier(): void {
    this.#barriers -= 1;
    if (this.#barriers > 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** What must happen before the next command can be understood; null when nothing. */
  obstacle(): Promise<unknown> | null {
    if (this.#barriers > 0) return new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.#staleCatalog;
  }

  // ---- local answers ----

  answer(payload: Buffer, out: Outbox): void {
    this.queue.answer(encodePacket(this.#clientSequence() + 1, payload), out);
  }

  answerPackets(make: (sequence: number) => Buffer, out: Outbox): void {
    this.queue.answer(make(this.#clientSequence() + 1), out);
  }

  answerOk(out: Outbox): void {
    this.answer(encodeOkPacket(this.session.status & SESSION_STATUS), out);
  }

  answerError(error: GatewayError, out: Outbox, hint?: string): void {
    this.queue.answer(encodeError(this.#clientSequence() + 1, error, hint), out);
  }

  /** Refuses what policy permitted and this dialect cannot let through. */
  refusePermitted(running: RunningRequest, error: GatewayError, out: Outbox): void {
    this.answerError(error, out);
    out.finish(running, 'denied', error.code);
  }

  // ---- facts ----

  /** A promise where the answer comes later: the command waits for it once, and then it is there or is no answer. */
  analyze(text: string, database: string | null): Analysis | Promise<unknown> {
    const late = this.#late;
    if (
      late !== null &&
      late.text === text &&
      late.database === database &&
      late.revision === this.catalog.revision
    )
      return late.analysis;
    const context = { catalog: this.catalog.current(), catalogRevision: this.catalog.revision, database };
    const answer = this.analyzer.analyze(text, context);
    if (!(answer instanceof Promise)) return answer;
    const waiting: LateAnalysis = { text, database, revision: this.catalog.revision, analysis: TOO_SLOW };
    this.#late = waiting;
    return answer.then((analysis) => {
      waiting.analysis = analysis;
    });
  }

  facts(text: string, analysis: Analysis): TextFacts {
    if (analysis.kind === 'refused') return refusedFacts(analysis.code, analysis.message);
    return textFacts(text, analysis, {
      analyzer: this.analyzer,
      catalogRevision: this.catalog.revision,
      named: (name) => this.statements.named(name),
    });
  }

  /** Once per command: whether a fresh catalog may still be asked for. */
  mayRefresh(): boolean {
    const first = !this.#refreshed;
    this.#refreshed = true;
    return first;
  }

  /** The next command begins. */
  commandDone(): void {
    this.#refreshed = false;
    this.#late = null;
  }

  isBaseTable(schema: string, table: string): boolean {
    const catalog = this.catalog.current();
    return catalog !== null && schema !== '' && this.analyzer.isBaseTable(catalog, schema, table);
  }

  // ---- what commands leave behind ----

  /** Whether nothing behind this text may be classified before it has ended and its effects are known. */
  changesMeaning(facts: TextFacts): boolean {
    return runsRoutine(facts) || facts.effects.some((effect) => effect.kind !== 'transaction');
  }

  /** Carries out what a finished text has changed in this session; when in doubt, what was known is forgotten. */
  applyEffects(facts: TextFacts, succeeded: boolean, out: Outbox): void {
    for (const effect of facts.effects) this.#applyEffect(effect, facts, succeeded, out);
    for (const statement of facts.analyzed) this.temporaryTables.note(statement, succeeded);
    if (runsRoutine(facts)) this.temporaryTables.clear();
    if (facts.effects.some((effect) => REPIN.includes(effect.kind)) || runsRoutine(facts)) this.pin(out);
  }

  #applyEffect(effect: SessionEffect, facts: TextFacts, succeeded: boolean, out: Outbox): void {
    switch (effect.kind) {
      case 'prepare':
        this.statements.setNamed(effect.name, {
          statement: succeeded ? effect.statement : null,
          catalogRevision: this.catalog.revision,
          mentionsDiagnostics: facts.mentionsDiagnostics,
        });
        return;
      case 'prepare-opaque':
        this.statements.setNamed(effect.name, {
          statement: null,
          catalogRevision: this.catalog.revision,
          mentionsDiagnostics: true,
        });
        return;
      case 'deallocate':
        this.statements.removeNamed(effect.name);
        return;
      case 'schema-change':
        // A temporary table is nobody else's, and its own session finds it by its name.
        if (!effect.temporary) this.schemaChanged(out);
        return;
      default:
        return;
    }
  }

  /** Other sessions get the new catalog when it is there; this one waits for it. */
  schemaChanged(out: Outbox): void {
    out.catalogChanged();
    const refreshed = this.catalog.refresh().catch(() => undefined);
    this.#staleCatalog = refreshed.then(() => {
      this.#staleCatalog = null;
    });
  }

  /** Asks the upstream how it reads statements now, and repairs what must not stay. */
  pin(out: Outbox): void {
    this.#ask(PINS_QUERY, out, (answer) => {
      if (answer.kind !== 'rows' || answer.rows.length !== 1)
        throw pinsFailed('did not say how it reads statements');
      const pins = readPins(answer.rows[0]!);
      this.session.database = pins.database;
      this.session.clientCharacterSet = pins.characterSetClient;
      this.session.status = answer.status;
      const repair = repairOf(pins, this.session.negotiated.collation);
      if (repair === null) this.#repairs = 0;
      else this.#repair(repair, out);
    });
  }

  #repair(statement: string, out: Outbox): void {
    this.#repairs += 1;
    if (this.#repairs > 1) throw pinsFailed('keeps settings that change the meaning of statements');
    this.#ask(statement, out, (answer) => {
      if (answer.kind === 'error')
        throw pinsFailed(`did not accept the gateway's settings (error ${answer.code})`);
      this.pin(out);
    });
  }

  #ask(sql: string, out: Outbox, answered: (answer: OwnAnswer) => void): void {
    out.upstream(encodeOwnQuery(sql, this.session.negotiated));
    this.expect(new OwnReply(this.session, answered));
  }
}

/** An answer that is waited for; until it comes, the text is not understood. */
interface LateAnalysis {
  readonly text: string;
  readonly database: string | null;
  readonly revision: number;
  analysis: Analysis;
}

const TOO_SLOW: Analysis = {
  kind: 'refused',
  code: 'too-slow',
  message: 'the statement could not be read in time',
};

/** Routines run SET statements that nobody here has seen. */
function runsRoutine({ statements }: TextFacts): boolean {
  return statements.some(
    ({ verb, functions }) =>
      ROUTINE_VERBS.includes(verb) || !functions.known || functions.value.some((name) => name.includes('.')),
  );
}

const ROUTINE_VERBS: readonly string[] = ['call', 'execute immediate', 'begin not atomic'];

const REPIN: readonly SessionEffect['kind'][] = ['use', 'set', 'reset', 'discard-all'];
