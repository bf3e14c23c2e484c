import { type FieldMask, GatewayError, known, NO_OBLIGATIONS, type Obligations } from '@gatehouse/model';
import type { AnalyzedText } from '@gatehouse/sql';
import { WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { encodePacket } from './codec/packet.ts';
import { FULL_PAYLOAD_BYTES } from './codec/packet-codec.ts';
import { CAPABILITY, MARIADB_CAPABILITY } from './messages/capability-flags.ts';
import { decodeColumnDefinition41 } from './messages/column-definition-41.ts';
import { TYPE } from './messages/column-type.ts';
import { COMMAND } from './messages/command.ts';
import { encodeOkPacket } from './messages/ok-packet.ts';
import {
  columnPacket,
  EOF,
  eof,
  err,
  executeArgument,
  idArgument,
  OK,
  ok,
  prepareOk,
  textResult,
  textRow,
} from './testing/packets.ts';
import { BASE_FLAGS, FAKE_ANALYZER, packetsIn, ScriptedRelay } from './testing/scripted-relay.ts';

const MARIADB = { version: '10.11.1-MariaDB', details: {} };
const MYSQL = { version: '8.4.0', details: {} };
const MORE = 2 | 8;
const CURSOR = 2 | 0x40;
const PINS_COLUMNS = Array.from({ length: 5 }, () => columnPacket());
const DENIED_ERR = '\xff\x76\x04#42000gatehouse: no';

function pins(database: string | null, sqlMode = ''): Buffer[] {
  return textResult(PINS_COLUMNS, [textRow('4711', database, sqlMode, 'utf8mb4', 'utf8mb4')]);
}

const EMAIL_MASK: FieldMask = {
  object: { kind: 'relation', path: ['shop', 'customers'] },
  field: 'email',
  masker: { kind: 'redact' },
  rule: { policy: 'pii', rule: 'r' },
};
const MASKED: Obligations = { ...NO_OBLIGATIONS, masks: [EMAIL_MASK], redactDiagnostics: true };
const masking = { policy: () => MASKED };

function limited(rows: number) {
  return { policy: (): Obligations => ({ ...NO_OBLIGATIONS, limits: { rows } }) };
}

function words(packets: [number, Buffer][]): [number, string][] {
  return packets.map(([sequence, payload]) => [sequence, payload.toString('latin1')]);
}

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

describe('session state', () => {
  it('asks the upstream for its database after USE, shows nothing of it, and lets later commands wait', async () => {
    const peer = new ScriptedRelay();
    peer.query('use other');
    peer.query('select 2');
    expect(peer.upstreamPackets()).toHaveLength(1);
    peer.upstreamSays([OK]);
    expect(words(peer.upstreamPackets())[0]![1]).toContain('select connection_id(), database()');
    expect(peer.clientPackets()).toHaveLength(1);
    peer.upstreamSays(pins('other'));
    await peer.turn();
    expect(peer.clientPackets()).toEqual([]);
    expect(peer.session.database).toBe('other');
    expect(words(peer.upstreamPackets())).toEqual([[0, '\x03select 2']]);
  });

  it('sets the pins again after COM_RESET_CONNECTION and removes modes that came back', async () => {
    const peer = new ScriptedRelay();
    peer.command(COMMAND.resetConnection);
    peer.upstreamSays([ok(2 | 0x200)]);
    peer.takeUpstream();
    peer.upstreamSays(pins('shop', 'ANSI_QUOTES,STRICT_TRANS_TABLES'));
    expect(words(peer.upstreamPackets())).toEqual([[0, "\x03set session sql_mode = 'STRICT_TRANS_TABLES'"]]);
    peer.upstreamSays([OK]);
    peer.upstreamSays(pins('shop', 'STRICT_TRANS_TABLES'));
    peer.query('select 1');
    expect(words(peer.upstreamPackets()).at(-1)).toEqual([0, '\x03select 1']);
    expect(peer.clientPackets()).toHaveLength(1);
  });

  it('lets a kept setting come back, and asks what it was before it reads on', async () => {
    const peer = new ScriptedRelay();
    peer.query('set sql_mode=@old');
    peer.query('select 2');
    expect(words(peer.upstreamPackets())).toEqual([[0, '\x03set sql_mode=@old']]);
    peer.upstreamSays([OK]);
    expect(words(peer.upstreamPackets())[0]![1]).toContain('@@session.sql_mode');
    peer.upstreamSays(pins('shop', 'IGNORE_SPACE,NO_ZERO_DATE'));
    expect(words(peer.upstreamPackets())).toEqual([[0, "\x03set session sql_mode = 'NO_ZERO_DATE'"]]);
    peer.upstreamSays([OK]);
    peer.upstreamPackets();
    peer.upstreamSays(pins('shop', 'NO_ZERO_DATE'));
    await peer.turn();
    expect(words(peer.upstreamPackets())).toEqual([[0, '\x03select 2']]);
  });

  it('lets no kept setting come back where more stands in the same text', () => {
    for (const text of ['set sql_mode=@old; select 1', 'select 1; set sql_mode=@old']) {
      const peer = new ScriptedRelay({ policy: () => NO_OBLIGATIONS });
      peer.query(text);
      expect(peer.upstreamPackets()).toEqual([]);
      expect(peer.clientPackets()[0]![1].readUInt16LE(1)).toBe(1142);
    }
  });

  it('ends the session when the upstream reports NO_BACKSLASH_ESCAPES or ANSI_QUOTES', () => {
    for (const bit of [0x200, 0x8000]) {
      const peer = new ScriptedRelay();
      peer.query('select 1');
      expect(() => peer.upstreamSays([ok(2 | bit)])).toThrow(GatewayError);
    }
  });

  it('sets the pins again behind a routine, which may have changed them unseen', () => {
    const peer = new ScriptedRelay();
    peer.query('call p()');
    peer.upstreamSays([OK]);
    expect(words(peer.upstreamPackets())[1]![1]).toContain('@@session.sql_mode');
  });

  it('waits for an analyzer that answers later, and denies when it does not answer in time', async () => {
    const late = {
      ...FAKE_ANALYZER,
      analyze: async (...given: Parameters<typeof FAKE_ANALYZER.analyze>) => FAKE_ANALYZER.analyze(...given),
    };
    const peer = new ScriptedRelay({ analyzer: late });
    peer.query('select 1');
    expect(peer.requests).toEqual([]);
    await peer.turn();
    expect(peer.upstreamPackets()).toHaveLength(1);
    const never = new ScriptedRelay({
      analyzer: { ...FAKE_ANALYZER, analyze: () => new Promise(() => undefined) },
    });
    never.query('select 1');
    never.wake();
    expect(never.requests[0]!.statements[0]!.accesses.known).toBe(false);
    expect(never.upstreamPackets()).toEqual([]);
  });

  it('looks for names that it does not know in a fresh catalog, except for its own temporary tables', async () => {
    const object = known({ kind: 'relation' as const, path: ['shop', 'inbox'] });
    const analyzer: SqlAnalyzer<object> = {
      ...FAKE_ANALYZER,
      analyze(text, context) {
        const analysis = FAKE_ANALYZER.analyze(text, context) as AnalyzedText;
        if (!text.startsWith('create')) return { ...analysis, missing: ['shop.inbox'] };
        const [made] = analysis.statements;
        const accesses = known([{ action: 'define' as const, object, fields: known([]) }]);
        const effects = [{ kind: 'schema-change' as const, temporary: true }];
        return { ...analysis, statements: [{ ...made!, effects, facts: { ...made!.facts, accesses } }] };
      },
    };
    const peer = new ScriptedRelay({ analyzer });
    peer.query('insert 1');
    expect(peer.upstreamPackets()).toEqual([]);
    await peer.turn();
    expect(peer.upstreamPackets()).toHaveLength(1);
    peer.upstreamSays([OK]);
    peer.query('create temporary table inbox');
    peer.upstreamSays([OK]);
    peer.query('insert 2');
    expect(words(peer.upstreamPackets()).at(-1)![1]).toBe('\x03insert 2');
    expect(peer.catalogChanges).toBe(0);
  });

  it('waits for a fresh catalog after a change of objects', async () => {
    const peer = new ScriptedRelay();
    peer.query('create table x');
    peer.upstreamSays([OK]);
    expect(peer.catalogChanges).toBe(1);
    peer.takeUpstream();
    peer.query('select 1');
    expect(peer.upstreamPackets()).toEqual([]);
    await peer.turn();
    expect(peer.upstreamPackets()).toHaveLength(1);
  });

  it('decides EXECUTE by what was prepared, and knows nothing of other names', async () => {
    const peer = new ScriptedRelay();
    peer.query("prepare p from 'update customers'");
    peer.upstreamSays([OK]);
    peer.query('execute p');
    expect(peer.requests.at(-1)!.statements[0]).toMatchObject({ verb: 'update', accesses: { known: true } });
    peer.upstreamSays([OK]);
    peer.takeClient();
    peer.query('execute q');
    expect(peer.requests.at(-1)!.statements[0]!.accesses.known).toBe(false);
    expect(words(peer.clientPackets())).toEqual([[1, DENIED_ERR]]);
  });

  it('reads names behind a USE in the same text as unknown', () => {
    const peer = new ScriptedRelay();
    peer.query('use other; select customers');
    expect(peer.requests[0]!.statements.map(({ accesses }) => accesses.known)).toEqual([true, false]);
  });
});

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

describe('any bytes', () => {
  it('ends in a WireError or GatewayError at worst, and never forwards what was not decided', () => {
    const side = fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 40 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(side, { maxLength: 12 }), (steps) => {
        const peer = new ScriptedRelay({ policy: () => new GatewayError('denied', 'x', 'no') });
        try {
          for (const [fromClient, bytes, framed] of steps) {
            const chunk = framed ? encodePacket(0, Buffer.from(bytes)) : Buffer.from(bytes);
            if (fromClient) peer.clientBytes(chunk);
            else peer.upstreamBytes(chunk);
          }
        } catch (error) {
          expect(error instanceof WireError || error instanceof GatewayError).toBe(true);
        }
        for (const [, payload] of packetsIn(peer.takeUpstream()))
          expect([COMMAND.ping, COMMAND.setOption]).toContain(payload[0]);
      }),
      { numRuns: 1000 },
    );
  });
});
