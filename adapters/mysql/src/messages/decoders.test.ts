import { ByteReader, ByteWriter, WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLenencInt, readNullableBytes, writeLenencInt } from '../codec/lenenc.ts';
import { columnPacket } from '../testing/packets.ts';
import { decodeAuthSwitchRequest } from './auth-switch-request.ts';
import { CAPABILITY } from './capability-flags.ts';
import { decodeColumnDefinition41 } from './column-definition-41.ts';
import { TYPE } from './column-type.ts';
import { decodeComChangeUser } from './com-change-user.ts';
import { queryText } from './com-query.ts';
import { decodeComStmtExecuteHead, decodeParameters, decodeParameterTypes } from './com-stmt-execute.ts';
import { decodeComStmtPrepareOk } from './com-stmt-prepare.ts';
import { decodeEofPacket } from './eof-packet.ts';
import { decodeErrPacket, encodeErrPacket } from './err-packet.ts';
import { decodeHandshakeResponse41, encodeHandshakeResponse41 } from './handshake-response-41.ts';
import { decodeHandshakeV10, encodeHandshakeV10 } from './handshake-v10.ts';
import { decodeOkPacket, encodeOkPacket } from './ok-packet.ts';
import { decodeLongDataParameter, decodeStatementId } from './statement-id.ts';

const ALL_FLAGS = 0xffff_ffff;
const context = { expected: 3, queryAttributes: true, known: null, longData: () => null };

const DECODERS: Readonly<Record<string, (payload: Buffer) => unknown>> = {
  AuthSwitchRequest: decodeAuthSwitchRequest,
  ColumnDefinition41: (payload) => decodeColumnDefinition41(payload, false),
  'ColumnDefinition41 of MariaDB': (payload) => decodeColumnDefinition41(payload, true),
  COM_CHANGE_USER: (payload) => decodeComChangeUser(payload, ALL_FLAGS),
  'COM_QUERY with attributes': (payload) => queryText(payload, true),
  'COM_STMT_EXECUTE head': decodeComStmtExecuteHead,
  'COM_STMT_EXECUTE types': (payload) => decodeParameterTypes(payload, context),
  'COM_STMT_EXECUTE values': (payload) => decodeParameters(payload, context),
  'COM_STMT_PREPARE OK': decodeComStmtPrepareOk,
  EOF: decodeEofPacket,
  ERR: decodeErrPacket,
  HandshakeResponse41: (payload) => decodeHandshakeResponse41(payload, ALL_FLAGS, ALL_FLAGS),
  HandshakeV10: decodeHandshakeV10,
  OK: decodeOkPacket,
  'long data': decodeLongDataParameter,
  'statement id': decodeStatementId,
};

describe('decoders', () => {
  it.each(Object.entries(DECODERS))('throws nothing but WireError for any bytes: %s', (_name, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decode(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads back every length-encoded integer', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (value) => {
        const writer = new ByteWriter(16);
        writeLenencInt(writer, value);
        expect(readLenencInt(new ByteReader(writer.take()))).toBe(value);
      }),
    );
  });

  it('refuses NULL and 0xFF where a length must stand', () => {
    expect(() => readLenencInt(new ByteReader(Buffer.of(0xfb)))).toThrow(WireError);
    expect(() => readLenencInt(new ByteReader(Buffer.of(0xff)))).toThrow(WireError);
    expect(readNullableBytes(new ByteReader(Buffer.of(0xfb)))).toBeNull();
    expect(() => readNullableBytes(new ByteReader(Buffer.of(5, 1)))).toThrow(new WireError('read-past-end'));
  });

  it('reads back a greeting', () => {
    const greeting = {
      serverVersion: '8.4.0',
      threadId: 42,
      nonce: Buffer.from('abcdefghijklmnopqrst'),
      capabilities: (CAPABILITY.deprecateEof | CAPABILITY.protocol41) >>> 0,
      mariadbCapabilities: 8,
      collation: 45,
      status: 2,
      authPlugin: 'caching_sha2_password',
    };
    expect(decodeHandshakeV10(encodeHandshakeV10(greeting))).toEqual(greeting);
  });

  it('counts capabilities that were not offered as not chosen', () => {
    const bytes = encodeHandshakeResponse41({
      capabilities: CAPABILITY.compress | CAPABILITY.zstd,
      mariadbCapabilities: 0,
      maxPacketBytes: 1,
      collation: 45,
      user: 'ann',
      authResponse: Buffer.from('x'),
      database: 'shop',
      authPlugin: 'p',
    });
    const response = decodeHandshakeResponse41(bytes, ALL_FLAGS & ~CAPABILITY.compress & ~CAPABILITY.zstd, 0);
    expect(response.capabilities & (CAPABILITY.compress | CAPABILITY.zstd)).toBe(0);
    expect(response).toMatchObject({ user: 'ann', database: 'shop', authPlugin: 'p' });
  });

  it('finds the statement behind query attributes', () => {
    const plain = Buffer.from('\x03\x00\x01select 1', 'latin1');
    expect(queryText(plain, true).toString()).toBe('select 1');
    const one = new ByteWriter(64);
    one.uint8(3).uint8(1).uint8(1).uint8(0).uint8(1).uint8(TYPE.varString).uint8(0);
    one.uint8(1).utf8('k').uint8(3).utf8('val').utf8('select 2');
    expect(queryText(one.take(), true).toString()).toBe('select 2');
    expect(queryText(Buffer.from('\x03select 3', 'latin1'), false).toString()).toBe('select 3');
  });

  it('refuses an attribute that reaches into the statement', () => {
    const lie = new ByteWriter(64);
    lie.uint8(3).uint8(1).uint8(1).uint8(0).uint8(1).uint8(TYPE.varString).uint8(0);
    lie.uint8(1).utf8('k').uint8(200).utf8('select 2');
    expect(() => queryText(lie.take(), true)).toThrow(WireError);
  });

  it('reads parameters of every layout, NULL and long data', () => {
    const writer = new ByteWriter(128).uint8(0x17).uint32le(1).uint8(0).uint32le(1);
    writer.uint8(0b0000_0010).uint8(1);
    for (const type of [TYPE.long, TYPE.varString, TYPE.datetime, TYPE.blob]) writer.uint16le(type);
    writer.int32le(-5);
    writer.uint8(4).uint16le(2024).uint8(2).uint8(29);
    const values = decodeParameters(writer.take(), {
      expected: 4,
      queryAttributes: false,
      known: null,
      longData: (index) => (index === 3 ? 1000 : null),
    });
    expect(values).toEqual(['-5', null, '2024-02-29 00:00:00', { bytes: 1000 }]);
  });

  it('takes the types of an earlier execution, and refuses when there was none', () => {
    const writer = new ByteWriter(64).uint8(0x17).uint32le(1).uint8(0).uint32le(1).uint8(0).uint8(0).uint8(7);
    const payload = writer.take();
    const one = { expected: 1, queryAttributes: false, longData: () => null };
    expect(decodeParameters(payload, { ...one, known: [{ type: TYPE.tiny, unsigned: true }] })).toEqual([
      '7',
    ]);
    expect(() => decodeParameters(payload, { ...one, known: null })).toThrow(WireError);
  });

  it('reads OK and ERR that it wrote', () => {
    expect(decodeOkPacket(encodeOkPacket(0x4002))).toEqual({ affectedRows: 0, status: 0x4002 });
    const error = { code: 1142, sqlState: '42000', message: 'no' };
    expect(decodeErrPacket(encodeErrPacket(error))).toEqual(error);
  });

  it('reads a column definition', () => {
    expect(decodeColumnDefinition41(columnPacket({ name: 'n', orgName: 'o' }), false)).toMatchObject({
      schema: 'shop',
      orgTable: 'customers',
      name: 'n',
      orgName: 'o',
      type: TYPE.varString,
    });
  });

  it.each([
    ['', TYPE.varString],
    ['\x01\x04json', TYPE.json],
    ['\x00\x04uuid', TYPE.varString],
    ['\x00\x04json', TYPE.varString],
    ['\x07\x01x\x01\x04json', TYPE.json],
  ])('reads the formats of MariaDB: %j', (metadata, type) => {
    const packet = columnPacket({ orgName: 'o', metadata });
    expect(decodeColumnDefinition41(packet, true)).toMatchObject({ orgName: 'o', type, decimals: 0 });
    expect(() => decodeColumnDefinition41(packet, false)).toThrow(WireError);
  });
});
