/**
 * A question of the gateway's own in somebody's session: how it is asked and how its answer is read.
 *
 * Reads one text result set or an OK; more is not expected and ends the session. The answer is small,
 * and a larger one is an error.
 */
import { ByteReader, type Frame, WireError } from '@gatehouse/wire';
import { readLenencInt, readNullableBytes } from '../codec/lenenc.ts';
import { encodePacket, payloadOf } from '../codec/packet.ts';
import { decodeEofPacket } from '../messages/eof-packet.ts';
import { decodeErrPacket } from '../messages/err-packet.ts';
import { decodeOkPacket } from '../messages/ok-packet.ts';
import type { Negotiated } from './negotiated.ts';

/** The packet that asks; with the empty list of attributes where they were agreed on. */
export function encodeOwnQuery(sql: string, negotiated: Negotiated): Buffer {
  const prefix = negotiated.queryAttributes ? [0x03, 0x00, 0x01] : [0x03];
  return encodePacket(0, Buffer.concat([Buffer.from(prefix), Buffer.from(sql, 'utf8')]));
}

export type OwnAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[]; readonly status: number }
  | { readonly kind: 'ok'; readonly status: number }
  | { readonly kind: 'error'; readonly code: number };

const MAX_ROWS = 16;

export class OwnAnswerReader {
  readonly #deprecateEof: boolean;
  readonly #rows: (string | null)[][] = [];
  #phase: 'head' | 'columns' | 'columns-end' | 'rows' = 'head';
  #columns = 0;
  #columnsLeft = 0;

  constructor(negotiated: Negotiated) {
    this.#deprecateEof = negotiated.deprecateEof;
  }

  /** Takes one packet; the answer when it is complete. */
  take(frame: Frame): OwnAnswer | null {
    if (!frame.first || !frame.last) throw new WireError('malformed', 'answer to the gateway in pieces');
    const payload = payloadOf(frame.bytes, frame.start, frame.end);
    if (frame.type === 0xff) return { kind: 'error', code: decodeErrPacket(payload).code };
    switch (this.#phase) {
      case 'head':
        return this.#head(payload);
      case 'columns':
        this.#columnsLeft -= 1;
        if (this.#columnsLeft === 0) this.#phase = this.#deprecateEof ? 'rows' : 'columns-end';
        return null;
      case 'columns-end':
        this.#phase = 'rows';
        return null;
      case 'rows':
        return this.#row(frame.type, payload);
    }
  }

  #head(payload: Buffer): OwnAnswer | null {
    if (payload[0] === 0x00) return { kind: 'ok', status: decodeOkPacket(payload).status };
    this.#columns = readLenencInt(new ByteReader(payload));
    if (this.#columns === 0 || this.#columns > 64) throw new WireError('malformed', 'column count');
    this.#columnsLeft = this.#columns;
    this.#phase = 'columns';
    return null;
  }

  #row(type: number, payload: Buffer): OwnAnswer | null {
    if (type === 0xfe) {
      const { status } = this.#deprecateEof ? decodeOkPacket(payload) : decodeEofPacket(payload);
      return { kind: 'rows', rows: this.#rows, status };
    }
    if (this.#rows.length === MAX_ROWS) throw new WireError('malformed', 'too many rows');
    const reader = new ByteReader(payload);
    const row: (string | null)[] = [];
    for (let i = 0; i < this.#columns; i++) row.push(readNullableBytes(reader)?.toString('utf8') ?? null);
    this.#rows.push(row);
    return null;
  }
}
