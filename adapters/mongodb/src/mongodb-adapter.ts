import type {
  Adapter,
  Ask,
  CatalogHolder,
  DialectSession,
  ServerFacts,
  SessionServices,
} from '@gatehouse/adapter';
import { ObjectId, serialize } from 'bson';
import { type MongodbCatalog, readCollections, type View } from './classify/catalog.ts';
import { MessageCodec } from './codec/message-codec.ts';
import { type LoginNotes, MongoClientLogin } from './handshake/client-login.ts';
import { helloReply } from './handshake/hello-reply.ts';
import { MongoUpstreamLogin } from './handshake/upstream-login.ts';
import type { Command } from './messages/command.ts';
import { MongoRelay } from './respond/mongo-relay.ts';
import { OpenWork } from './respond/open-work.ts';
import { createReplyWriter } from './respond/reply-writer.ts';

/**
 * MongoDB's wire protocol (OP_MSG; OP_QUERY for the first hello only). Questions on the gateway's own
 * connection are `{ database?, command }`, answered with the reply document.
 */
export function createMongodbAdapter(): Adapter<MongodbCatalog> {
  // One for each database; a holder lives as long as its database does.
  const openWork = new WeakMap<CatalogHolder<MongodbCatalog>, OpenWork>();
  const serviceId = new ObjectId();
  const openWorkOf = (catalog: CatalogHolder<MongodbCatalog>): OpenWork => {
    const found = openWork.get(catalog) ?? new OpenWork();
    openWork.set(catalog, found);
    return found;
  };
  return {
    dialect: 'mongodb',
    capabilities: {
      maskers: ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'],
      limits: ['rows', 'seconds'],
      redactDiagnostics: true,
      idleBeforeLogin: true,
    },
    createSession: (services) => createSession(services, serviceId, openWorkOf),
    loadCatalog,
    readServerFacts,
  };
}

function createSession(
  services: SessionServices,
  serviceId: ObjectId,
  openWorkOf: (catalog: CatalogHolder<MongodbCatalog>) => OpenWork,
): DialectSession<MongodbCatalog> {
  let requestId = 0;
  const notes: LoginNotes = {
    application: undefined,
    expectsEmptyExchange: false,
    // Own numbers are negative, so that they are never taken for the client's.
    nextRequestId: () => {
      requestId = requestId <= -0x7fffffff ? -1 : requestId - 1;
      return requestId;
    },
  };
  const hello = (command: Pick<Command, 'name' | 'fields'>) => helloReply(services, serviceId, command);
  const clientCodec = new MessageCodec(services.limits, {
    mayStartWithTls: services.tlsAvailable,
    isTrusted: false,
  });
  return {
    clientCodec,
    upstreamCodec: new MessageCodec(services.limits, { mayStartWithTls: false, isTrusted: true }),
    clientLogin: new MongoClientLogin(services, notes, hello),
    openUpstream: (target) => new MongoUpstreamLogin(target, notes.nextRequestId),
    openRelay: ({ principal }, catalog) => {
      clientCodec.trust();
      return new MongoRelay({
        principal,
        notes,
        catalog,
        openWork: openWorkOf(catalog),
        replyWriter: createReplyWriter(services.maskingKey),
        hello,
      });
    },
  };
}

/** Reads the collections and views of every database. */
async function loadCatalog(ask: Ask): Promise<MongodbCatalog> {
  const list = (await ask({
    database: 'admin',
    command: { listDatabases: 1, nameOnly: true },
  })) as DatabaseList;
  const views = new Map<string, View>();
  const collections = new Set<string>();
  const unread = new Set<string>();
  for (const { name } of list.databases) {
    const reply = await ask({
      database: name,
      command: { listCollections: 1, cursor: { batchSize: MAX_COLLECTIONS } },
    });
    // Pipelines are kept as BSON values: an object would lose the order of keys that look like numbers.
    const found = readCollections(name, Buffer.from(serialize(reply as object, { ignoreUndefined: false })));
    if (found === null) unread.add(name);
    for (const [view, definition] of found?.views ?? []) views.set(view, definition);
    for (const collection of found?.collections ?? []) collections.add(collection);
  }
  return { views, collections, unread };
}

interface DatabaseList {
  readonly databases: readonly { readonly name: string }[];
}

async function readServerFacts(ask: Ask): Promise<ServerFacts> {
  const hello = (await ask({ database: 'admin', command: { hello: 1 } })) as Readonly<
    Record<string, unknown>
  >;
  const build = (await ask({ database: 'admin', command: { buildInfo: 1 } })) as {
    readonly version?: string;
  };
  return {
    version: build.version ?? '0',
    details: {
      minWireVersion: hello['minWireVersion'],
      maxWireVersion: hello['maxWireVersion'],
      hasSessions: hello['setName'] !== undefined || hello['msg'] === 'isdbgrid',
    },
  };
}

const MAX_COLLECTIONS = 100_000;
