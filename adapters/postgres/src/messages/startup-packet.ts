import { ByteReader, type Frame, WireError } from '@gatehouse/wire';

/** What a client sends before messages have types (manual, sections 54.2.1, 54.2.10 to 54.2.12). */
export type StartupPacket =
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gss-request' }
  | { readonly kind: 'cancel-request'; readonly processId: number; readonly secret: Buffer }
  | {
      readonly kind: 'startup';
      readonly major: number;
      readonly minor: number;
      /** In the order sent; a name given twice is a violation. */
      readonly parameters: ReadonlyMap<string, string>;
    };

export function decodeStartupPacket(frame: Frame): StartupPacket {
  const reader = new ByteReader(frame.bytes, frame.start + 4, frame.end);
  const code = reader.uint32be();
  if (code === SSL_REQUEST || code === GSS_REQUEST) {
    reader.end();
    return { kind: code === SSL_REQUEST ? 'ssl-request' : 'gss-request' };
  }
  if (code === CANCEL_REQUEST)
    return { kind: 'cancel-request', processId: reader.int32be(), secret: reader.rest() };
  const major = code >>> 16;
  const minor = code & 0xffff;
  if (major !== SUPPORTED_MAJOR) return { kind: 'startup', major, minor, parameters: new Map() };
  return { kind: 'startup', major, minor, parameters: readParameters(reader) };
}

function readParameters(reader: ByteReader): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    const name = reader.cstring();
    if (name === '') break;
    if (parameters.has(name)) throw new WireError('malformed', 'start-up parameter twice');
    parameters.set(name, reader.cstring());
  }
  reader.end();
  return parameters;
}

export const SUPPORTED_MAJOR = 3;
/** Protocol 3.2 (Postgres 18) is the newest that is spoken to clients. */
export const NEWEST_MINOR = 2;
const CANCEL_REQUEST = 80877102;
const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;
