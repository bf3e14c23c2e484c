import { createServer } from 'node:net';

/**
 * Finds a TCP port on 127.0.0.1 that nobody listens on now.
 *
 * Another process may take it before the caller does; starters try again with another one.
 */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}
