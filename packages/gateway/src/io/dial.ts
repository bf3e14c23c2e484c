import { connect, type Socket } from 'node:net';
import { GatewayError } from '@gatehouse/model';

/** Opens a TCP connection; rejects with `upstream-unreachable` (never naming the address to clients) or when aborted. */
export function dial(host: string, port: number, timeoutMs: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(
        new GatewayError(
          'unavailable',
          'upstream-unreachable',
          'the database behind the gateway cannot be reached',
          {
            retry: 'safe',
            cause,
          },
        ),
      );
    };
    const timer = setTimeout(() => fail(new Error('connect timed out')), timeoutMs);
    const aborted = (): void => fail(signal?.reason);
    signal?.addEventListener('abort', aborted, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    socket.once('connect', () => {
      settle();
      socket.off('error', fail);
      resolve(socket);
    });
    socket.once('error', (error) => {
      settle();
      fail(error);
    });
  });
}
