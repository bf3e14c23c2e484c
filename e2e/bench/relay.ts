import { connect, createServer, type Server } from 'node:net';

/** A plain TCP relay in this process's own event loop: what any gateway in Node pays at least. Resolves with its port. */
export function openRelay(
  host: string,
  port: number,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host, port, noDelay: true });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({ port: (server.address() as { port: number }).port, server }),
    ),
  );
}

// Run as a process of its own: `relay.ts HOST PORT` prints the port that it listens on.
if (process.argv[2] !== undefined && process.argv[3] !== undefined && process.argv[1]?.endsWith('relay.ts')) {
  const { port } = await openRelay(process.argv[2], Number(process.argv[3]));
  process.stdout.write(`${port}\n`);
}
