/**
 * A plain TCP relay as a process of its own: `node relay.mjs HOST PORT` prints the port that it listens on.
 *
 * Plain JavaScript, so that no loader stands between it and the figures.
 */
import { connect, createServer } from 'node:net';

const [host, port] = process.argv.slice(2);
const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host, port: Number(port), noDelay: true });
  client.pipe(upstream).pipe(client);
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ]) {
    socket.on('error', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
