import { createFrame, type Frame, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { parse as parseBackend, serialize } from 'pg-protocol';
import { describe, expect, it } from 'vitest';
import { RowMasker } from '../respond/mask-row.ts';
import { decodeBind } from './bind.ts';
import { affectedRowsOf } from './command-complete.ts';
import { decodeErrorFields, encodeErrorResponse } from './error-response.ts';
import { decodeParse } from './parse.ts';
import { decodeExecute, decodeTarget } from './portal-messages.ts';
import { decodeQuery } from './query.ts';
import { decodeRowDescription } from './row-description.ts';
import {
  decodeBackendKeyData,
  decodeParameterStatus,
  decodeReadyForQuery,
  encodeAuthentication,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeReadyForQuery,
  encodeSaslMechanisms,
} from './server-messages.ts';
import { decodeStartupPacket } from './startup-packet.ts';

function frameOf(bytes: Buffer): Frame {
  return {
    ...createFrame(),
    bytes,
    start: 0,
    end: bytes.length,
    type: bytes[0] ?? 0,
    totalBytes: bytes.length,
  };
}

const DECODERS: Readonly<Record<string, (frame: Frame) => unknown>> = {
  Bind: decodeBind,
  CommandComplete: affectedRowsOf,
  ErrorResponse: decodeErrorFields,
  Parse: decodeParse,
  'Describe and Close': decodeTarget,
  Execute: decodeExecute,
  Query: decodeQuery,
  RowDescription: decodeRowDescription,
  BackendKeyData: decodeBackendKeyData,
  ParameterStatus: decodeParameterStatus,
  ReadyForQuery: decodeReadyForQuery,
  'start-up packets': decodeStartupPacket,
  'DataRow under a mask': (frame) =>
    new RowMasker().mask(frame, [null, { kind: 'constant', bytes: null }], { maskedCells: 0 }),
};

/** Bodies that look like messages now and then: NULs, small counts, whole strings. */
const bodies = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.string({ maxLength: 8 }).map((text) => Buffer.from(`${text}\0`)),
      fc.constantFrom(
        Buffer.from([0, 0]),
        Buffer.from([0, 2]),
        Buffer.from([0, 0, 0, 1]),
        Buffer.from([0xff, 0xff, 0xff, 0xff]),
      ),
    ),
    { maxLength: 10 },
  )
  .map((parts) => Buffer.concat([Buffer.alloc(5), ...parts]));

describe.each(Object.keys(DECODERS))('the decoder of %s', (name) => {
  it('throws nothing but WireError, whatever it reads', () => {
    fc.assert(
      fc.property(bodies, (bytes) => {
        try {
          DECODERS[name]!(frameOf(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('what pg-protocol writes', () => {
  const frame = (bytes: Buffer | Uint8Array): Frame => frameOf(Buffer.from(bytes));

  it('is read as it was meant', () => {
    expect(decodeQuery(frame(serialize.query('select 1')))).toBe('select 1');
    expect(decodeParse(frame(serialize.parse({ name: 'n', text: 'select $1', types: [23, 25] })))).toEqual({
      name: 'n',
      text: 'select $1',
    });
    expect(decodeExecute(frame(serialize.execute({ portal: 'p', rows: 5 })))).toBe('p');
    expect(decodeTarget(frame(serialize.describe({ type: 'S', name: 'n' })))).toEqual({
      kind: 'statement',
      name: 'n',
    });
    expect(decodeTarget(frame(serialize.close({ type: 'P', name: 'p' })))).toEqual({
      kind: 'portal',
      name: 'p',
    });
  });

  it('gives every parameter of a Bind', () => {
    const bytes = serialize.bind({ portal: 'p', statement: 's', binary: true, values: ['a', null, 'grüße'] });
    const bind = decodeBind(frame(bytes));
    expect(bind).toMatchObject({ portal: 'p', statement: 's', resultFormats: [1] });
    expect(bind.parameters.map((value) => value?.toString() ?? null)).toEqual(['a', null, 'grüße']);
  });

  it('names the settings of a start-up packet', () => {
    const bytes = Buffer.from(serialize.startup({ user: 'ana', database: 'shop' }));
    const packet = decodeStartupPacket(frameOf(bytes));
    expect(packet).toMatchObject({ kind: 'startup', major: 3, minor: 0 });
    expect(packet.kind === 'startup' && packet.parameters.get('database')).toBe('shop');
  });
});

describe('what is written here', () => {
  async function read(bytes: Buffer): Promise<readonly unknown[]> {
    const { PassThrough } = await import('node:stream');
    const stream = new PassThrough();
    const seen: unknown[] = [];
    const done = parseBackend(stream, (message: unknown) => seen.push(message));
    stream.end(bytes);
    await done;
    return seen;
  }

  it('is read by pg-protocol as it was meant', async () => {
    const bytes = Buffer.concat([
      encodeSaslMechanisms(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']),
      encodeAuthentication(0),
      encodeParameterStatus('TimeZone', 'UTC'),
      encodeBackendKeyData(7, Buffer.from([0, 0, 0, 9])),
      encodeReadyForQuery('T'),
      encodeErrorResponse(
        new Map([
          ['S', 'ERROR'],
          ['C', '42501'],
          ['M', 'no'],
          ['H', 'ask'],
        ]),
      ),
    ]);
    const seen = await read(bytes);
    expect(seen).toMatchObject([
      { name: 'authenticationSASL', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] },
      { name: 'authenticationOk' },
      { parameterName: 'TimeZone', parameterValue: 'UTC' },
      { processID: 7, secretKey: 9 },
      { status: 'T' },
      { code: '42501', message: 'no', hint: 'ask' },
    ]);
  });

  it('names a version and the options that are not known', () => {
    const bytes = encodeNegotiateProtocolVersion(196610, ['_pq_.a', '_pq_.b']);
    expect(bytes.toString('latin1')).toBe('v\0\0\0\x1a\0\x03\0\x02\0\0\0\x02_pq_.a\0_pq_.b\0');
  });
});

describe('a start-up packet', () => {
  const packet = (...parts: readonly Buffer[]): Frame => frameOf(Buffer.concat([Buffer.alloc(4), ...parts]));

  it('must not name a setting twice, nor lie about its end', () => {
    const twice = packet(Buffer.from([0, 3, 0, 0]), Buffer.from('user\0a\0user\0b\0\0'));
    expect(() => decodeStartupPacket(twice)).toThrow('twice');
    expect(() =>
      decodeStartupPacket(packet(Buffer.from([0, 3, 0, 0]), Buffer.from('user\0a\0\0more'))),
    ).toThrow('trailing');
  });

  it('keeps hostile names as names', () => {
    const decoded = decodeStartupPacket(packet(Buffer.from([0, 3, 0, 0]), Buffer.from('__proto__\0x\0\0')));
    expect(decoded.kind === 'startup' && [...decoded.parameters]).toEqual([['__proto__', 'x']]);
  });
});
