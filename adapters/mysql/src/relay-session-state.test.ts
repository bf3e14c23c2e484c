import { GatewayError, known, NO_OBLIGATIONS } from '@gatehouse/model';
import type { AnalyzedText } from '@gatehouse/sql';
import { describe, expect, it } from 'vitest';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { COMMAND } from './messages/command.ts';
import { columnPacket, OK, ok, textResult, textRow } from './testing/packets.ts';
import { DENIED_ERR, words } from './testing/relay-scenes.ts';
import { FAKE_ANALYZER, ScriptedRelay } from './testing/scripted-relay.ts';

const PINS_COLUMNS = Array.from({ length: 5 }, () => columnPacket());

function pins(database: string | null, sqlMode = ''): Buffer[] {
  return textResult(PINS_COLUMNS, [textRow('4711', database, sqlMode, 'utf8mb4', 'utf8mb4')]);
}

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
