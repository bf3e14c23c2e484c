import { GatewayError } from '@gatehouse/model';
import { WireError } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket } from './codec/packet.ts';
import { COMMAND } from './messages/command.ts';
import { packetsIn, ScriptedRelay } from './testing/scripted-relay.ts';

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
