import { describe, expect, it } from 'vitest';
import { macForms, networkForms } from './network-form.ts';

const inet = networkForms(false);
const cidr = networkForms(true);
const mac = macForms(6);
/** What a masker gives for an address. */
const HASHED = '00112233445566778899aabbccddeeff';

describe('an address', () => {
  it.each([
    ['10.1.2.3', '0a01020320', '02200004' + '0a010203'],
    ['10.1.2.0/24', '0a01020018', '02180004' + '0a010200'],
    ['fe80::1', 'fe80000000000000000000000000000180', '03800010' + 'fe800000000000000000000000000001'],
    ['::/0', `${'00'.repeat(16)}00`, `03000010${'00'.repeat(16)}`],
    ['::ffff:1.2.3.4', '00000000000000000000ffff0102030480', '03800010' + '00000000000000000000ffff01020304'],
    [
      '1:2:3:4:5:6:7:8',
      '0001000200030004000500060007000880',
      '03800010' + '00010002000300040005000600070008',
    ],
  ])('is the same in text and binary: %s', (text, canonical, hex) => {
    expect(inet.text.decode(Buffer.from(text))).toBe(canonical);
    expect(inet.binary.decode(Buffer.from(hex, 'hex'))).toBe(canonical);
  });

  it.each([
    '',
    '10.1.2',
    '10.1.2.3/33',
    'fe80::1%eth0',
    '1.2.3.4/',
    '::/129',
    'x',
    '1::2::3',
    '1:2',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '12345::',
    '1.2.3.256',
    ':::',
  ])('is nothing for %j', (text) => {
    expect(inet.text.decode(Buffer.from(text))).toBeNull();
  });

  it.each(['', '02', '02200004', '022000040a0102', '03200004' + '0a010203', '02210004' + '0a010203'])(
    'is nothing for the bytes %j',
    (hex) => {
      expect(inet.binary.decode(Buffer.from(hex, 'hex'))).toBeNull();
    },
  );

  it('becomes one that nobody has, the same in text and binary', () => {
    const text = 'fd11:2233:4455:6677:8899:aabb:ccdd:eeff';
    expect(inet.text.encode(HASHED)?.toString()).toBe(text);
    expect(cidr.text.encode(HASHED)?.toString()).toBe(`${text}/128`);
    expect(inet.binary.encode(HASHED)?.toString('hex')).toBe(`03800010fd${HASHED.slice(2)}`);
    expect(cidr.binary.encode(HASHED)?.toString('hex')).toBe(`03800110fd${HASHED.slice(2)}`);
  });

  it('becomes zero', () => {
    expect([inet, cidr].map(({ text }) => text.encode('')?.toString())).toEqual(['0.0.0.0', '0.0.0.0/32']);
    expect(cidr.binary.encode('')?.toString('hex')).toBe('0220010400000000');
  });
});

describe('the address of a device', () => {
  it('is read and becomes one of local administration', () => {
    expect(mac.text.decode(Buffer.from('08:00:2b:01:02:03'))).toBe('08002b010203');
    expect(mac.binary.decode(Buffer.from('08002b010203', 'hex'))).toBe('08002b010203');
    expect(mac.text.encode('ff0000000001')?.toString()).toBe('fe:00:00:00:00:01');
    expect(mac.binary.encode('000000000001')?.toString('hex')).toBe('020000000001');
    expect(mac.text.encode('')?.toString()).toBe('00:00:00:00:00:00');
  });

  it('is nothing of another length', () => {
    expect(mac.text.decode(Buffer.from('08:00:2b:01:02:03:04:05'))).toBeNull();
    expect(macForms(8).text.decode(Buffer.from('08:00:2b:01:02:03:04:05'))).toBe('08002b0102030405');
    expect(mac.binary.decode(Buffer.alloc(5))).toBeNull();
    expect(mac.text.encode('0011')).toBeNull();
  });
});
