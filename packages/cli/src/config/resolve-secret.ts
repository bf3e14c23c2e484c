import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { GatewayError } from '@gatehouse/model';

/**
 * The value behind `env:NAME` or `file:PATH`. A trailing newline of a file is not part of the secret.
 * Throws `secret-missing`, naming the reference and never the value.
 */
export function resolveSecret(reference: string, folder: string): string {
  const value = reference.startsWith('env:')
    ? process.env[reference.slice(4)]
    : readSecretFile(reference, folder);
  if (value === undefined || value === '') {
    throw new GatewayError('config', 'secret-missing', `secret \`${reference}\` is not set or empty`);
  }
  return value;
}

function readSecretFile(reference: string, folder: string): string | undefined {
  try {
    return readFileSync(resolve(folder, reference.slice('file:'.length)), 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}
