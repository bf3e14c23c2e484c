import {
  type CatalogHolder,
  HANDLED,
  type Outbox,
  PASS,
  type PendingRequest,
  type ReplyQueue,
  type Verdict,
} from '@gatehouse/adapter';
import { GatewayError, type RecordedParameter, type Statement, unknown } from '@gatehouse/model';
import {
  type Analysis,
  type AnalyzedStatement,
  isPinnedSetting,
  type PostgresAnalyzer,
  type PostgresCatalog,
} from '@gatehouse/sql';
import type { Frame } from '@gatehouse/wire';
import { type Bind, decodeBind } from '../messages/bind.ts';
import { FRONTEND } from '../messages/message-type.ts';
import { decodeParse } from '../messages/parse.ts';
import { decodeExecute, decodeTarget } from '../messages/portal-messages.ts';
import { decodeQuery } from '../messages/query.ts';
import { type ExpectedReply, expectReply } from '../respond/expected-reply.ts';
import { NameTable, type Portal, type Prepared } from './prepared.ts';
import type { SessionContext } from './session-context.ts';

/** A message on its way to a decision. */
export interface PendingMessage extends PendingRequest {
  readonly kind: 'query' | 'parse' | 'bind' | 'execute' | 'function';
  readonly frame: Frame;
  readonly analyzed: readonly AnalyzedStatement[];
  readonly portal: Portal | null;
  /** Refused whatever the policy says: what the text is cannot be read, or must not be done here. */
  readonly refusal: GatewayError | null;
  /** Runs when the server has accepted the message. */
  readonly done: (() => void) | null;
}

/**
 * What each client message would do. Owns the tables of prepared statements and portals.
 *
 * A Parse is decided as `prepare`, and so is a Bind, because planning may run immutable functions; an
 * Execute runs. SQL's EXECUTE and FETCH are decided as the statement that they stand for. While the
 * client is in error (`skipping`) its messages up to Sync are swallowed, as the server would.
 */
export class FrontendClassifier {
  readonly statements = new NameTable<Prepared>();
  readonly portals = new NameTable<Portal>();
  readonly #analyzer: PostgresAnalyzer;
  readonly #context: SessionContext;
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #queue: ReplyQueue<ExpectedReply>;
  /** The client was told of an error in the extended protocol and everything up to Sync is dropped. */
  skipping = false;
  /** The last text that the catalog was read again for. */
  #refreshedFor: string | null = null;
  #late: { readonly text: string; readonly analysis: Analysis } | null = null;

  constructor(
    analyzer: PostgresAnalyzer,
    context: SessionContext,
    holder: CatalogHolder<PostgresCatalog>,
    queue: ReplyQueue<ExpectedReply>,
  ) {
    this.#analyzer = analyzer;
    this.#context = context;
    this.#holder = holder;
    this.#queue = queue;
  }

  classify(frame: Frame, _out: Outbox): Verdict {
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
        this.skipping = false;
        this.#queue.expect(expectReply('sync'));
        return PASS;
      case FRONTEND.flush:
      case FRONTEND.copyData:
      case FRONTEND.copyDone:
      case FRONTEND.copyFail:
        return PASS;
      case FRONTEND.terminate:
        return { kind: 'goodbye' };
      case FRONTEND.functionCall:
        return request({
          kind: 'function',
          frame,
          via: 'function-call',
          facts: [unknownFacts('function call', 'a function called by its number')],
        });
      default:
        return {
          kind: 'violation',
          code: 'unexpected-message',
          detail: `message type ${frame.type} after the login`,
        };
    }
  }

  #query(frame: Frame): Verdict {
    const text = decodeQuery(frame);
    if (text === null) return notUtf8('query', frame, 'simple');
    const analysis = this.#analyze(text);
    if (analysis instanceof Promise) return { kind: 'wait', until: analysis };
    if (analysis.kind === 'refused') return refusedText('query', frame, 'simple', text, analysis);
    const run = this.#resolve(analysis.statements);
    const names = analysis.statements;
    return request({
      kind: 'query',
      frame,
      via: 'simple',
      text,
      facts: run.map(({ facts }) => facts),
      analyzed: run,
      refusal: refusalOf(run),
      done: () => this.#apply(names),
    });
  }

  #parse(frame: Frame): Verdict {
    const { name, text } = decodeParse(frame);
    if (text === null) return notUtf8('parse', frame, 'parse');
    const analysis = this.#analyze(text);
    if (analysis instanceof Promise) return { kind: 'wait', until: analysis };
    if (analysis.kind === 'refused') return refusedText('parse', frame, 'parse', text, analysis);
    const run = this.#resolve(analysis.statements);
    return request({
      kind: 'parse',
      frame,
      via: 'parse',
      phase: 'prepare',
      text,
      facts: run.map(({ facts }) => facts),
      analyzed: run,
      refusal:
        refusalOf(run) ?? (this.statements.set(name, { text }) ? null : tooMany('prepared statements')),
    });
  }

  #bind(frame: Frame): Verdict {
    const bind = decodeBind(frame);
    const prepared = this.statements.find(bind.statement);
    if (prepared === undefined) return unknownName('bind', frame, 'bind', 'prepared statement');
    const analysis = this.#analyze(prepared.text);
    if (analysis instanceof Promise) return { kind: 'wait', until: analysis };
    if (analysis.kind === 'refused') return refusedText('bind', frame, 'bind', prepared.text, analysis);
    const run = this.#resolve(analysis.statements);
    const portal: Portal = { text: prepared.text, bind, hold: false, columns: null };
    return request({
      kind: 'bind',
      frame,
      via: 'bind',
      phase: 'prepare',
      text: prepared.text,
      facts: run.map(({ facts }) => facts),
      analyzed: run,
      portal,
      refusal: refusalOf(run) ?? (this.portals.set(bind.portal, portal) ? null : tooMany('portals')),
    });
  }

  #execute(frame: Frame): Verdict {
    const portal = this.portals.find(decodeExecute(frame));
    if (portal === undefined) return unknownName('execute', frame, 'execute', 'portal');
    const analysis = this.#analyze(portal.text);
    if (analysis instanceof Promise) return { kind: 'wait', until: analysis };
    if (analysis.kind === 'refused') return refusedText('execute', frame, 'execute', portal.text, analysis);
    const run = this.#resolve(analysis.statements);
    const names = analysis.statements;
    return request({
      kind: 'execute',
      frame,
      via: 'execute',
      text: portal.text,
      facts: run.map(({ facts }) => facts),
      analyzed: run,
      portal,
      refusal: refusalOf(run),
      done: () => this.#apply(names),
    });
  }

  #describe(frame: Frame): Verdict {
    const target = decodeTarget(frame);
    if (target.kind === 'statement') this.#queue.expect(expectReply('describe-statement'));
    else
      this.#queue.expect(expectReply('describe-portal', { portal: this.portals.find(target.name) ?? null }));
    return PASS;
  }

  #close(frame: Frame): Verdict {
    const { kind, name } = decodeTarget(frame);
    const done = (): void =>
      kind === 'statement' ? this.statements.delete(name) : this.portals.delete(name);
    this.#queue.expect(expectReply('close', { done }));
    return PASS;
  }

  /** The text as of now; a promise when knowledge is on its way and the message has to be classified again. */
  #analyze(text: string): Analysis | Promise<unknown> {
    const context = this.#context.current();
    const isFresh = this.#refreshedFor === text;
    const late = this.#late;
    if (late !== null && late.text === text) {
      this.#late = null;
      return this.#known(text, late.analysis, isFresh);
    }
    const analysis = this.#analyzer.analyze(text, isFresh ? { ...context, catalogIsFresh: true } : context);
    if (!(analysis instanceof Promise)) return this.#known(text, analysis, isFresh);
    return analysis.then((result) => {
      this.#late = { text, analysis: result };
    });
  }

  /** A name that the catalog does not hold may have been made since it was read: it is read again, once. */
  #known(text: string, analysis: Analysis, isFresh: boolean): Analysis | Promise<unknown> {
    if (analysis.kind === 'refused' || analysis.missing.length === 0 || isFresh) {
      this.#refreshedFor = null;
      return analysis;
    }
    this.#refreshedFor = text;
    return this.#holder.refresh();
  }

  /** EXECUTE and FETCH are what they stand for; a name that is not known is unknown. */
  #resolve(statements: readonly AnalyzedStatement[]): readonly AnalyzedStatement[] {
    return statements.map((statement) => {
      const effect = statement.effects.find(({ kind }) => kind === 'execute' || kind === 'fetch');
      if (effect === undefined) return statement;
      const text =
        effect.kind === 'execute'
          ? this.statements.find(latin1(effect.name))?.text
          : effect.kind === 'fetch'
            ? this.portals.find(latin1(effect.name))?.text
            : undefined;
      return this.#standsFor(statement, text);
    });
  }

  #standsFor(statement: AnalyzedStatement, text: string | undefined): AnalyzedStatement {
    const { verb } = statement.facts;
    const reason = 'it stands for a statement that this session did not prepare';
    if (text === undefined) return { ...statement, facts: unknownFacts(verb, reason) };
    const analysis = this.#analyzer.analyze(text, this.#context.current());
    if (analysis instanceof Promise || analysis.kind === 'refused')
      return { ...statement, facts: unknownFacts(verb, reason) };
    const inner = innerOf(analysis.statements[0]);
    if (inner === undefined || analysis.statements.length !== 1)
      return { ...statement, facts: unknownFacts(verb, reason) };
    return { ...inner, returns: statement.returns === 'rows' ? inner.returns : statement.returns };
  }

  /** What statements that succeeded change in the tables of names. */
  #apply(statements: readonly AnalyzedStatement[]): void {
    for (const statement of statements) {
      for (const effect of statement.effects) {
        if (effect.kind === 'deallocate')
          effect.name === null ? this.statements.clear() : this.statements.delete(latin1(effect.name));
        if (effect.kind === 'close-cursor')
          effect.name === null ? this.portals.clear() : this.portals.delete(latin1(effect.name));
        if (effect.kind === 'discard-all') {
          this.statements.clear();
          this.portals.clear();
        }
      }
    }
  }

  /** Names made by SQL, from the text of the statement itself; called when it is sent, since later texts of the pipeline may use them. */
  declareNames(text: string, statements: readonly AnalyzedStatement[]): void {
    for (const { effects, start, end } of statements) {
      for (const effect of effects) {
        const own = text.slice(start, end);
        if (effect.kind === 'prepare') this.statements.set(latin1(effect.name), { text: own });
        if (effect.kind === 'declare-cursor')
          this.portals.set(latin1(effect.name), { text: own, bind: null, hold: effect.hold, columns: null });
      }
    }
  }

  /** A transaction has ended: portals go, except those that were declared to stay. */
  transactionEnded(): void {
    this.portals.keep(({ hold }) => hold);
  }
}

/** Inside PREPARE and DECLARE stands the statement that runs. */
function innerOf(statement: AnalyzedStatement | undefined): AnalyzedStatement | undefined {
  for (const effect of statement?.effects ?? []) {
    if (effect.kind === 'prepare' || effect.kind === 'declare-cursor') return effect.statement;
  }
  return statement;
}

/** Names of the protocol are kept byte for byte, those of SQL come as text. */
function latin1(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}

function request(parts: {
  readonly kind: PendingMessage['kind'];
  readonly frame: Frame;
  readonly via: string;
  readonly facts: readonly Statement[];
  readonly phase?: 'prepare';
  readonly text?: string;
  readonly analyzed?: readonly AnalyzedStatement[];
  readonly portal?: Portal;
  readonly refusal?: GatewayError | null;
  readonly done?: () => void;
}): Verdict {
  const { text, portal = null } = parts;
  const pending: PendingMessage = {
    kind: parts.kind,
    frame: parts.frame,
    statements: parts.facts,
    analyzed: parts.analyzed ?? [],
    via: parts.via,
    phase: parts.phase ?? 'run',
    portal,
    refusal: parts.refusal ?? null,
    done: parts.done ?? null,
    text: () => text,
    parameters: () => (portal?.bind == null ? undefined : recordedParameters(portal.bind)),
  };
  return { kind: 'request', pending };
}

function unknownFacts(verb: string, reason: string): Statement {
  return {
    verb,
    accesses: unknown(reason),
    bounded: unknown(reason),
    limit: unknown(reason),
    functions: unknown(reason),
    output: unknown(reason),
    irreversible: false,
    fingerprint: 'unknown',
  };
}

function refusedText(
  kind: PendingMessage['kind'],
  frame: Frame,
  via: string,
  text: string,
  { code, message }: { readonly code: string; readonly message: string },
): Verdict {
  const refusal = new GatewayError(code === 'too-large' ? 'limit' : 'unsupported', code, message);
  return request({
    kind,
    frame,
    via,
    text,
    facts: [unknownFacts('unreadable', message)],
    refusal,
    ...(kind === 'parse' ? { phase: 'prepare' } : {}),
  });
}

function notUtf8(kind: PendingMessage['kind'], frame: Frame, via: string): Verdict {
  return refusedText(kind, frame, via, '', { code: 'not-utf8', message: 'the statement is not valid UTF-8' });
}

function unknownName(kind: PendingMessage['kind'], frame: Frame, via: string, what: string): Verdict {
  const refusal = new GatewayError('protocol', 'unknown-name', `no such ${what} in this session`);
  return request({ kind, frame, via, facts: [unknownFacts(kind, refusal.message)], refusal });
}

function tooMany(what: string): GatewayError {
  return new GatewayError('limit', 'too-many-names', `this session has all the ${what} that it may have`);
}

/** What must not be done here whatever the policy says: settings that change how texts are read. */
function refusalOf(statements: readonly AnalyzedStatement[]): GatewayError | null {
  for (const { effects } of statements) {
    for (const effect of effects) {
      if (
        effect.kind === 'set' &&
        isPinnedSetting(effect.name, effect.value.known ? effect.value.value : undefined)
      ) {
        return new GatewayError(
          'unsupported',
          'pinned-setting',
          `setting \`${effect.name}\` decides how statements are read and cannot be changed here`,
        );
      }
    }
  }
  return null;
}

function recordedParameters({ parameters, parameterFormats }: Bind): readonly RecordedParameter[] {
  return parameters.map((value, index) => {
    if (value === null) return null;
    const format = parameterFormats.length === 1 ? parameterFormats[0] : (parameterFormats[index] ?? 0);
    return format === 0 ? value.toString('utf8') : { binary: value.toString('hex') };
  });
}
