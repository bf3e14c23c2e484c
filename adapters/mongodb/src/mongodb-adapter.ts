import type { Adapter, Ask, DialectSession, ServerFacts, SessionServices } from '@gatehouse/adapter';
import { serialize } from 'bson';
import { type MongodbCatalog, readViews, type View } from './classify/catalog.ts';
import { MessageCodec } from './codec/message-codec.ts';
import { type LoginNotes, MongoClientLogin } from './handshake/client-login.ts';
import { MongoUpstreamLogin } from './handshake/upstream-login.ts';
import { MongoRelay } from './respond/mongo-relay.ts';

/**
 * MongoDB's wire protocol (OP_MSG; OP_QUERY for the first hello only). Questions on the gateway's own
 * connection are `{ database?, command }`, answered with the reply document.
 */
export function createMongodbAdapter(): Adapter<MongodbCatalog> {
  return {
    dialect: 'mongodb',
    capabilities: {
      maskers: ['null', 'redact', 'partial', 'hash', 'token', 'round', 'year', 'zero'],
      limits: ['rows', 'seconds'],
      redactDiagnostics: true,
      idleBeforeLogin: true,
    },
    createSession,
    loadCatalog,
    readServerFacts,
  };
}

function createSession(services: SessionServices): DialectSession<MongodbCatalog> {
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
  return {
    clientCodec: new MessageCodec(services.limits, services.tlsAvailable),
    upstreamCodec: new MessageCodec(services.limits, false),
    clientLogin: new MongoClientLogin(services, notes),
    openUpstream: (target) => new MongoUpstreamLogin(target, notes.nextRequestId),
    openRelay: (_admission, catalog) => new MongoRelay(services, notes, catalog),
  };
}

/** Reads the views of every database; other objects are collections. */
async function loadCatalog(ask: Ask): Promise<MongodbCatalog> {
  const list = (await ask({
    database: 'admin',
    command: { listDatabases: 1, nameOnly: true },
  })) as DatabaseList;
  const views = new Map<string, View>();
  const databases = new Set<string>();
  for (const { name } of list.databases) {
    const reply = await ask({
      database: name,
      command: { listCollections: 1, filter: { type: 'view' }, cursor: { batchSize: MAX_VIEWS } },
    });
    // Pipelines are kept as BSON values: an object would lose the order of keys that look like numbers.
    for (const [view, definition] of readViews(name, Buffer.from(serialize(reply as object))))
      views.set(view, definition);
    databases.add(name);
  }
  return { views, databases };
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

const MAX_VIEWS = 10_000;
