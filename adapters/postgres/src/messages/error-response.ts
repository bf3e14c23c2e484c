import type { ByteReader, Frame } from '@gatehouse/wire';
import { bodyOf, encodeMessage } from './message-body.ts';
import { BACKEND } from './message-type.ts';

/** Fields of ErrorResponse and NoticeResponse by their letter (manual, section 54.8). */
export type ErrorFields = ReadonlyMap<string, string>;

export function decodeErrorFields(frame: Frame): ErrorFields {
  return readFields(bodyOf(frame));
}

function readFields(body: ByteReader): ErrorFields {
  const fields = new Map<string, string>();
  for (;;) {
    const letter = body.uint8();
    if (letter === 0) break;
    fields.set(String.fromCharCode(letter), body.cstring());
  }
  body.end();
  return fields;
}

export function encodeErrorResponse(fields: ErrorFields): Buffer {
  return encodeFields(BACKEND.errorResponse, fields);
}

export function encodeNoticeResponse(fields: ErrorFields): Buffer {
  return encodeFields(BACKEND.noticeResponse, fields);
}

function encodeFields(type: number, fields: ErrorFields): Buffer {
  return encodeMessage(type, (body) => {
    for (const [letter, value] of fields)
      body.uint8(letter.charCodeAt(0)).cstring(value.replaceAll('\0', ''));
    body.uint8(0);
  });
}
