import { describe, expect, it } from 'vitest';
import { SerializationFailedError } from '../../../../lib/core/errors/index.js';
import { decodeJson, encodeJson } from '../../../../lib/core/wire/index.js';

const circle: { self?: unknown } = {};
circle.self = circle;

describe('encodeJson', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    [0, '0'],
    ['', '""'],
    ['žluťoučký 🐎', '"žluťoučký 🐎"'],
    [{ id: 1, at: new Date(0), left: undefined }, '{"id":1,"at":"1970-01-01T00:00:00.000Z"}'],
    [[1, undefined], '[1,null]'],
  ])('writes %o as the JSON of the data alone', (data, json) => {
    expect(encodeJson(data).toString('utf8')).toBe(json);
  });

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /it is undefined/],
    ['a function', () => 1, /it is a function/],
    ['a symbol', Symbol('s'), /it is a symbol/],
    ['a BigInt', { price: 1n }, /BigInt/],
    ['a circle', circle, /circular/],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
      /no/,
    ],
    [
      'a toJSON that throws text',
      {
        toJSON: () => {
          throw 'text' as unknown as Error;
        },
      },
      /text/,
    ],
  ])('refuses %s in one line', (_what, data, reason) => {
    const encode = () => encodeJson(data);
    expect(encode).toThrow(SerializationFailedError);
    expect(encode).toThrow(reason);
    expect(encode).not.toThrow(/\n/);
  });
});

describe('decodeJson', () => {
  it.each([null, 0, '', 'žluťoučký 🐎', { id: 1, list: [true, null] }])('reads %o back as it was', (data) => {
    expect(decodeJson(encodeJson(data))).toEqual(data);
  });

  it('reads no bytes at all as undefined', () => {
    expect(decodeJson(Buffer.alloc(0))).toBeUndefined();
  });

  it('reads a view into larger memory, and never more than the view', () => {
    const memory = Buffer.from('xx{"id":1}xx');
    expect(decodeJson(new Uint8Array(memory.buffer, memory.byteOffset + 2, 8))).toEqual({ id: 1 });
  });

  it('skips a byte order mark', () => {
    expect(decodeJson(Buffer.from('\uFEFF{"id":1}'))).toEqual({ id: 1 });
  });

  it.each<[string, Buffer]>([
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22])],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a cut sequence', Buffer.from([0x22, 0xf0, 0x9f, 0x22])],
    ['Latin-1', Buffer.from('"é"', 'latin1')],
  ])('refuses %s rather than reading replacement characters', (_what, bytes) => {
    expect(() => decodeJson(bytes)).toThrow(/UTF-8/);
  });

  it.each(['{', 'ticket', '{"id":1}x', 'NaN', ' ', '\uFF5B{"id":1}', '{"id":1}\uFEFF'])(
    'refuses %o, which is not JSON',
    (text) => {
      expect(() => decodeJson(Buffer.from(text))).toThrow(SyntaxError);
    },
  );

  it('keeps a key named __proto__ as data', () => {
    const data = decodeJson(Buffer.from('{"__proto__":{"admin":true}}')) as object;
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect((data as { admin?: boolean }).admin).toBeUndefined();
  });
});
