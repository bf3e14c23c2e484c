/** A port in front of another one that can fall silent, as behind a firewall that drops everything. */

import type { AddressInfo } from 'node:net';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export class BlockablePort {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #blocked = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(host: string, port: number): Promise<BlockablePort> {
    const server = createServer({ pauseOnConnect: true });
    const opened = new BlockablePort(server);
    server.on('connection', (client) => opened.#join(client, createConnection(port, host)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return opened;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on nothing passes in either direction, and nobody is told. */
  block(): void {
    this.#blocked = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** What was held back passes now. */
  unblock(): void {
    this.#blocked = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#blocked) from.pause();
      else from.resume();
    }
  }
}
