import { GatewayError, NO_OBLIGATIONS } from '@gatehouse/model';
import { WireError } from '@gatehouse/wire';
import { describe, expect, it } from 'vitest';
import { encodePacket } from './codec/packet.ts';
import { COMMAND } from './messages/command.ts';
import { columnPacket, EOF, err, idArgument, OK } from './testing/packets.ts';
import { words } from './testing/relay-scenes.ts';
import { ScriptedRelay } from './testing/scripted-relay.ts';

describe('commands', () => {
  const OWN_MEANING: readonly (keyof typeof COMMAND)[] = [
    'quit',
    'query',
    'initDb',
    'fieldList',
    'processInfo',
    'processKill',
    'stmtPrepare',
    'stmtExecute',
    'stmtFetch',
    'stmtSendLongData',
    'stmtClose',
    'stmtReset',
    'ping',
    'setOption',
    'statistics',
    'resetConnection',
    'changeUser',
  ];
  const refused = Object.entries(COMMAND).filter(
    ([name]) => !OWN_MEANING.includes(name as keyof typeof COMMAND),
  );

  it.each([...refused, ['a byte that is no command', 0xee]] as [string, number][])(
    'refuses %s with 1047 whatever policy says, and shows it to the policy as unknown',
    (_name, byte) => {
      for (const policy of [() => NO_OBLIGATIONS, () => new GatewayError('denied', 'x', 'no')]) {
        const peer = new ScriptedRelay({ policy });
        peer.command(byte, Buffer.alloc(20));
        expect(peer.requests[0]!.statements[0]!.accesses.known).toBe(false);
        expect(peer.upstreamPackets()).toEqual([]);
        expect(peer.clientPackets().map(([, payload]) => payload.readUInt16LE(1))).toEqual([1047]);
      }
    },
  );

  it('passes PING and SET_OPTION and keeps their place in the queue', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.ping);
    peer.command(COMMAND.setOption, Buffer.of(0, 0));
    peer.query('select secret');
    expect(peer.clientPackets()).toEqual([]);
    peer.upstreamSays([OK]);
    peer.upstreamSays([EOF]);
    expect(peer.clientPackets()).toHaveLength(3);
  });

  it('decides COM_INIT_DB as USE, with the name quoted', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.initDb, 'a`b');
    expect(peer.requests[0]!.text()).toBe('use `a``b`');
    expect(words(peer.upstreamPackets())).toEqual([[0, '\x02a`b']]);
  });

  it('decides COM_FIELD_LIST as SHOW COLUMNS and relays its columns', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.fieldList, 'customers\0');
    expect(peer.requests[0]!.text()).toBe('show columns from `customers`');
    peer.upstreamSays([columnPacket(), columnPacket(), EOF]);
    expect(peer.clientPackets()).toHaveLength(3);
    expect(peer.relay.isIdle()).toBe(true);
  });

  it("kills by the gateway's own numbers and sends no KILL upstream", () => {
    const asked: unknown[] = [];
    const peer = new ScriptedRelay({
      cancelSession: (id, how) => {
        asked.push([id, how]);
        return id === 5 ? 'asked' : id === 6 ? 'not-permitted' : 'unknown-session';
      },
    });
    peer.query('kill query 5');
    peer.query('KILL 6;');
    peer.command(COMMAND.processKill, idArgument(7));
    peer.query('kill user root');
    expect(asked).toEqual([
      [5, 'statement'],
      [6, 'connection'],
      [7, 'connection'],
    ]);
    expect(peer.upstreamPackets()).toEqual([]);
    const [okPacket, ...errors] = peer.clientPackets();
    expect(okPacket![1][0]).toBe(0);
    expect(errors.map(([, payload]) => payload.readUInt16LE(1))).toEqual([1095, 1094, 1235]);
  });

  it('asks for a new login on COM_CHANGE_USER and says goodbye on COM_QUIT', () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.changeUser, 'bob\0\0\0');
    peer.command(COMMAND.quit);
    expect([peer.relogin, peer.goodbye]).toEqual([true, true]);
  });

  it('ends the session for an empty command and for one out of order', () => {
    const empty = new ScriptedRelay();
    empty.clientBytes(encodePacket(0, Buffer.alloc(0)));
    expect(empty.violation?.code).toBe('malformed');
    const disordered = new ScriptedRelay();
    disordered.clientBytes(encodePacket(1, Buffer.from('\x03select 1')));
    expect(disordered.violation?.code).toBe('packet-out-of-order');
  });

  it('collects a text in pieces, and refuses one that is too long at its end', () => {
    const limits = { wholeFrameBytes: 1024, maxFrameBytes: 1 << 30 };
    const text = `select '${'x'.repeat(5000)}'`;
    const peer = new ScriptedRelay({ limits, byteByByte: true });
    peer.query(text);
    expect(peer.requests[0]!.text()).toBe(text);
    expect(words(peer.upstreamPackets())).toEqual([[0, `\x03${text}`]]);
    const long = new ScriptedRelay({ limits, options: { maxStatementBytes: 2000 }, byteByByte: true });
    long.query(text);
    long.query('select 1');
    expect(long.clientPackets().map(([, payload]) => payload.readUInt16LE(1))).toEqual([1153]);
    expect(long.upstreamPackets()).toHaveLength(1);
  });
});

describe('LOAD DATA LOCAL', () => {
  const WANTED = Buffer.from('\xfb/tmp/x', 'latin1');

  it('passes the file until its empty packet and then decides again', async () => {
    const peer = new ScriptedRelay();
    peer.query('load data local infile x');
    peer.upstreamSays([WANTED]);
    peer.takeUpstream();
    peer.clientBytes(
      Buffer.concat([encodePacket(2, Buffer.from('\x03select secret')), encodePacket(3, Buffer.alloc(0))]),
    );
    expect(peer.requests).toHaveLength(1);
    expect(peer.upstreamPackets()).toHaveLength(2);
    peer.upstreamSays([OK], 4);
    peer.query('select secret');
    expect(peer.requests).toHaveLength(2);
    expect(peer.upstreamPackets()).toEqual([]);
  });

  it('refuses a file request that the statement did not ask for', () => {
    const peer = new ScriptedRelay();
    peer.query('select 1');
    expect(() => peer.upstreamSays([WANTED])).toThrow(WireError);
    expect(peer.clientPackets()).toEqual([]);
  });

  it('ends the session when the upstream answers before the end of the file', () => {
    const peer = new ScriptedRelay();
    peer.query('load data local infile x');
    peer.upstreamSays([WANTED]);
    expect(() => peer.upstreamSays([err(1, 'x')], 2)).toThrow(WireError);
  });
});
