import { createCipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyedStream, keyedDigest } from './keyed-digest.ts';
import { KeyedMac } from './keyed-mac.ts';
import { TagBatch } from './tag-batch.ts';

/** CMAC as SP 800-38B writes it down, over the whole message in one go. */
function cmac(key: Buffer, message: Buffer): string {
  const encrypt = (block: Buffer): bigint =>
    BigInt(
      `0x${createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block).toString('hex')}`,
    );
  const top = 2n ** 127n;
  const double = (value: bigint): bigint => ((value << 1n) & (2n ** 128n - 1n)) ^ (value >= top ? 0x87n : 0n);
  const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
  const first = double(encrypt(Buffer.alloc(16)));
  const isWhole = message.length > 0 && message.length % 16 === 0;
  const padding = isWhole
    ? Buffer.alloc(0)
    : Buffer.concat([Buffer.from([0x80]), Buffer.alloc(15 - (message.length % 16))]);
  const padded = Buffer.concat([message, padding]);
  const last = BigInt(`0x${padded.subarray(-16).toString('hex')}`) ^ (isWhole ? first : double(first));
  let state = 0n;
  for (let at = 0; at < padded.length - 16; at += 16)
    state = encrypt(bytesOf(state ^ BigInt(`0x${padded.subarray(at, at + 16).toString('hex')}`)));
  return bytesOf(encrypt(bytesOf(state ^ last))).toString('hex');
}

/** What a tag is of: the number of the block, the purpose, a NUL, zeros up to a block, and the value. */
function expected(secret: Buffer, purpose: string, value: Buffer, block = 0): string {
  const head = Buffer.concat([Buffer.from([block]), Buffer.from(purpose), Buffer.from([0])]);
  const zeros = Buffer.alloc((16 - (head.length % 16)) % 16);
  const key = createHmac('sha256', secret).update('gatehouse masks: aes-256-cmac').digest();
  return cmac(key, Buffer.concat([head, zeros, value]));
}

const secrets = fc.uint8Array({ minLength: 16, maxLength: 80 }).map((bytes) => Buffer.from(bytes));
const purposes = fc.stringMatching(/^[a-zé:-]{0,40}$/);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));

describe('the CMAC that others are compared with', () => {
  const key = Buffer.from('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4', 'hex');
  const text =
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710';

  it.each([
    [0, '028962f61b7bf89efc6b551f4667d983'],
    [16, '28a7023f452e8f82bd4bf28d8c37c35c'],
    [40, 'aaf3d8f1de5640c232f5b169b9c911e6'],
    [64, 'e1992190549f6ed5696a2c056c315410'],
  ])('is that of SP 800-38B for %i bytes', (size, tag) => {
    expect(cmac(key, Buffer.from(text, 'hex').subarray(0, size))).toBe(tag);
  });
});

describe('KeyedMac', () => {
  it('is the CMAC of purpose and value', () => {
    fc.assert(
      fc.property(secrets, purposes, bytes(200), fc.nat(5), (secret, purpose, value, block) => {
        const mac = new KeyedMac(secret);
        const source = Buffer.concat([Buffer.from('xx'), value, Buffer.from('yyy')]);
        const tag = () => mac.tag(mac.begin(purpose, block), source, 2, 2 + value.length).toString('hex');
        expect(tag()).toBe(expected(secret, purpose, value, block));
        expect(tag()).toBe(expected(secret, purpose, value, block));
      }),
      { numRuns: 500 },
    );
  });

  it('is the CMAC for every length around the borders of blocks', () => {
    const secret = Buffer.alloc(32, 9);
    const mac = new KeyedMac(secret);
    const value = Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 37) & 0xff));
    for (let length = 0; length <= value.length; length++)
      expect(mac.tag(mac.begin('hash:text'), value, 0, length).toString('hex')).toBe(
        expected(secret, 'hash:text', value.subarray(0, length)),
      );
  });

  it('goes on with the blocks that follow, in digests and in streams', () => {
    const secret = Buffer.alloc(32, 5);
    const mac = new KeyedMac(secret);
    const value = Buffer.from('ana@example.com');
    const blocks = Array.from({ length: 7 }, (_, block) => expected(secret, 'p', value, block)).join('');
    expect(keyedDigest(mac, 'p', 'ana@example.com').toString('hex')).toBe(blocks.slice(0, 32));
    expect(keyedDigest(mac, 'p', 'ana@example.com', 32).toString('hex')).toBe(blocks.slice(0, 64));
    const stream = createKeyedStream(mac, 'p', 'ana@example.com');
    const drawn = Buffer.from(Array.from({ length: 112 }, () => stream.next(256)));
    expect(drawn.toString('hex')).toBe(blocks);
  });
});

describe('TagBatch', () => {
  const find = (batch: TagBatch, value: Buffer): string | null => {
    const source = Buffer.concat([Buffer.from('>'), value, Buffer.from('<')]);
    const at = batch.find(source, 1, 1 + value.length);
    if (at === -1) return null;
    return Buffer.from(batch.tags.subarray(at, at + 16)).toString('hex');
  };

  it('gives the same tags, whatever was said beforehand', () => {
    const ascii = bytes(80).map((value) => value.map((byte) => byte & 0x7f));
    const lists = fc.array(fc.oneof(ascii, ascii, bytes(20)).map(Buffer.from), { maxLength: 40 });
    const isAscii = (value: Buffer) => value.every((byte) => byte < 0x80);
    fc.assert(
      fc.property(secrets, lists, lists, fc.boolean(), (secret, said, others, inOrder) => {
        const mac = new KeyedMac(secret);
        const batch = new TagBatch(mac, 'hash:text');
        for (const round of [0, 1]) {
          batch.clear();
          for (const value of said) batch.add(value, 0, value.length);
          batch.run();
          const asked = inOrder ? said : [...others, ...said.slice(round), ...others];
          for (const value of asked)
            expect(find(batch, value)).toBe(isAscii(value) ? expected(secret, 'hash:text', value) : null);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes values of every length, and more than it has room for', () => {
    const secret = Buffer.alloc(32, 7);
    const batch = new TagBatch(new KeyedMac(secret), 'hash:text');
    const values = Array.from({ length: 300 }, (_, at) => Buffer.alloc(at % 70, at & 0x7f));
    for (const value of values) batch.add(value, 0, value.length);
    batch.run();
    for (const value of values) expect(find(batch, value)).toBe(expected(secret, 'hash:text', value));
  });

  it('asks the cipher once for each block, and for no value alone that was said', () => {
    const mac = new KeyedMac(Buffer.alloc(32, 7));
    const calls: number[] = [];
    const counting = new Proxy(mac, {
      get: (target, name) => {
        if (name === 'encrypt')
          return (blocks: Uint8Array) => {
            calls.push(blocks.length / 16);
            return target.encrypt(blocks);
          };
        const found = Reflect.get(target, name) as unknown;
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const batch = new TagBatch(counting, 'hash:text');
    const values = Array.from({ length: 100 }, (_, at) => Buffer.from(`user${at}@mail.example.com`));
    for (const value of values) batch.add(value, 0, value.length);
    batch.run();
    for (const value of values) find(batch, value);
    expect(calls).toEqual([100, 100]);
  });
});
