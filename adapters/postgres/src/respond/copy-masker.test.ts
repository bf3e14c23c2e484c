import type { CopyFormat } from '@gatehouse/sql';
import { createFrame, type Frame } from '@gatehouse/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCopyMasker } from './copy-masker.ts';
import type { ColumnMasking } from './masked-value.ts';

const TEXT: CopyFormat = {
  format: 'text',
  delimiter: 9,
  quote: 34,
  escapedBy: 34,
  nullText: '\\N',
  header: false,
};
const CSV: CopyFormat = { ...TEXT, format: 'csv', delimiter: 44, nullText: '' };
const BINARY: CopyFormat = { ...TEXT, format: 'binary' };
const HIDE: ColumnMasking = { kind: 'constant', bytes: null };
const STARS: ColumnMasking = { kind: 'constant', bytes: Buffer.from('***') };
const REVERSE: ColumnMasking = {
  kind: 'computed',
  write(source, start, end, out) {
    out.copy(Buffer.from(source.subarray(start, end)).reverse(), 0, end - start);
    return true;
  },
};

function mask(
  plan: readonly (ColumnMasking | null)[],
  format: CopyFormat,
  ...bodies: readonly string[]
): string {
  const masker = createCopyMasker(plan, format);
  const counter = { maskedCells: 0 };
  const frames = bodies.map((body) => ({ ...masker.mask(copyData(Buffer.from(body, 'latin1')), counter) }));
  return frames.map((frame) => bodyOf(frame).toString('latin1')).join('');
}

function copyData(body: Buffer): Frame {
  const bytes = Buffer.concat([Buffer.from('..d....'), body]);
  bytes.writeUInt32BE(body.length + 4, 3);
  return { ...createFrame(), bytes, start: 2, end: bytes.length, type: 0x64, totalBytes: bytes.length - 2 };
}

/** What a CopyData holds, whose length must be right. */
function bodyOf({ bytes, start, end }: Frame): Buffer {
  expect(bytes[start]).toBe(0x64);
  expect(bytes.readUInt32BE(start + 1)).toBe(end - start - 1);
  return bytes.subarray(start + 5, end);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
}

describe('rows of a COPY in text', () => {
  it.each([
    ['1\tana@x.example\tz\n', '1\t***\tz\n'],
    ['1\t\\N\tz\n', '1\t\\N\tz\n'],
    ['1\ta\\tb\tz\n', '1\t***\tz\n'],
    ['1\ta\\\\\tz\n', '1\t***\tz\n'],
    ['1\t\tz\n', '1\t***\tz\n'],
    ['\\N\t\\\\N\t\\n\n', '\\N\t***\t\\n\n'],
  ])('are masked field by field: %j', (row, expected) => {
    expect(mask([null, STARS, null], TEXT, row)).toBe(expected);
  });

  it('hand the value itself to the mask, and write what it gives back so that it reads the same', () => {
    expect(mask([REVERSE], TEXT, 'a\\tb\\nc\\\\d\n')).toBe('d\\\\c\\nb\\ta\n');
    expect(mask([REVERSE], { ...TEXT, delimiter: 124 }, 'a\\|b\n')).toBe('b\\|a\n');
  });

  it('become NULL in the words of the COPY', () => {
    expect(mask([HIDE], { ...TEXT, nullText: 'nothing' }, 'a\n', 'nothing\n')).toBe('nothing\nnothing\n');
  });

  it('begin with the names of the columns where that was asked for', () => {
    expect(mask([STARS, null], { ...TEXT, header: true }, 'email\tid\n', 'a\t1\n')).toBe(
      'email\tid\n***\t1\n',
    );
  });
});

describe('rows of a COPY in CSV', () => {
  it.each([
    ['1,ana@x.example,z\n', '1,"***",z\n'],
    ['1,"a,b",z\n', '1,"***",z\n'],
    ['1,"a""b",z\n', '1,"***",z\n'],
    ['1,"two\nlines",z\n', '1,"***",z\n'],
    ['1,,z\n', '1,,z\n'],
    ['1,"",z\n', '1,"***",z\n'],
  ])('are masked field by field: %j', (row, expected) => {
    expect(mask([null, STARS, null], CSV, row)).toBe(expected);
  });

  it('hand the value itself to the mask, and quote what it gives back', () => {
    expect(mask([REVERSE], CSV, '"a""b,c"\n')).toBe('"c,b""a"\n');
    expect(mask([REVERSE], { ...CSV, escapedBy: 92 }, '"a\\"b\\\\c"\n')).toBe('"c\\\\b\\"a"\n');
  });
});

describe('rows of a COPY in binary', () => {
  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]).toString(
    'latin1',
  );
  const tuple = (...values: readonly (string | null)[]) =>
    `\0${String.fromCharCode(values.length)}${values.map((value) => (value === null ? '\xff\xff\xff\xff' : `\0\0\0${String.fromCharCode(value.length)}${value}`)).join('')}`;

  it('are masked field by field, behind the header and before the trailer', () => {
    const rows = [`${header}${tuple('1', 'ana')}`, tuple(null, null), '\xff\xff'];
    expect(mask([null, STARS], BINARY, ...rows)).toBe(
      `${header}${tuple('1', '***')}${tuple(null, null)}\xff\xff`,
    );
    expect(mask([null, HIDE], BINARY, ...rows)).toBe(
      `${header}${tuple('1', null)}${tuple(null, null)}\xff\xff`,
    );
  });

  it.each([
    ['without a header', tuple('1', 'a'), 'malformed'],
    ['with another number of fields', `${header}${tuple('1')}`, 'malformed'],
    ['with a length that lies', `${header}\0\x02\0\0\x01\0a`, 'read-past-end'],
    ['with bytes behind the trailer', `${header}\xff\xffx`, 'trailing-bytes'],
    ['with an extension that goes on', `${header.slice(0, -4)}\0\0\0\x09`, 'malformed'],
  ])('end the session %s', (_what, body, code) => {
    expect(codeOf(() => mask([null, STARS], BINARY, body))).toBe(code);
  });
});

describe('a message that is not one row', () => {
  it.each([
    ['without an end', TEXT, 'a\tb'],
    ['of two rows', TEXT, 'a\tb\nc\td\n'],
    ['of too few columns', TEXT, 'a\n'],
    ['of too many columns', CSV, 'a,b,c\n'],
    ['with a quote that does not end', CSV, 'a,"b\n'],
    ['of two rows', CSV, 'a,b\nc,d\n'],
  ])('ends the session: %s', (_what, format, body) => {
    expect(codeOf(() => mask([null, STARS], format, body))).toBe('malformed');
  });
});

it('never lets a masked value through, whatever the row is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('SECRET', '"', '\\', ',', '\t', '\n', 'x', '\\N', ''), { maxLength: 12 }),
      fc.constantFrom(TEXT, CSV, { ...CSV, escapedBy: 92 }, { ...TEXT, delimiter: 44 }),
      (pieces, format) => {
        const body = Buffer.from(`${pieces.join('')}\n`);
        const counter = { maskedCells: 0 };
        let masked = '';
        try {
          masked = bodyOf(createCopyMasker([STARS, STARS], format).mask(copyData(body), counter)).toString();
        } catch (error) {
          expect((error as { code: string }).code).toBe('malformed');
        }
        expect(masked).not.toContain('SECRET');
      },
    ),
    { numRuns: 3_000 },
  );
});
