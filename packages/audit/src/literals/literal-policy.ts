/**
 * What the audit keeps of the values that a statement was run with.
 *
 * SECURITY: a hash is keyed, because most values (names, ids, numbers) could be found by trying
 * all of them. Equal values of one type give equal hashes under one key, so that people can search
 * for "the same value again" without the audit telling which. Test: `hashes with the key`.
 */
import { hash } from 'node:crypto';
import { GatewayError, type JsonValue } from '@gatehouse/model';

export type LiteralMode = 'keep' | 'hash' | 'drop';

/** Gives what is recorded for one value. */
export type RecordLiteral = (value: JsonValue) => JsonValue;

const MIN_KEY_BYTES = 16;

/**
 * Creates the rule for parameters; null means that none are recorded. `hash` gives
 * `hmac-sha256:` and 32 hex digits. Throws GatewayError `literal-key-short` for a key under 16 bytes with `hash`.
 */
export function createLiteralPolicy(mode: LiteralMode, key: Buffer): RecordLiteral | null {
  if (mode === 'drop') return null;
  if (mode === 'keep') return (value) => value;
  if (key.length < MIN_KEY_BYTES) {
    throw new GatewayError(
      'config',
      'literal-key-short',
      `expected a key of at least ${MIN_KEY_BYTES} bytes for hashes of parameters, got ${key.length}`,
    );
  }
  const hmac = createHmacSha256(key);
  return (value) => `hmac-sha256:${hmac(canonicalText(value)).slice(0, 32)}`;
}

/**
 * HMAC-SHA-256 (RFC 2104) of texts under one key, in hex, as two hashes over the key's two pads. It runs for every
 * parameter of every statement, and an object of Node's for each takes several times as long.
 */
function createHmacSha256(key: Buffer): (text: string) => string {
  const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(short);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + 32);
  outer.set(block.map((byte) => byte ^ 0x5c));
  return (text) => {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    message.set(inner);
    message.write(text, BLOCK_BYTES);
    outer.set(hash('sha256', message, 'buffer'), BLOCK_BYTES);
    return hash('sha256', outer, 'hex');
  };
}

const BLOCK_BYTES = 64;

/** JSON with the keys of objects in order, so that equal values have one text. */
function canonicalText(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`;
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`);
  return `{${fields.join(',')}}`;
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
