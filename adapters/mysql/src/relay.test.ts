import { GatewayError, NO_OBLIGATIONS } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { encodePacket } from './codec/packet.ts';
import { FULL_PAYLOAD_BYTES } from './codec/packet-codec.ts';
import { CAPABILITY } from './messages/capability-flags.ts';
import { COMMAND } from './messages/command.ts';
import { encodeOkPacket } from './messages/ok-packet.ts';
import { columnPacket, EOF, err, OK, ok, textResult, textRow } from './testing/packets.ts';
import { DENIED_ERR, MORE, words } from './testing/relay-scenes.ts';
import { BASE_FLAGS, FAKE_ANALYZER, packetsIn, ScriptedRelay } from './testing/scripted-relay.ts';

const MARIADB = { version: '10.11.1-MariaDB', details: {} };

const MYSQL = { version: '8.4.0', details: {} };

/** Everything that a scenario shows, for both ways of feeding. */
function outcome(peer: ScriptedRelay): unknown {
  return {
    client: peer.clientPackets(),
    upstream: peer.upstreamPackets(),
    finished: peer.finished.map(({ result, code, running }) => [
      result,
      code,
      running.rows,
      running.affectedRows,
    ]),
  };
}

describe('text protocol', () => {
  it('forwards a permitted query and its rows as they came, byte by byte as well as whole', () => {
    const [whole, single] = [false, true].map((byteByByte) => {
      const peer = new ScriptedRelay({ byteByByte });
      peer.query('select 1');
      peer.upstreamSays(textResult([columnPacket()], [textRow('1'), textRow(null)]));
      return outcome(peer);
    });
    expect(single).toEqual(whole);
    expect(whole).toMatchObject({
      upstream: [[0, Buffer.from('\x03select 1', 'latin1')]],
      finished: [['ok', undefined, 2, 0]],
    });
  });

  it('answers a denied query itself and sends nothing', () => {
    const peer = new ScriptedRelay();
    peer.query('select secret');
    expect(words(peer.clientPackets())).toEqual([[1, DENIED_ERR]]);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('puts a denial at its place in a pipeline', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1');
    peer.query('select secret');
    peer.query('select 3');
    expect(peer.clientPackets()).toEqual([]);
    expect(words(peer.upstreamPackets())).toEqual([
      [0, '\x03select 1'],
      [0, '\x03select 3'],
    ]);
    peer.upstreamSays([OK]);
    expect(words(peer.clientPackets())).toEqual([
      [1, OK.toString('latin1')],
      [1, DENIED_ERR],
    ]);
    peer.upstreamSays([ok(3)]);
    expect(words(peer.clientPackets())).toEqual([[1, ok(3).toString('latin1')]]);
    expect(peer.relay.isIdle()).toBe(false);
  });

  it('decides several statements of one text together', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1; update customers; select 2');
    expect(peer.requests[0]!.statements.map(({ verb }) => verb)).toEqual(['select', 'update', 'select']);
  });

  it('follows results to the last one and adds up what they did', () => {
    const peer = new ScriptedRelay();
    peer.query('insert; select 1; insert');
    const affected = Buffer.from([0, 3, 0, MORE, 0, 0, 0]);
    peer.upstreamSays([
      affected,
      ...textResult([columnPacket()], [textRow('1')], MORE),
      Buffer.from([0, 4, 0, 2, 0, 0, 0]),
    ]);
    expect(peer.finished.map(({ result, running }) => [result, running.rows, running.affectedRows])).toEqual([
      ['ok', 1, 7],
    ]);
  });

  it('ends rows with an OK where the client asked for that, and takes a long row beginning with 0xFE for a row', () => {
    const peer = new ScriptedRelay({ flags: BASE_FLAGS | CAPABILITY.deprecateEof });
    peer.query('select 1');
    peer.upstreamSays([Buffer.of(1), columnPacket(), textRow('1'), encodeOkPacket(2, 0xfe)]);
    expect(peer.finished).toHaveLength(1);
    expect(peer.clientPackets()).toHaveLength(4);
  });

  it('passes rows in pieces and rows of several packets unchanged', () => {
    const peer = new ScriptedRelay({ limits: { wholeFrameBytes: 1024, maxFrameBytes: 1 << 30 } });
    peer.query('select 1');
    const row = encodePacket(4, Buffer.alloc(FULL_PAYLOAD_BYTES + 5, 0x61));
    const bytes = Buffer.concat([
      encodePacket(1, Buffer.of(1)),
      encodePacket(2, columnPacket()),
      encodePacket(3, EOF),
      row,
      encodePacket(6, EOF),
    ]);
    for (let at = 0; at < bytes.length; at += 5_000_000)
      peer.upstreamBytes(bytes.subarray(at, at + 5_000_000));
    expect(peer.takeClient().equals(bytes)).toBe(true);
    expect(peer.finished.map(({ running }) => running.rows)).toEqual([1]);
  });

  it.each([
    ['', null, 'Query was empty'],
    [' ; ', MARIADB, 'Query was empty'],
    ['-- nothing', MARIADB, 'OK'],
    ['-- nothing', MYSQL, 'Query was empty'],
  ])('answers a text without a statement in the words of the server: %j', (text, serverFacts, answer) => {
    const analyzer: SqlAnalyzer<object> = {
      ...FAKE_ANALYZER,
      analyze: () => ({ kind: 'analyzed', statements: [], missing: [], cacheable: false }),
    };
    const peer = new ScriptedRelay({ analyzer, serverFacts });
    peer.query(text);
    const [[sequence, payload] = [0, Buffer.of()], ...more] = peer.clientPackets();
    expect([sequence, payload[0] === 0 ? 'OK' : payload.subarray(9).toString(), more]).toEqual([
      1,
      answer,
      [],
    ]);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('calls a text that does not end a syntax error, and never sends it', () => {
    const analyzer: SqlAnalyzer<object> = {
      ...FAKE_ANALYZER,
      analyze: () => ({ kind: 'refused', code: 'not-splittable', message: 'a string does not end' }),
    };
    const peer = new ScriptedRelay({ analyzer, policy: () => NO_OBLIGATIONS });
    peer.query("select 'x");
    peer.command(0x16, "select 'x");
    expect(peer.clientPackets().map(([, payload]) => payload.readUInt16LE(1))).toEqual([1064, 1064]);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it("records the server's code of a failed statement", () => {
    const peer = new ScriptedRelay();
    peer.query('insert');
    peer.upstreamSays([err(1062, 'Duplicate entry x')]);
    expect(peer.finished.map(({ result, code }) => [result, code])).toEqual([['error', '1062']]);
  });

  it('never sends a text that was not understood, even where policy permits it', () => {
    for (const sql of ['select 1\0', 'set sql_mode=ansi_quotes', 'selec 1']) {
      const peer = new ScriptedRelay({ policy: () => NO_OBLIGATIONS });
      peer.query(sql);
      expect(peer.upstreamPackets()).toEqual([]);
      expect(peer.clientPackets()[0]![1][0]).toBe(0xff);
      expect(peer.finished[0]!.result).toBe('denied');
    }
  });

  it('finds the statement behind query attributes and forwards the packet unchanged', () => {
    const peer = new ScriptedRelay({ flags: BASE_FLAGS | CAPABILITY.queryAttributes });
    peer.command(COMMAND.query, Buffer.from('\x00\x01select secret', 'latin1'));
    expect(words(peer.clientPackets())).toEqual([[1, DENIED_ERR]]);
    peer.command(COMMAND.query, Buffer.from('\x00\x01select 1', 'latin1'));
    expect(words(peer.upstreamPackets())).toEqual([[0, '\x03\x00\x01select 1']]);
  });
});

describe('farewell', () => {
  const BYE = new GatewayError('shutdown', 'shutting-down', 'bye');

  it('says nothing to an idle client, which would take it for an answer', () => {
    expect(new ScriptedRelay().relay.farewell(BYE)).toEqual(Buffer.alloc(0));
  });

  it('answers what runs, with the sequence id that the client expects', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1');
    expect(packetsIn(peer.relay.farewell(BYE))[0]![0]).toBe(1);
    peer.upstreamSays([Buffer.of(1), columnPacket()]);
    expect(packetsIn(peer.relay.farewell(BYE))[0]![0]).toBe(3);
    expect(peer.relay.running()).toEqual(peer.running);
  });

  it('says nothing in the middle of a packet', () => {
    const peer = new ScriptedRelay({ limits: { wholeFrameBytes: 64, maxFrameBytes: 1 << 20 } });
    peer.query('select 1');
    peer.upstreamSays([Buffer.of(1), columnPacket({ schema: '', table: '' }), EOF]);
    peer.upstreamBytes(encodePacket(4, Buffer.alloc(500, 0x61)).subarray(0, 100));
    expect(peer.relay.farewell(BYE)).toEqual(Buffer.alloc(0));
  });
});
