import { TEXT_INTEGER } from './integer-form.ts';
import { formatTime, parseTime } from './time-of-day.ts';
import type { ValueForm } from './value-codec.ts';

export const PLAIN: ValueForm = {
  decode: (bytes) => bytes.toString('utf8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};

/** The text formats of types (manual, chapter 8), as this session's settings write them. */
export const TEXT_FORMS = {
  integer: { ...PLAIN, integer: TEXT_INTEGER },
  boolean: {
    decode: (bytes) => (bytes[0] === 0x74 ? 'true' : 'false'),
    encode: (text) => Buffer.from(text === 'true' ? 't' : 'f'),
  },
  bytes: {
    decode: (bytes) => (bytes[0] === 0x5c && bytes[1] === 0x78 ? bytes.toString('latin1', 2) : null),
    encode: (text) => Buffer.from(`\\x${text}`),
  },
  date: { decode: (bytes) => matching(bytes, /^\d{4,}-\d\d-\d\d$/), encode: PLAIN.encode },
  timestamp: { decode: (bytes) => matching(bytes, ISO_TIMESTAMP), encode: PLAIN.encode },
  // The instant is taken apart from its zone: the masked time is given in UTC, which every client reads.
  timestamptz: {
    decode: (bytes) => utcOf(bytes.toString('latin1')),
    encode: (text) => Buffer.from(`${text}+00`),
  },
  // A time is taken apart from its zone too.
  timetz: {
    decode: (bytes) => utcTimeOf(bytes.toString('latin1')),
    encode: (text) => Buffer.from(`${text}+00`),
  },
  // As the locales C and en_US write it; zero is read in every locale.
  money: { decode: (bytes) => decodeMoney(bytes.toString('latin1')), encode: encodeMoney },
} as const satisfies Readonly<Record<string, ValueForm>>;

const ISO_TIMESTAMP = /^\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/;

function matching(bytes: Buffer, form: RegExp): string | null {
  const text = bytes.toString('latin1');
  return form.test(text) ? text : null;
}

function utcOf(text: string): string | null {
  const match = /^(\d{4})-(\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d(?::\d\d)?)$/.exec(text);
  if (match === null) return null;
  const [, year, rest, fraction = '', zone = ''] = match;
  const instant = Date.parse(`${year}-${rest!.replace(' ', 'T')}${zone.length === 3 ? `${zone}:00` : zone}`);
  if (Number.isNaN(instant)) return null;
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')}${fraction}`;
}

function utcTimeOf(text: string): string | null {
  const match = /^(\d\d:\d\d:\d\d(?:\.\d+)?)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/.exec(text);
  if (match === null) return null;
  const [, time, sign, hours, minutes = '0', seconds = '0'] = match;
  const east = BigInt((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000_000n;
  return formatTime(parseTime(time!) - (sign === '-' ? -east : east));
}

function decodeMoney(text: string): string | null {
  const match = /^(-?)\$(\d{1,3}(?:,\d{3})*\.\d\d)$/.exec(text);
  return match === null ? null : `${match[1]}${match[2]!.replaceAll(',', '')}`;
}

function encodeMoney(text: string): Buffer | null {
  const match = /^(-?)(\d{1,16})(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', cents = ''] = match;
  if (text === '0') return Buffer.from('0');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return Buffer.from(`${sign}$${grouped}.${cents.padEnd(2, '0')}`);
}
