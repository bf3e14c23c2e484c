import { createServer, type Server, type ServerResponse } from 'node:http';
import { GatewayError } from '@gatehouse/model';
import type { GatewayMetrics } from './metrics.ts';

export interface Health {
  readonly ok: boolean;
  /** One entry for each part that was looked at; `detail` is for people and holds no secret. */
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>;
}

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: GatewayMetrics;
  health(): Health;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` (200 or 503, JSON) and `/metrics` (Prometheus text) on a port of its own. */
export function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      send(response, 405, 'text/plain', 'only GET\n');
    else if (path === '/healthz') sendHealth(response, options.health());
    else if (path === '/metrics') sendMetrics(response, options.metrics);
    else send(response, 404, 'text/plain', 'try /healthz or /metrics\n');
  });
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new GatewayError(
          'config',
          'listen-failed',
          `the admin server cannot listen on ${options.host}:${options.port}`,
          { cause },
        ),
      ),
    );
    server.listen({ host: options.host, port: options.port }, () => resolve(opened(server)));
  });
}

function opened(server: Server): AdminServer {
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendHealth(response: ServerResponse, health: Health): void {
  send(response, health.ok ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`);
}

function sendMetrics(response: ServerResponse, { registry }: GatewayMetrics): void {
  registry.metrics().then(
    (text) => send(response, 200, registry.contentType, text),
    () => send(response, 500, 'text/plain', 'metrics failed\n'),
  );
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
