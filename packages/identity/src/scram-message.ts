/**
 * The messages of SCRAM (RFC 5802 section 7), parsed strictly.
 *
 * Everything that the grammar does not allow is null; so are an authorization identity (nobody logs
 * in here as somebody else), the mandatory extension `m=` and anything longer than the limit. One
 * deviation: an empty user name passes, because protocols which name the user elsewhere send none.
 */

/** The longest SCRAM message that is read, in UTF-16 units. */
const MAX_SCRAM_MESSAGE = 8192;

/** What the client says about channel binding: cannot, could but believes the server cannot, does. */
type BindingFlag = 'n' | 'y' | 'p';

export interface ClientFirst {
  readonly gs2Header: string;
  readonly flag: BindingFlag;
  /** The binding type when `flag` is `p`. */
  readonly bindingName: string | null;
  readonly bare: string;
  readonly user: string;
  readonly nonce: string;
}

interface ClientFinal {
  readonly withoutProof: string;
  readonly channelBinding: string;
  readonly nonce: string;
  readonly proof: Buffer;
}

interface ServerFirst {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

const GS2_HEADER = /^(?:([ny])|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,]*))?,/;
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,1024}$/;
const SASL_NAME = /^(?:[^=,\0]|=2C|=3D)*$/;
const EXTENSION = /^[A-Za-ln-z]=[^\0]/;

/** Parses client-first-message. */
export function parseClientFirst(text: string): ClientFirst | null {
  if (text.length > MAX_SCRAM_MESSAGE) return null;
  const header = GS2_HEADER.exec(text);
  // SECURITY: an authorization identity is refused, or a token of one principal could act as another.
  if (header === null || header[3] !== undefined) return null;
  const bare = text.slice(header[0].length);
  const [name, nonce, ...extensions] = bare.split(',');
  const user = name?.startsWith('n=') ? decodeSaslName(name.slice(2)) : null;
  if (user === null || !isNonceAttribute(nonce) || !extensions.every(isExtension)) return null;
  const flag = (header[1] ?? 'p') as BindingFlag;
  return { gs2Header: header[0], flag, bindingName: header[2] ?? null, bare, user, nonce: nonce.slice(2) };
}

/** Parses client-final-message. */
export function parseClientFinal(text: string): ClientFinal | null {
  const proofAt = text.lastIndexOf(',p=');
  if (text.length > MAX_SCRAM_MESSAGE || proofAt < 0) return null;
  const withoutProof = text.slice(0, proofAt);
  const [binding, nonce, ...extensions] = withoutProof.split(',');
  const proof = decodeBase64(text.slice(proofAt + 3));
  if (!binding?.startsWith('c=') || !isNonceAttribute(nonce) || !extensions.every(isExtension)) return null;
  if (proof?.length !== 32) return null;
  return { withoutProof, channelBinding: binding.slice(2), nonce: nonce.slice(2), proof };
}

/** Parses server-first-message; an iteration count is a positive integer without leading zeros. */
export function parseServerFirst(text: string): ServerFirst | null {
  if (text.length > MAX_SCRAM_MESSAGE) return null;
  const [nonce, salt, iterations, ...extensions] = text.split(',');
  if (!isNonceAttribute(nonce) || !salt?.startsWith('s=') || !extensions.every(isExtension)) return null;
  const saltBytes = decodeBase64(salt.slice(2));
  const count = /^i=([1-9][0-9]{0,9})$/.exec(iterations ?? '');
  if (saltBytes === null || saltBytes.length === 0 || count === null) return null;
  return { nonce: nonce.slice(2), salt: saltBytes, iterations: Number(count[1]) };
}

/** Parses server-final-message; null for the server's `e=` too. */
export function parseServerFinal(text: string): Buffer | null {
  if (text.length > MAX_SCRAM_MESSAGE || !text.startsWith('v=')) return null;
  const [signature, ...extensions] = text.slice(2).split(',');
  const bytes = decodeBase64(signature ?? '');
  return bytes?.length === 32 && extensions.every(isExtension) ? bytes : null;
}

/** Writes a user name as `saslname`. */
export function encodeSaslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function decodeSaslName(text: string): string | null {
  return SASL_NAME.test(text) ? text.replaceAll('=2C', ',').replaceAll('=3D', '=') : null;
}

function isNonceAttribute(text: string | undefined): text is string {
  return text?.startsWith('r=') === true && NONCE.test(text.slice(2));
}

function isExtension(text: string): boolean {
  return EXTENSION.test(text);
}

/** Canonical base64 only: one text for one value. */
function decodeBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
