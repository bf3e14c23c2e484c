import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { createAuthority } from './certificate.ts';

test('signs identities that OpenSSL reads and traces to the authority', () => {
  const authority = createAuthority('Test authority');
  const root = new X509Certificate(authority.certificate);
  const leaf = new X509Certificate(authority.issue(['localhost', '127.0.0.1', 'a.example']).certificate);
  expect(root.subject).toBe('CN=Test authority');
  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, DNS:a.example');
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.verify(new X509Certificate(createAuthority('Test authority').certificate).publicKey)).toBe(
    false,
  );
});

// One serial number in 512 begins with a zero byte that DER does not allow; a server then does not start.
test('signs nothing that OpenSSL refuses, whatever serial number comes', () => {
  const authority = createAuthority('Test authority');
  for (let count = 0; count < 3_000; count++)
    expect(new X509Certificate(authority.issue(['localhost']).certificate).ca).toBe(false);
});

test('makes an identity that a TLS client with full verification accepts, and only under its names', async () => {
  const authority = createAuthority('Test authority');
  const identity = authority.issue(['localhost', '127.0.0.1']);
  const server = createServer({ cert: identity.certificate, key: identity.key }, (socket) =>
    socket.end('hello'),
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const attempt = async (servername: string, ca: string) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca });
    try {
      await once(socket, 'secureConnect');
      return 'accepted';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    } finally {
      socket.destroy();
    }
  };
  expect(await attempt('localhost', authority.certificate)).toBe('accepted');
  expect(await attempt('elsewhere.example', authority.certificate)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await attempt('localhost', createAuthority('Other').certificate)).not.toBe('accepted');
  server.close();
});
