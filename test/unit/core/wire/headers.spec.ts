import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { InvalidHeadersError } from '../../../../lib/core/errors/index.js';
import { decodeHeaders, encodeHeaders, toHeaders } from '../../../../lib/core/wire/index.js';

const subject = 'ticket:created';
const headersOf = (options: object) => toHeaders(subject, options);

describe('the text form of headers', () => {
  it('is a prefix with a version, and pairs as in a query', () => {
    const headers = headersOf({ id: '01J', key: 'order 7', headers: { tenant: 'köln & co' } });
    expect(encodeHeaders(subject, headers)).toBe('stan-headers/1?id=01J&key=order+7&tenant=k%C3%B6ln+%26+co');
  });

  it('is empty where there is nothing to say', () => {
    for (const options of [{}, { headers: {} }, { headers: new Map() }, { id: undefined, headers: { a: undefined } }])
      expect(encodeHeaders(subject, headersOf(options))).toBe('');
    expect(headersOf({ headers: {} })).toBeUndefined();
    expect(encodeHeaders(subject, new Map())).toBe('');
  });

  it('comes back as it was given, and is ASCII, whatever the values are', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,15}$/).filter((text) => text !== 'id' && text !== 'key');
    const headers = fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 8 });
    fc.assert(
      fc.property(headers, (given) => {
        const text = encodeHeaders(subject, headersOf({ headers: given }));
        expect(text).toMatch(/^[\u0020-\u007e]*$/);
        expect(Object.fromEntries(decodeHeaders(text))).toEqual({ ...given });
      }),
    );
  });

  it('takes 4096 bytes, and one more is refused', () => {
    const ofLength = (length: number) => encodeHeaders(subject, headersOf({ id: 'x'.repeat(length - 18) }));
    expect(ofLength(4_096)).toHaveLength(4_096);
    expect(decodeHeaders(ofLength(4_096)).get('id')).toHaveLength(4_078);
    expect(() => ofLength(4_097)).toThrow(InvalidHeadersError);
    expect(() => ofLength(4_097)).toThrow(/"ticket:created".*4097 bytes.*4096/);
  });

  it.each(['', 'inbox.123', 'stan-headers/2?id=1', 'Stan-headers/1?id=1', ` stan-headers/1?id=1`])(
    'is not %j, which reads as no headers',
    (text) => {
      expect(decodeHeaders(text).size).toBe(0);
    },
  );

  it('reads whatever somebody else has put there, and keeps only what is a header', () => {
    const read = decodeHeaders('stan-headers/1?__proto__=x&Tenant=x&%ZZ=1&=&ok=%ZZ&ok=2&a%20b=1');
    expect([...read]).toEqual([['ok', '2']]);
    expect(decodeHeaders(`stan-headers/1?id=${'x'.repeat(5_000)}`).size).toBe(0);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => decodeHeaders(`stan-headers/1?${text}`).size >= 0));
  });
});

describe('what a publisher gives as headers', () => {
  it('is an object or a map', () => {
    expect([...(headersOf({ headers: new Map([['a', '1']]) }) ?? [])]).toEqual([['a', '1']]);
    for (const headers of [7, 'a=1', null]) {
      expect(() => headersOf({ headers })).toThrow(InvalidHeadersError);
      expect(() => headersOf({ headers })).toThrow(/expected an object or a map, got/);
    }
  });

  it.each(['', 'Tenant', 'a b', '__proto__', '-a', 'ü', 'a'.repeat(65)])('has no name such as %j', (name) => {
    expect(() => headersOf({ headers: { [name]: '1' } })).toThrow(/expected a name of lower case letters/);
    expect(() => headersOf({ headers: new Map([[name, '1']]) })).toThrow(InvalidHeadersError);
  });

  it('has no name that is not text', () => {
    expect(() => headersOf({ headers: new Map([[7, '1']]) })).toThrow(/expected a name of lower case letters/);
  });

  it.each([7, null, {}, Buffer.from('x'), Symbol('x')])('has no value such as %s', (value) => {
    expect(() => headersOf({ headers: { a: value } })).toThrow(/expected a string as the value of "a"/);
  });

  it('has id and key as options of their own', () => {
    expect(() => headersOf({ headers: { id: '1' } })).toThrow(/use the option of that name/);
    expect(() => headersOf({ headers: { key: '1' } })).toThrow(InvalidHeadersError);
    for (const id of ['', 7, null]) expect(() => headersOf({ id })).toThrow(/expected a string as "id", not empty/);
    expect(() => headersOf({ key: '' })).toThrow(/expected a string as "key"/);
  });
});
