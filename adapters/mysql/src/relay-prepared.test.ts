import { GatewayError, NO_OBLIGATIONS } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { encodePacket } from './codec/packet.ts';
import { FULL_PAYLOAD_BYTES } from './codec/packet-codec.ts';
import { TYPE } from './messages/column-type.ts';
import { COMMAND } from './messages/command.ts';
import {
  columnPacket,
  EOF,
  eof,
  err,
  executeArgument,
  idArgument,
  OK,
  prepareOk,
} from './testing/packets.ts';
import { DENIED_ERR, limited, MASKED, masking, words } from './testing/relay-scenes.ts';
import { ScriptedRelay } from './testing/scripted-relay.ts';

const CURSOR = 2 | 0x40;

describe('prepared statements', () => {
  function prepared(
    sql = 'select 1',
    options: ConstructorParameters<typeof ScriptedRelay>[0] = {},
  ): ScriptedRelay {
    const peer = new ScriptedRelay(options);
    peer.command(COMMAND.stmtPrepare, sql);
    peer.upstreamSays([prepareOk(11, 1, 0), columnPacket(), EOF]);
    peer.takeClient();
    peer.takeUpstream();
    return peer;
  }

  it('decides when it is prepared and again when it runs', () => {
    const peer = prepared();
    peer.command(COMMAND.stmtExecute, executeArgument(11));
    expect(peer.requests.map(({ phase, via }) => [phase, via])).toEqual([
      ['prepare', 'com-stmt-prepare'],
      ['run', 'com-stmt-execute'],
    ]);
    expect(peer.finished.map(({ result }) => result)).toEqual(['ok']);
  });

  it('answers an execution of an unknown statement with 1243', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.stmtExecute, executeArgument(99));
    expect(peer.clientPackets()[0]![1].readUInt16LE(1)).toBe(1243);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('answers a pipelined PREPARE and EXECUTE(-1) in order when the first is denied', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.stmtPrepare, 'select secret');
    peer.command(COMMAND.stmtExecute, executeArgument(0xffff_ffff));
    expect(peer.clientPackets().map(([, payload]) => payload.readUInt16LE(1))).toEqual([1142, 1243]);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('runs a pipelined PREPARE and EXECUTE(-1) as the statement that was prepared', async () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.stmtPrepare, 'select 1');
    peer.command(COMMAND.stmtExecute, executeArgument(0xffff_ffff));
    expect(peer.upstreamPackets()).toHaveLength(1);
    peer.upstreamSays([prepareOk(11, 0, 0)]);
    await peer.turn();
    expect(peer.upstreamPackets().map(([, payload]) => payload[0])).toEqual([COMMAND.stmtExecute]);
    expect(peer.requests[1]!.text()).toBe('select 1');
  });

  it('forgets the last statement when the upstream refuses to prepare', async () => {
    const peer = prepared();
    peer.command(COMMAND.stmtPrepare, 'select broken');
    peer.upstreamSays([err(1064, 'x')]);
    peer.takeClient();
    peer.command(COMMAND.stmtExecute, executeArgument(0xffff_ffff));
    await peer.turn();
    expect(peer.clientPackets()[0]![1].readUInt16LE(1)).toBe(1243);
  });

  it('passes long data and closing without expecting an answer', () => {
    const peer = prepared();
    peer.command(COMMAND.stmtSendLongData, idArgument(11, 0, 0, 65, 66));
    peer.command(COMMAND.stmtClose, idArgument(11));
    expect(peer.upstreamPackets()).toHaveLength(2);
    expect(peer.relay.isIdle()).toBe(true);
    peer.command(COMMAND.stmtSendLongData, idArgument(11, 0, 0, 65));
    peer.command(COMMAND.stmtClose, idArgument(11));
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('clears long data at the upstream when the execution is refused', () => {
    let denied = false;
    const peer = prepared('select 1', {
      policy: () => (denied ? new GatewayError('denied', 'x', 'no') : NO_OBLIGATIONS),
    });
    peer.command(COMMAND.stmtSendLongData, idArgument(11, 0, 0, 65));
    peer.takeUpstream();
    denied = true;
    peer.command(COMMAND.stmtExecute, executeArgument(11));
    expect(peer.upstreamPackets()).toEqual([
      [0, Buffer.concat([Buffer.of(COMMAND.stmtReset), idArgument(11)])],
    ]);
    peer.upstreamSays([OK]);
    expect(words(peer.clientPackets())).toEqual([[1, DENIED_ERR]]);
  });

  it('shows parameters to the audit, and their size where they came as long data', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.stmtPrepare, 'select ?, ?');
    peer.upstreamSays([prepareOk(11, 0, 2), columnPacket(), columnPacket(), EOF]);
    peer.command(COMMAND.stmtSendLongData, idArgument(11, 1, 0, 65, 66, 67));
    const values = Buffer.from([0, 1, TYPE.tiny, 0, TYPE.blob, 0, 5]);
    peer.command(COMMAND.stmtExecute, Buffer.concat([executeArgument(11), values]));
    expect(peer.requests.at(-1)!.parameters()).toEqual(['5', { bytes: 3 }]);
  });

  it('masks the rows of a cursor when they are fetched', () => {
    const peer = prepared('select email from customers', masking);
    peer.command(COMMAND.stmtExecute, executeArgument(11, 1));
    peer.upstreamSays([Buffer.of(1), columnPacket(), eof(CURSOR)]);
    expect(peer.clientPackets()).toHaveLength(3);
    peer.command(COMMAND.stmtFetch, idArgument(11, 2, 0, 0, 0));
    const row = Buffer.concat([Buffer.of(0, 0, 3), Buffer.from('ann')]);
    peer.upstreamSays([row, eof(CURSOR | 0x80)]);
    expect(words(peer.clientPackets())[0]).toEqual([1, '\x00\x00\x03***']);
    expect(peer.finished.map(({ result, running }) => [result, running.maskedCells])).toEqual([
      ['ok', 0],
      ['ok', 0],
      ['ok', 1],
    ]);
  });

  it('refuses to fetch with masks from a cursor that was opened without', () => {
    let masks = false;
    const peer = prepared('select email from customers', { policy: () => (masks ? MASKED : NO_OBLIGATIONS) });
    peer.command(COMMAND.stmtExecute, executeArgument(11, 1));
    peer.upstreamSays([Buffer.of(1), columnPacket(), eof(CURSOR)]);
    peer.takeClient();
    peer.takeUpstream();
    masks = true;
    peer.command(COMMAND.stmtFetch, idArgument(11, 2, 0, 0, 0));
    expect(peer.upstreamPackets()).toEqual([]);
    expect(peer.clientPackets()[0]![1].readUInt16LE(1)).toBe(1142);
  });

  it('counts the rows of a cursor over all its fetches', () => {
    const peer = prepared('select 1', limited(3));
    peer.command(COMMAND.stmtExecute, executeArgument(11, 1));
    peer.upstreamSays([Buffer.of(1), columnPacket(), eof(CURSOR)]);
    const row = Buffer.of(0, 0, 1, 65);
    for (const rows of [2, 2]) {
      peer.command(COMMAND.stmtFetch, idArgument(11, 2, 0, 0, 0));
      peer.upstreamSays([...Array.from({ length: rows }, () => row), eof(CURSOR)]);
    }
    expect(peer.finished.map(({ result, running }) => [result, running.rows]).slice(-2)).toEqual([
      ['ok', 2],
      ['cut', 1],
    ]);
  });

  it('passes an execution of several packets, and drops all of it when it is refused', () => {
    const limits = { wholeFrameBytes: 1024, maxFrameBytes: 1 << 30 };
    const big = encodePacket(
      0,
      Buffer.concat([Buffer.of(0x17), executeArgument(11), Buffer.alloc(FULL_PAYLOAD_BYTES)]),
    );
    const permitted = prepared('select 1', { limits });
    permitted.clientBytes(big.subarray(0, 9_000_000));
    permitted.clientBytes(big.subarray(9_000_000));
    expect(permitted.takeUpstream().equals(big)).toBe(true);
    const refused = prepared('select 1', {
      limits,
      policy: ({ phase }) => (phase === 'run' ? new GatewayError('denied', 'x', 'no') : NO_OBLIGATIONS),
    });
    refused.clientBytes(big.subarray(0, 9_000_000));
    expect(refused.takeClient()).toEqual(Buffer.alloc(0));
    refused.clientBytes(big.subarray(9_000_000));
    expect(words(refused.clientPackets())).toEqual([[2, DENIED_ERR]]);
    expect(refused.takeUpstream()).toEqual(Buffer.alloc(0));
  });

  it('refuses more prepared statements than a session may hold', () => {
    const peer = prepared('select 1', { options: { maxPreparedStatements: 1 } });
    peer.command(COMMAND.stmtPrepare, 'select 2');
    expect(peer.clientPackets()[0]![1].readUInt16LE(1)).toBe(1461);
  });
});
