import { type Document, MongoClient } from 'mongodb';
import { clientTls, type OwnConnection, type OwnConnectionOptions } from './own-connection.ts';

/** Own connection through the official driver; a question is `{ database?, command }` and the reply document comes back. */
export function openMongodb(options: OwnConnectionOptions): OwnConnection {
  const tls = clientTls(options);
  const client = new MongoClient(`mongodb://${options.host}:${options.port}/`, {
    auth: { username: options.user, password: options.password },
    authSource: 'admin',
    directConnection: true,
    maxPoolSize: 2,
    serverSelectionTimeoutMS: 10_000,
    appName: 'gatehouse',
    ...(tls === undefined ? {} : { tls: true, ...tls }),
  });
  return {
    ask: async (question) => {
      const { database, command } = commandOf(question);
      return client.db(database ?? options.database).command(command);
    },
    close: () => client.close(),
  };
}

function commandOf(question: unknown): { readonly database?: string; readonly command: Document } {
  if (typeof question === 'object' && question !== null && 'command' in question) {
    return question as { readonly database?: string; readonly command: Document };
  }
  throw new TypeError('expected a question with `command`');
}
