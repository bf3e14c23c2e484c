import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type ListenerTls, tlsServerEndPoint } from '@gatehouse/gateway';
import { GatewayError } from '@gatehouse/model';

/** The listener's certificate from PEM texts; throws `tls-material-invalid` without showing the key. */
export function readTlsMaterial(cert: string, key: string): ListenerTls {
  try {
    return {
      context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
      serverEndPoint: tlsServerEndPoint(new X509Certificate(cert).raw),
    };
  } catch (cause) {
    throw new GatewayError(
      'config',
      'tls-material-invalid',
      'the certificate or its key is not valid PEM, or they do not belong together',
      { cause },
    );
  }
}
