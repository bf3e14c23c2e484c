import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { placeEmptyStore } from '@gatehouse/audit/testkit';
import { type Demo, parseConfig, type Running, serve } from '@gatehouse/cli';
import { createAuthority } from '@gatehouse/fleet';
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { openStage } from '../stage/open-stage.ts';
import { allowAllPolicies } from '../stage/policies.ts';

/**
 * A gateway whose MongoDB speaks TLS: in front of the real server stands an end of TLS with a certificate for
 * `localhost`, so that what the gateway sends there and whom it trusts is the same as with a server of its own.
 */
describe('MongoDB behind TLS', () => {
  const authority = createAuthority('servers');
  let stage: Demo;
  let end: Server;
  let running: Running | null = null;

  beforeAll(async () => {
    stage = await openStage({ need: ['mongodb'], policies: allowAllPolicies(), upstreamAs: 'owner' });
    const { host, port } = stage.fleet.mongodb!;
    const { certificate, key } = authority.issue(['localhost']);
    end = createServer({ cert: certificate, key }, (socket) => {
      const server = connect(port, host);
      socket.on('error', () => server.destroy()).on('close', () => server.destroy());
      server.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.pipe(server).pipe(socket);
    });
    end.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => end.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await running?.close();
    running = null;
  });

  afterAll(async () => {
    end?.close();
    await stage?.close();
  });

  /** A second gateway beside the stage's, with its tokens, to the same server by another way. */
  async function open(tls: { readonly mode: string; readonly ca?: string }): Promise<string> {
    const folder = stage.folder;
    const config = parse(readFileSync(join(folder, 'gatehouse.yaml'), 'utf8'));
    const [database] = config.databases;
    Object.assign(database.upstream, { host: 'localhost', port: (end.address() as AddressInfo).port, tls });
    const data = join(folder, 'data2');
    if (!existsSync(data)) await placeEmptyStore(join(data, 'store'));
    cpSync(join(folder, 'data', 'tokens.json'), join(data, 'tokens.json'));
    writeFileSync(join(folder, 'servers.pem'), authority.certificate);
    const parsed = parseConfig(
      stringify({ ...config, dataDir: './data2', audit: {} }),
      join(folder, 'second.yaml'),
    );
    if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
    running = await serve(parsed, pino({ level: 'silent' }));
    return `mongodb://ana:${stage.token('ana')}@127.0.0.1:${running.gateway.listeners[0]!.port}/?authSource=admin`;
  }

  async function count(uri: string): Promise<number | string> {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 });
    try {
      return await client.db('support').collection('tickets').countDocuments({});
    } catch (error) {
      return (error as Error).message;
    } finally {
      await client.close();
    }
  }

  it.each(['verify-full', 'verify-ca'])('is reached under %s', async (mode) => {
    const direct = await count(stage.fleet.mongodb!.url);
    expect(direct).toBeGreaterThan(0);
    expect(await count(await open({ mode, ca: 'file:servers.pem' }))).toBe(direct);
  });

  it('is not talked to when its certificate is not of the authority that was named', async () => {
    writeFileSync(join(stage.folder, 'others.pem'), createAuthority('others').certificate);
    const answer = await count(await open({ mode: 'verify-full', ca: 'file:others.pem' }));
    expect(answer).toMatch(/database|upstream|certificate/);
  });
});
