/**
 * The answer to a statement: any number of OKs and result sets, each announced by the one before it.
 *
 * ```text
 * head:  OK | ERR | 0xFB file wanted | column count
 * columns x n, [EOF], rows x n, end (EOF or OK 0xFE, or ERR)      end with MORE_RESULTS -> head
 * ```
 *
 * Rows without masks are forwarded as they came, in pieces if they are large; nothing is allocated for
 * them. With masks in force the column definitions wait until all of them were seen: then the plan is
 * made, or the whole result is withheld. What is withheld is read to its end, and an error stands there
 * with the sequence id of the first packet that the client did not get.
 */
import type { Outbox, RunningRequest } from '@gatehouse/adapter';
import { GatewayError, type OutcomeResult } from '@gatehouse/model';
import { ByteReader, type Frame, WireError } from '@gatehouse/wire';
import { readLenencInt } from '../codec/lenenc.ts';
import { encodePacket, payloadOf } from '../codec/packet.ts';
import { FULL_PAYLOAD_BYTES, HEADER_BYTES } from '../codec/packet-codec.ts';
import { type ColumnDefinition41, decodeColumnDefinition41 } from '../messages/column-definition-41.ts';
import { decodeEofPacket } from '../messages/eof-packet.ts';
import { decodeErrPacket } from '../messages/err-packet.ts';
import { decodeOkPacket } from '../messages/ok-packet.ts';
import { STATUS } from '../messages/status-flags.ts';
import type { SessionState } from '../session-state.ts';
import { encodeError } from './error-code.ts';
import { type ExpectedReply, sequenceOf } from './expected-reply.ts';
import type { MaskPlan } from './mask-plan.ts';
import { MAX_MASKED_ROW_BYTES, MaskedRows } from './masked-rows.ts';
import { noteStatus } from './note-status.ts';
import { redactErr } from './redact-err.ts';
import type { RowMasker } from './row-masker.ts';

export interface ResultReplyOptions {
  readonly session: SessionState;
  readonly running: RunningRequest;
  readonly barrier: boolean;
  /** Whether the statement may ask the client for a file. */
  readonly mayWantFile: boolean;
  /** Makes the plan for the result set with this number; called only where masks are in force. */
  plan(columns: readonly ColumnDefinition41[], resultIndex: number): MaskPlan;
  /** A cursor was opened over these columns (null where no masks are in force). */
  cursorOpened?(columns: readonly ColumnDefinition41[] | null): void;
  /** Begin in the middle: rows of a cursor, which counts what all its fetches brought. */
  readonly fetch?: { readonly masker: RowMasker | null; readonly cursor: { rows: number } | null };
  done?(succeeded: boolean, out: Outbox): void;
}

type Phase = 'head' | 'columns' | 'columns-end' | 'rows' | 'file';

/** What is withheld: from which packet on, and why. */
interface Withheld {
  readonly error: GatewayError;
  readonly result: OutcomeResult;
  sequence: number | null;
}

export class ResultReply implements ExpectedReply {
  readonly running: RunningRequest;
  readonly barrier: boolean;
  readonly #options: ResultReplyOptions;
  readonly #deprecateEof: boolean;
  readonly #masksInForce: boolean;
  readonly #maxRows: number;
  readonly #maxBytes: number;
  #phase: Phase = 'head';
  #fileSent = false;
  #resultIndex = 0;
  #columnsLeft = 0;
  #columns: ColumnDefinition41[] = [];
  /** Packets that wait for the plan. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #heldSequence = 0;
  #masker: RowMasker | null = null;
  readonly #maskedRows = new MaskedRows();
  #withheld: Withheld | null = null;
  #withheldPackets = 0;
  #cancelAsked = false;
  #rows: number;
  #next: number | 'first' | null = 'first';

  constructor(options: ResultReplyOptions) {
    const { running, session, fetch } = options;
    this.#options = options;
    this.running = running;
    this.barrier = options.barrier;
    this.#deprecateEof = session.negotiated.deprecateEof;
    this.#masksInForce = running.obligations.masks.length > 0;
    this.#maxRows = running.obligations.limits.rows ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = running.obligations.limits.bytes ?? Number.POSITIVE_INFINITY;
    this.#rows = fetch?.cursor?.rows ?? 0;
    if (fetch !== undefined) {
      this.#phase = 'rows';
      this.#masker = fetch.masker;
    }
  }

  get wantsFile(): boolean {
    return this.#phase === 'file' && !this.#fileSent;
  }

  fileSent(): void {
    this.#fileSent = true;
  }

  nextSequence(): number | 'first' | null {
    if (this.#withheld?.sequence != null) return this.#withheld.sequence;
    return this.#held.length > 0 ? this.#heldSequence : this.#next;
  }

  expire(error: GatewayError): boolean {
    if (this.#withheld !== null) return false;
    this.#withhold(error, 'cut');
    return true;
  }

  receive(frame: Frame, out: Outbox): boolean {
    if (this.#phase === 'rows') return this.#receiveRow(frame, out);
    if (!frame.first || !frame.last) throw new WireError('malformed', 'head of a result in pieces');
    if (frame.type === 0xff) return this.#receiveErr(frame, out);
    switch (this.#phase) {
      case 'head':
        return this.#receiveHead(frame, out);
      case 'columns':
        return this.#receiveColumn(frame, out);
      case 'columns-end':
        return this.#receiveColumnsEnd(frame, out);
      case 'file':
        return this.#receiveFileEnd(frame, out);
    }
  }

  // ---- rows: the hot path ----

  #receiveRow(frame: Frame, out: Outbox): boolean {
    if (frame.first) {
      if (frame.type === 0xfe && this.#isEnd(frame)) return this.#receiveEnd(frame, out);
      if (frame.type === 0xff) return this.#receiveErr(frame, out);
      this.#countRow(frame);
    }
    if (this.#withheld !== null && (frame.first || this.#withheld.sequence !== null)) {
      this.#swallow(frame, out);
      return false;
    }
    if (this.#masker !== null) {
      this.#maskRow(frame, this.#masker, out);
      return false;
    }
    this.running.bytes += frame.end - frame.start;
    // Behind a row in pieces the sequence id is not tracked; the next packet says it again.
    this.#next = frame.first && frame.last ? (sequenceOf(frame) + 1) & 0xff : null;
    out.forwardToClient(frame);
    return false;
  }

  #countRow(frame: Frame): void {
    if (this.#withheld !== null) return;
    if (this.#rows >= this.#maxRows) this.#withhold(limitReached('rows', this.#maxRows), 'cut');
    else if (this.running.bytes + frame.totalBytes > this.#maxBytes)
      this.#withhold(limitReached('bytes', this.#maxBytes), 'cut');
    else {
      this.#rows += 1;
      this.running.rows += 1;
    }
  }

  #maskRow(frame: Frame, masker: RowMasker, out: Outbox): void {
    const step = this.#maskedRows.take(frame, masker);
    if (step.kind === 'incomplete') return;
    if (step.kind === 'too-large') {
      if (this.#withheld === null) this.#withhold(rowTooLarge(), 'cut');
      this.#withheld!.sequence = step.sequence;
      return;
    }
    this.running.maskedCells += step.cells;
    this.running.bytes += step.bytes.length;
    this.#next = (step.sequence + 1) & 0xff;
    out.client(step.bytes);
  }

  // ---- head and columns ----

  #receiveHead(frame: Frame, out: Outbox): boolean {
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    if (frame.type === 0x00) {
      const ok = decodeOkPacket(payload);
      this.running.affectedRows += ok.affectedRows;
      this.#relay(frame, out);
      return this.#resultEnded(ok.status, out);
    }
    if (frame.type === 0xfb) return this.#receiveFileRequest(frame, out);
    this.#columnsLeft = readLenencInt(new ByteReader(payload));
    if (this.#columnsLeft === 0) throw new WireError('malformed', 'column count');
    this.#columns = [];
    this.#masker = null;
    this.#phase = 'columns';
    this.#relay(frame, out);
    return false;
  }

  #receiveColumn(frame: Frame, out: Outbox): boolean {
    if (this.#masksInForce)
      this.#columns.push(
        decodeColumnDefinition41(
          payloadOf(frame.bytes, frame.start, frame.end),
          this.#options.session.negotiated.extendedMetadata,
        ),
      );
    this.#relay(frame, out);
    this.#columnsLeft -= 1;
    if (this.#columnsLeft > 0) return false;
    this.#phase = this.#deprecateEof ? 'rows' : 'columns-end';
    if (this.#deprecateEof) this.#makePlan(out);
    return false;
  }

  #receiveColumnsEnd(frame: Frame, out: Outbox): boolean {
    const { status } = decodeEofPacket(payloadOf(frame.bytes, frame.start, frame.end));
    this.#relay(frame, out);
    this.#makePlan(out);
    this.#phase = 'rows';
    if ((status & STATUS.cursorExists) === 0) return false;
    return this.#resultEnded(status, out);
  }

  #makePlan(out: Outbox): void {
    if (!this.#masksInForce || this.#withheld !== null) return;
    const plan = this.#options.plan(this.#columns, this.#resultIndex);
    if (plan.kind === 'withhold') {
      this.#withhold(new GatewayError('denied', 'masked-origin-unknown', plan.reason), 'denied');
      this.#withheld!.sequence = this.#heldSequence;
    } else {
      this.#masker = plan.masker;
      for (const bytes of this.#held) out.client(bytes);
    }
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** Head, columns and ends: to the client, into the waiting room, or nowhere. */
  #relay(frame: Frame, out: Outbox): void {
    if (this.#withheld !== null) {
      this.#swallow(frame, out);
      return;
    }
    const sequence = sequenceOf(frame);
    this.#next = (sequence + 1) & 0xff;
    const waits = this.#masksInForce && (this.#phase === 'columns' || this.#phase === 'columns-end');
    if (!waits) {
      out.forwardToClient(frame);
      return;
    }
    if (this.#held.length === 0) this.#heldSequence = sequence;
    this.#heldBytes += frame.end - frame.start;
    if (this.#heldBytes > MAX_HELD_BYTES) throw new WireError('malformed', 'column definitions too large');
    this.#held.push(frame.bytes.subarray(frame.start, frame.end));
  }

  // ---- LOAD DATA LOCAL ----

  #receiveFileRequest(frame: Frame, out: Outbox): boolean {
    // SECURITY: a server must not fetch files for statements that did not ask for one (`refuses a file request that the statement did not ask for`).
    if (!this.#options.mayWantFile) throw new WireError('malformed', 'unexpected request for a file');
    if (this.#withheld !== null) throw new WireError('malformed', 'request for a file after the time limit');
    this.#phase = 'file';
    this.#relay(frame, out);
    return false;
  }

  #receiveFileEnd(frame: Frame, out: Outbox): boolean {
    // SECURITY: what the client still sends would be commands to an upstream that has stopped reading the file.
    if (!this.#fileSent) throw new WireError('malformed', 'answer before the end of a file');
    this.#phase = 'head';
    return this.#receiveHead(frame, out);
  }

  // ---- ends ----

  #isEnd(frame: Frame): boolean {
    return frame.totalBytes - HEADER_BYTES < (this.#deprecateEof ? FULL_PAYLOAD_BYTES : 9);
  }

  #receiveEnd(frame: Frame, out: Outbox): boolean {
    if (!frame.last) throw new WireError('malformed', 'end of rows in pieces');
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    const { status } =
      this.#deprecateEof && payload.length >= 7 ? decodeOkPacket(payload) : decodeEofPacket(payload);
    this.#relay(frame, out);
    return this.#resultEnded(status, out);
  }

  #resultEnded(status: number, out: Outbox): boolean {
    noteStatus(this.#options.session, status);
    if ((status & STATUS.moreResultsExist) !== 0) {
      this.#phase = 'head';
      this.#resultIndex += 1;
      return false;
    }
    if ((status & STATUS.cursorExists) !== 0 && (status & STATUS.lastRowSent) === 0)
      this.#options.cursorOpened?.(this.#masksInForce ? this.#columns : null);
    return this.#end(out, 'ok');
  }

  #receiveErr(frame: Frame, out: Outbox): boolean {
    if (!frame.last) throw new WireError('malformed', 'error in pieces');
    if (this.#phase === 'file' && !this.#fileSent)
      throw new WireError('malformed', 'error before the end of a file');
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    const code = String(decodeErrPacket(payload).code);
    if (this.#withheld !== null) this.#swallow(frame, out);
    else {
      const sequence = this.#held.length > 0 ? this.#heldSequence : sequenceOf(frame);
      this.#held = [];
      if (this.running.obligations.redactDiagnostics) out.client(redactErr(sequence, payload));
      else out.client(encodePacket(sequence, payload));
    }
    return this.#end(out, 'error', code);
  }

  #end(out: Outbox, result: OutcomeResult, code?: string): boolean {
    const withheld = this.#withheld;
    const cursor = this.#options.fetch?.cursor ?? null;
    if (cursor !== null) cursor.rows = this.#rows;
    if (withheld !== null && withheld.sequence !== null) {
      out.client(encodeError(withheld.sequence, withheld.error));
      this.#options.done?.(false, out);
      out.finish(this.running, withheld.result, withheld.error.code);
      return true;
    }
    this.#options.done?.(result === 'ok', out);
    out.finish(this.running, result, code);
    return true;
  }

  // ---- withholding ----

  #withhold(error: GatewayError, result: OutcomeResult): void {
    this.#withheld = { error, result, sequence: this.#held.length > 0 ? this.#heldSequence : null };
    this.#held = [];
    this.#heldBytes = 0;
  }

  #swallow(frame: Frame, out: Outbox): void {
    const withheld = this.#withheld!;
    if (withheld.sequence === null) withheld.sequence = sequenceOf(frame);
    this.#withheldPackets += 1;
    // A KILL that arrives after the end could hit the next statement: short rests are read instead.
    if (this.#withheldPackets > PATIENCE_PACKETS) this.#askCancel(out);
  }

  #askCancel(out: Outbox): void {
    if (this.#cancelAsked) return;
    this.#cancelAsked = true;
    out.cancelUpstream();
  }
}

function limitReached(what: 'rows' | 'bytes', limit: number): GatewayError {
  return new GatewayError(
    'limit',
    `${what}-limit`,
    `the result was cut: policy allows ${limit} ${what} for this statement`,
  );
}

function rowTooLarge(): GatewayError {
  return new GatewayError(
    'limit',
    'masked-row-too-large',
    `a row with masked values is larger than ${MAX_MASKED_ROW_BYTES} bytes`,
  );
}

/** 4096 columns with long names. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
const PATIENCE_PACKETS = 128;
