import { saslprep } from '@mongodb-js/saslprep';

/**
 * Prepares a password for SCRAM as servers do it: SASLprep (RFC 4013), and the text unchanged where
 * SASLprep refuses it (prohibited or unassigned code points), because that is what the servers which
 * accept such passwords store.
 */
export function prepareSecret(secret: string): string {
  try {
    return saslprep(secret);
  } catch {
    return secret;
  }
}
