import type { ScriptedServer } from '@gatehouse/adapter/testkit';
import { encodeMessage } from '../messages/message-body.ts';
import { BACKEND } from '../messages/message-type.ts';

/** What the server answers to one text: rows of text values, a tag, an error, or COPY. */
export interface Answer {
  readonly columns?: readonly {
    readonly name: string;
    readonly tableOid?: number;
    readonly attnum?: number;
  }[];
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly tag?: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly copyIn?: boolean;
  /** The search path that it sets. */
  readonly setsPath?: string;
  /** One answer after the other, each time that it runs; the last one again and again. */
  readonly inTurn?: readonly Answer[];
  /** Rows made of what has run in the open transaction. */
  readonly rowsOf?: (ran: readonly string[]) => readonly (readonly string[])[];
  /** What is answered under another search path. */
  readonly under?: Readonly<Record<string, Answer>>;
}

/**
 * A server without data that keeps the protocol as Postgres does: names, skipping until Sync, transaction
 * states, COPY in. Texts it was not told about are syntax errors.
 */
export class ScriptedPostgres implements ScriptedServer {
  /** Types of the messages that came, and every text in them. */
  readonly received: string[] = [];
  readonly seen: string[] = [];
  /** Texts whose transaction was committed. */
  readonly committed: string[] = [];
  /** Texts that ran in the open transaction. */
  #ran: string[] = [];
  readonly #answers: ReadonlyMap<string, Answer>;
  #rest: Buffer = Buffer.alloc(0);
  #isStarted = false;
  #isSkipping = false;
  #status: 'I' | 'T' | 'E' = 'I';
  #copy: 'simple' | 'extended' | null = null;
  #path = 'public';
  #pathBefore = 'public';
  #pathReported = 'public';
  #failedAlone = false;
  readonly #turns = new Map<Answer, number>();
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, { readonly text: string; readonly answer: Answer }>();

  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = new Map(Object.entries(answers));
  }

  receive(bytes: Buffer): Buffer {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const out: Buffer[] = [];
    for (;;) {
      const header = this.#isStarted ? 1 : 0;
      if (this.#rest.length < header + 4) break;
      const end = header + this.#rest.readUInt32BE(header);
      if (this.#rest.length < end) break;
      const body = this.#rest.subarray(header + 4, end);
      out.push(this.#isStarted ? this.#message(String.fromCharCode(this.#rest[0]!), body) : this.#start());
      this.#rest = this.#rest.subarray(end);
    }
    return Buffer.concat(out);
  }

  #start(): Buffer {
    this.#isStarted = true;
    return Buffer.concat([
      encodeMessage(BACKEND.authentication, (body) => body.int32be(0)),
      status('server_version', '18.0'),
      status('search_path', 'public'),
      encodeMessage(BACKEND.backendKeyData, (body) => body.int32be(99).int32be(7)),
      ready('I'),
    ]);
  }

  #message(type: string, body: Buffer): Buffer {
    this.received.push(type);
    if (this.#copy !== null) return this.#inCopy(type);
    if (this.#isSkipping && type !== 'S') return NOTHING;
    switch (type) {
      case 'Q':
        return Buffer.concat([this.#runAll(cstring(body)), this.#copy === null ? this.#ready() : NOTHING]);
      case 'S':
        this.#isSkipping = false;
        return this.#ready();
      case 'P':
        return this.#extended(() => this.#parse(body));
      case 'B':
        return this.#extended(() => this.#bind(body));
      case 'D':
        return this.#extended(() => this.#describe(body));
      case 'E':
        return this.#extended(() => this.#execute(body));
      case 'C':
        (body[0] === 0x53 ? this.#statements : this.#portals).delete(cstring(body.subarray(1)));
        return empty(BACKEND.closeComplete);
      default:
        return NOTHING;
    }
  }

  #extended(work: () => Buffer | string): Buffer {
    const result = work();
    if (typeof result !== 'string') return result;
    this.#isSkipping = true;
    return this.#fail('42000', result);
  }

  #parse(body: Buffer): Buffer | string {
    const name = cstring(body);
    const text = cstring(body.subarray(name.length + 1));
    this.seen.push(text);
    if (text !== '' && !this.#answers.has(text)) return 'syntax error';
    if (name !== '' && this.#statements.has(name)) return 'prepared statement already exists';
    this.#statements.set(name, text);
    return empty(BACKEND.parseComplete);
  }

  #bind(body: Buffer): Buffer | string {
    const portal = cstring(body);
    const text = this.#statements.get(cstring(body.subarray(portal.length + 1)));
    if (text === undefined) return 'no such prepared statement';
    // Names are settled when the portal is opened.
    this.#portals.set(portal, { text, answer: this.#answerTo(text) ?? {} });
    return empty(BACKEND.bindComplete);
  }

  #describe(body: Buffer): Buffer | string {
    const name = cstring(body.subarray(1));
    const answer = body[0] === 0x53 ? this.#described(name) : this.#portals.get(name)?.answer;
    if (answer === undefined) return 'no such name';
    const row = answer.columns === undefined ? empty(BACKEND.noData) : rowDescription(answer);
    if (body[0] !== 0x53) return row;
    return Buffer.concat([encodeMessage(BACKEND.parameterDescription, (out) => out.int16be(0)), row]);
  }

  #execute(body: Buffer): Buffer | string {
    const portal = this.#portals.get(cstring(body));
    if (portal === undefined) return 'no such portal';
    const { text } = portal;
    const answer = this.#inTurn(portal.answer);
    if (text === '') return empty(BACKEND.emptyQueryResponse);
    if (answer.error !== undefined) {
      this.#isSkipping = true;
      return this.#fail(answer.error.code, answer.error.message);
    }
    if (this.#isRefusedInFailure(answer)) return 'current transaction is aborted';
    return this.#result(text, answer, 'extended');
  }

  #described(name: string): Answer | undefined {
    const text = this.#statements.get(name);
    return text === undefined ? undefined : (this.#answerTo(text) ?? {});
  }

  #answerTo(text: string): Answer | undefined {
    const answer = this.#answers.get(text);
    return answer?.under?.[this.#path] ?? answer;
  }

  #inTurn(answer: Answer): Answer {
    if (answer.inTurn === undefined) return answer;
    const turn = this.#turns.get(answer) ?? 0;
    this.#turns.set(answer, turn + 1);
    return answer.inTurn[Math.min(turn, answer.inTurn.length - 1)] ?? answer;
  }

  #runAll(text: string): Buffer {
    this.seen.push(text);
    if (text === '') return empty(BACKEND.emptyQueryResponse);
    const known = this.#answerTo(text);
    if (known === undefined) return this.#fail('42601', 'syntax error');
    const answer = this.#inTurn(known);
    if (answer.error !== undefined) return this.#fail(answer.error.code, answer.error.message);
    if (this.#isRefusedInFailure(answer)) return this.#fail('25P02', 'current transaction is aborted');
    const description = answer.columns === undefined ? NOTHING : rowDescription(answer);
    return Buffer.concat([description, this.#result(text, answer, 'simple')]);
  }

  #isRefusedInFailure({ tag }: Answer): boolean {
    return this.#status === 'E' && tag !== 'ROLLBACK' && tag !== 'COMMIT';
  }

  #result(text: string, answer: Answer, how: 'simple' | 'extended'): Buffer {
    const rows = answer.rowsOf?.(this.#ran) ?? answer.rows ?? [];
    const { tag = `SELECT ${rows.length}` } = answer;
    if (answer.copyIn === true) {
      this.#copy = how;
      return encodeMessage(BACKEND.copyInResponse, (out) => out.uint8(0).int16be(0));
    }
    if (tag === 'BEGIN') this.#status = 'T';
    if (tag === 'ROLLBACK') this.#path = this.#pathBefore;
    if (tag === 'ROLLBACK' || this.#status === 'E') this.#ran = [];
    else this.#ran.push(text);
    if (tag === 'ROLLBACK' || tag === 'COMMIT') this.#status = 'I';
    this.#path = answer.setsPath ?? this.#path;
    return Buffer.concat([...rows.map(dataRow), commandComplete(tag)]);
  }

  /** While COPY data is read Flush and Sync are ignored, and any other message ends the COPY without a reply of its own. */
  #inCopy(type: string): Buffer {
    if (type === 'd' || type === 'H' || type === 'S') return NOTHING;
    const how = this.#copy;
    this.#copy = null;
    const end = type === 'c' ? commandComplete('COPY 1') : this.#fail('57014', 'COPY failed');
    if (type !== 'c' && how === 'extended') this.#isSkipping = true;
    return how === 'simple' ? Buffer.concat([end, this.#ready()]) : end;
  }

  #fail(code: string, message: string): Buffer {
    if (this.#status === 'T') this.#status = 'E';
    else if (this.#status === 'I') this.#failedAlone = true;
    return encodeMessage(BACKEND.errorResponse, (out) =>
      out.uint8(0x53).cstring('ERROR').uint8(0x43).cstring(code).uint8(0x4d).cstring(message).uint8(0),
    );
  }

  #ready(): Buffer {
    if (this.#failedAlone) this.#path = this.#pathBefore;
    if (this.#status === 'I') {
      if (!this.#failedAlone) this.committed.push(...this.#ran);
      this.#ran = [];
    }
    this.#failedAlone = false;
    const reports = this.#path === this.#pathReported ? [] : [status('search_path', this.#path)];
    this.#pathReported = this.#path;
    if (this.#status === 'I') {
      this.#pathBefore = this.#path;
      this.#portals.clear();
    }
    return Buffer.concat([...reports, ready(this.#status)]);
  }
}

function rowDescription({ columns = [] }: Answer): Buffer {
  return encodeMessage(BACKEND.rowDescription, (out) => {
    out.int16be(columns.length);
    for (const { name, tableOid = 0, attnum = 0 } of columns)
      out.cstring(name).uint32be(tableOid).int16be(attnum).uint32be(25).int16be(-1).int32be(-1).int16be(0);
  });
}

export function dataRow(values: readonly (string | null)[]): Buffer {
  return encodeMessage(BACKEND.dataRow, (out) => {
    out.int16be(values.length);
    for (const value of values) {
      if (value === null) out.int32be(-1);
      else out.int32be(Buffer.byteLength(value)).utf8(value);
    }
  });
}

function commandComplete(tag: string): Buffer {
  return encodeMessage(BACKEND.commandComplete, (out) => out.cstring(tag));
}

function status(name: string, value: string): Buffer {
  return encodeMessage(BACKEND.parameterStatus, (out) => out.cstring(name).cstring(value));
}

function ready(state: 'I' | 'T' | 'E'): Buffer {
  return encodeMessage(BACKEND.readyForQuery, (out) => out.uint8(state.charCodeAt(0)));
}

function empty(type: number): Buffer {
  return encodeMessage(type, () => undefined);
}

function cstring(bytes: Buffer): string {
  return bytes.toString('utf8', 0, bytes.indexOf(0));
}

const NOTHING = Buffer.alloc(0);
