import { GatewayError, NO_OBLIGATIONS, type Obligations } from '@gatehouse/model';
import { describe, expect, it } from 'vitest';
import { encodePacket } from './codec/packet.ts';
import { FULL_PAYLOAD_BYTES } from './codec/packet-codec.ts';
import { MARIADB_CAPABILITY } from './messages/capability-flags.ts';
import { decodeColumnDefinition41 } from './messages/column-definition-41.ts';
import { TYPE } from './messages/column-type.ts';
import { columnPacket, EOF, err, OK, textResult, textRow } from './testing/packets.ts';
import { limited, MASKED, MORE, masking, words } from './testing/relay-scenes.ts';
import { ScriptedRelay } from './testing/scripted-relay.ts';

describe('masks', () => {
  it('masks text rows and counts cells', () => {
    const peer = new ScriptedRelay(masking);
    peer.query('select name, email from customers');
    peer.upstreamSays(
      textResult(
        [columnPacket({ orgName: 'name', name: 'name' }), columnPacket()],
        [textRow('Ann', 'ann@x.org')],
      ),
    );
    expect(words(peer.clientPackets())[4]).toEqual([5, '\x03Ann\x03***']);
    expect(peer.finished[0]!.running.maskedCells).toBe(1);
  });

  it('masks a text that MariaDB calls JSON as JSON, which clients parse', () => {
    const peer = new ScriptedRelay({ ...masking, mariadbFlags: MARIADB_CAPABILITY.extendedMetadata });
    peer.query('select email from customers');
    const column = columnPacket({ metadata: '\x01\x04json' });
    peer.upstreamSays(textResult([column], [textRow('{"a": "ann@x.org"}')]));
    expect(words(peer.clientPackets())[3]).toEqual([4, '\x05"***"']);
  });

  it("answers in the gateway's place with columns of the form that was agreed on", () => {
    for (const mariadbFlags of [0, MARIADB_CAPABILITY.extendedMetadata]) {
      const peer = new ScriptedRelay({ ...masking, mariadbFlags });
      peer.query('select email from customers');
      peer.upstreamSays([err(1062, 'Duplicate entry ann@x.org')]);
      peer.clientPackets();
      peer.query('show warnings');
      const [, level] = peer.clientPackets();
      const column = decodeColumnDefinition41(level![1], mariadbFlags !== 0);
      expect([column.name, column.type]).toEqual(['Level', TYPE.varString]);
    }
  });

  it('puts an error in place of a result whose origin is unknown and reads it to its end', () => {
    const peer = new ScriptedRelay(masking);
    peer.query('select max(email) from customers');
    const expression = columnPacket({ schema: '', table: '', orgTable: '', orgName: '' });
    peer.upstreamSays(textResult([expression], [textRow('zoe@x.org')], MORE));
    expect(peer.clientPackets()).toEqual([]);
    peer.upstreamSays(textResult([expression], [textRow('2')]), 6);
    const packets = peer.clientPackets();
    expect(packets.map(([sequence, payload]) => [sequence, payload.readUInt16LE(1)])).toEqual([[1, 1142]]);
    expect(peer.finished.map(({ result, code }) => [result, code])).toEqual([
      ['denied', 'masked-origin-unknown'],
    ]);
  });

  it('redacts errors that may quote values', () => {
    const peer = new ScriptedRelay(masking);
    peer.query('insert customers');
    peer.upstreamSays([err(1062, "Duplicate entry 'ann@x.org'")]);
    const [[, payload]] = peer.clientPackets() as [[number, Buffer]];
    expect(payload.readUInt16LE(1)).toBe(1062);
    expect(payload.toString('latin1')).not.toContain('ann@x.org');
  });

  it('shows no warnings of a protected statement, until another statement over tables has run', () => {
    let policy: Obligations = MASKED;
    const peer = new ScriptedRelay({ policy: () => policy });
    peer.query('select email from customers');
    peer.upstreamSays(textResult([columnPacket()], []));
    policy = NO_OBLIGATIONS;
    peer.query('select 1');
    peer.upstreamSays([OK]);
    peer.takeClient();
    peer.takeUpstream();
    peer.query('show warnings');
    expect(peer.upstreamPackets()).toEqual([]);
    expect(peer.clientPackets().map(([sequence]) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    peer.query('select id from customers');
    peer.upstreamSays([OK]);
    peer.takeUpstream();
    peer.query('show warnings');
    expect(peer.upstreamPackets()).toHaveLength(1);
  });

  it('refuses warnings in the same text as a protected statement', () => {
    const peer = new ScriptedRelay(masking);
    peer.query('select email from customers; show warnings');
    expect(peer.upstreamPackets()).toEqual([]);
    expect(peer.finished[0]!.result).toBe('denied');
  });

  it('cuts a result at a row with masks that is larger than one packet', () => {
    const peer = new ScriptedRelay({ ...masking, limits: { wholeFrameBytes: 1024, maxFrameBytes: 1 << 30 } });
    peer.query('select email from customers');
    peer.upstreamBytes(
      Buffer.concat([
        encodePacket(1, Buffer.of(1)),
        encodePacket(2, columnPacket()),
        encodePacket(3, EOF),
        encodePacket(4, Buffer.alloc(FULL_PAYLOAD_BYTES + 5, 0x61)),
        encodePacket(6, EOF),
      ]),
    );
    expect(peer.clientPackets().map(([sequence]) => sequence)).toEqual([1, 2, 3, 4]);
    expect(peer.finished.map(({ result, code }) => [result, code])).toEqual([
      ['cut', 'masked-row-too-large'],
    ]);
  });
});

describe('limits', () => {
  it('cuts rows above the limit with an error in place of the end', () => {
    const peer = new ScriptedRelay(limited(2));
    peer.query('select 1');
    peer.upstreamSays(textResult([columnPacket()], [textRow('1'), textRow('2'), textRow('3'), textRow('4')]));
    const packets = peer.clientPackets();
    expect(packets.map(([sequence]) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(packets.at(-1)![1].readUInt16LE(1)).toBe(1104);
    expect(peer.finished.map(({ result, running }) => [result, running.rows])).toEqual([['cut', 2]]);
    expect(peer.cancels).toBe(0);
  });

  it('leaves a result of exactly the limit alone', () => {
    const peer = new ScriptedRelay(limited(1));
    peer.query('select 1');
    peer.upstreamSays(textResult([columnPacket()], [textRow('1')]));
    expect(peer.finished[0]!.result).toBe('ok');
  });

  it('asks for a cancel when much more than the limit comes', () => {
    const peer = new ScriptedRelay(limited(1));
    peer.query('select 1');
    peer.upstreamSays([
      Buffer.of(1),
      columnPacket(),
      EOF,
      ...Array.from({ length: 140 }, () => textRow('1')),
    ]);
    expect(peer.cancels).toBe(1);
    expect(peer.relay.cancelPlan()).toEqual({ via: 'own-connection', question: { sql: 'KILL QUERY 4711' } });
  });

  it('withholds what comes after the time limit and says so at the end', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1');
    peer.upstreamSays([Buffer.of(1), columnPacket(), EOF, textRow('1')]);
    peer.relay.expire(peer.running[0]!, new GatewayError('timeout', 'seconds-limit', 'slow'), peer);
    expect(peer.cancels).toBe(1);
    peer.upstreamSays([textRow('2'), err(1317, 'interrupted')], 5);
    const packets = peer.clientPackets();
    expect(packets.map(([sequence]) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(packets.at(-1)![1].readUInt16LE(1)).toBe(3024);
    expect(peer.finished.map(({ result }) => result)).toEqual(['cut']);
  });

  it('does not cancel what runs when a statement behind it expires', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1');
    peer.query('select 2');
    peer.relay.expire(peer.running[1]!, new GatewayError('timeout', 'seconds-limit', 'slow'), peer);
    expect(peer.cancels).toBe(0);
    peer.upstreamSays([OK]);
    peer.upstreamSays([OK]);
    expect(peer.finished.map(({ result }) => result)).toEqual(['ok', 'cut']);
  });
});
