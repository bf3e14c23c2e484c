import { describe, expect, test } from 'vitest';
import { IP_ADDRESS } from './ip-address.ts';

describe('the detector of IP addresses', () => {
  test.each([
    '192.0.2.7',
    '198.51.100.254/32',
    '2001:db8::1',
    '2001:db8:0:0:0:0:0:1',
    '::ffff:192.0.2.7',
    '::1',
  ])('takes %s for one', (value) => expect(IP_ADDRESS.judge(value)).toBe('match'));

  test.each(['192.0.2.256', '10.0.19041.1', '01.2.3.4'])('counts %s against a column', (value) =>
    expect(IP_ADDRESS.judge(value)).toBe('near'),
  );

  test('needs the name of the column for addresses that are nobody', () => {
    expect(IP_ADDRESS.judge('127.0.0.1')).toBe('weak');
    expect(IP_ADDRESS.judge('0.0.0.0')).toBe('weak');
  });

  test.each([
    '',
    '1.2.3',
    '10.0.0.0/8',
    '::',
    ':',
    '12:30:59',
    'a::b::c',
    '1:2:3:4:5:6:7:8:9',
    '00:1b:44:11:3a:b7',
  ])('does not take %j for one', (value) => expect(IP_ADDRESS.judge(value)).toBe('other'));
});
