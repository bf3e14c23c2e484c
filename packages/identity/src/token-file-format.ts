/** The JSON of the token file: `{version: 1, scram, tokens}`, bytes as base64. Read strictly: anything odd is null. */
import type { SecretVerifiers } from './secret-verifiers.ts';
import type { ScramParameters, TokenRecord } from './token-store.ts';

export interface TokenFileContent {
  readonly scram: ScramParameters;
  readonly tokens: readonly TokenRecord[];
}

export function formatTokenFile({ scram, tokens }: TokenFileContent): string {
  return `${JSON.stringify(
    {
      version: 1,
      scram: { saltKey: scram.saltKey.toString('base64'), iterations: scram.iterations },
      tokens: tokens.map((record) => ({ ...record, verifiers: formatVerifiers(record.verifiers) })),
    },
    null,
    1,
  )}\n`;
}

function formatVerifiers(verifiers: SecretVerifiers): Record<string, string> {
  const { storedKey, serverKey, sha256Double, sha1Double } = verifiers;
  return {
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
    sha256Double: sha256Double.toString('base64'),
    ...(sha1Double === undefined ? {} : { sha1Double: sha1Double.toString('base64') }),
  };
}

export function parseTokenFile(text: string): TokenFileContent | null {
  try {
    const file = object(JSON.parse(text));
    if (file['version'] !== 1 || !Array.isArray(file['tokens'])) return null;
    const scram = object(file['scram']);
    const tokens = file['tokens'].map(parseRecord);
    if (new Set(tokens.map((record) => record.id)).size !== tokens.length) return null;
    return {
      scram: {
        saltKey: bytes(scram['saltKey'], 32),
        iterations: integer(scram['iterations'], 4096, 1_000_000),
      },
      tokens,
    };
  } catch {
    return null;
  }
}

function parseRecord(value: unknown): TokenRecord {
  const record = object(value);
  const verifiers = object(record['verifiers']);
  const id = text(record['id']);
  return {
    id,
    principal: text(record['principal']),
    ...optional(record, 'label', text),
    ...optional(record, 'task', text),
    ...optional(record, 'purpose', text),
    createdAt: integer(record['createdAt'], 0),
    expiresAt: integer(record['expiresAt'], 0),
    ...optional(record, 'revokedAt', (at) => integer(at, 0)),
    verifiers: {
      tokenId: id,
      storedKey: bytes(verifiers['storedKey'], 32),
      serverKey: bytes(verifiers['serverKey'], 32),
      sha256Double: bytes(verifiers['sha256Double'], 32),
      ...optional(verifiers, 'sha1Double', (stored) => bytes(stored, 20)),
    },
  };
}

type Fields = Readonly<Record<string, unknown>>;

function optional<K extends string, T>(
  fields: Fields,
  key: K,
  parse: (value: unknown) => T,
): { [P in K]?: T } {
  if (!Object.hasOwn(fields, key)) return {};
  return { [key]: parse(fields[key]) } as { [P in K]?: T };
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('expected an object');
  return value as Fields;
}

function text(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > 1024)
    throw new TypeError('expected a text');
  return value;
}

function integer(value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new TypeError('expected an integer');
  return value;
}

function bytes(value: unknown, length: number): Buffer {
  const decoded = Buffer.from(text(value), 'base64');
  if (decoded.length !== length) throw new TypeError('expected bytes');
  return decoded;
}
