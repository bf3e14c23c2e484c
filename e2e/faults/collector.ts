/** A collector of audit events over HTTP that can be made to fail; remembers which numbers it has taken. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Collector {
  readonly #server: Server;
  readonly #taken = new Set<number>();
  /** What it answers; a batch counts as taken with 200 only. */
  status = 200;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        if (collector.status === 200) collector.#take(body);
        response.writeHead(collector.status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** How many of the numbers 1 to `last` it does not have. */
  missing(last: number): number {
    let missing = 0;
    for (let seq = 1; seq <= last; seq += 1) if (!this.#taken.has(seq)) missing += 1;
    return missing;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(body: string): void {
    for (const line of body.trim().split('\n')) this.#taken.add(JSON.parse(line).metadata.sequence);
  }
}
