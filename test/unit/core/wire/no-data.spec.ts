import { from, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { SerializationFailedError } from '../../../../lib/core/errors/index.js';
import { encodeJson } from '../../../../lib/core/wire/index.js';
import { refuseWhatIsNoData } from '../../../../lib/core/wire/no-data.js';

const pending: [string, () => unknown, RegExp][] = [
  ['a promise', () => Promise.resolve(1), /it is a promise; await it first/],
  ['a promise that rejects', () => Promise.reject(new Error('later')), /it is a promise/],
  ['a thenable', () => ({ then: () => undefined }), /it is a promise/],
  ['a promise whose then is hidden', () => Object.assign(Promise.resolve(1), { then: undefined }), /it is a promise/],
  ['an observable', () => of(1), /it is an observable; emit its value/],
  ['an iterator', () => [1][Symbol.iterator](), /it is an iterator; emit its values/],
  ['a generator', () => (function* () {})(), /it is an iterator/],
  ['an async generator', () => (async function* () {})(), /it is an iterator/],
];

/** What only resembles the above, and is plain data. */
const resembling: [string, object][] = [
  ['an object with a method "subscribe"', { subscribe: () => undefined }],
  ['an object with a method "pipe"', { pipe: () => undefined }],
  ['an object with a method "next"', { next: () => undefined }],
  ['an object with "then" as text', { then: 'tomorrow' }],
  ['an object with an empty method name', { '': () => undefined }],
  ['a list', [1, 2]],
];

describe('an event whose data is still to come', () => {
  it.each(pending)('is refused as data: %s', (_what, make, reason) => {
    expect(() => refuseWhatIsNoData(make())).toThrow(SerializationFailedError);
    expect(() => refuseWhatIsNoData(make())).toThrow(reason);
  });

  it.each(pending)('is refused deep inside of data too, with its place: %s', (_what, make, reason) => {
    expect(() => encodeJson({ list: [{ price: make() }] })).toThrow(reason);
    expect(() => encodeJson({ list: [{ price: make() }] })).toThrow(/in "price": /);
  });

  it.each(resembling)('is not seen in %s', (_what, data) => {
    expect(() => refuseWhatIsNoData(data)).not.toThrow();
    expect(encodeJson(data).toString()).toBe(JSON.stringify(data));
  });

  it.each([undefined, null, 7, 'text', true, 1n, () => 1])(
    'is not seen in %s, for which a serializer may care',
    (data) => {
      expect(() => refuseWhatIsNoData(data)).not.toThrow();
    },
  );

  it('is not looked for behind a proxy, whose traps are code of the user', () => {
    const trapped = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
      },
    );
    expect(() => refuseWhatIsNoData(trapped)).not.toThrow();
  });
});

describe('data that JSON would turn into {}', () => {
  it.each<[string, object, RegExp]>([
    ['a Map', new Map([[1, 2]]), /cannot represent a Map or a Set; emit an array or an object/],
    ['a Set', new Set([1]), /cannot represent a Map or a Set/],
    ['an Error', new Error('no seats'), /cannot represent an Error; emit its message/],
  ])('is refused where it is %s', (_what, value, reason) => {
    expect(() => encodeJson(value)).toThrow(reason);
    expect(() => encodeJson(value)).not.toThrow(/in "/);
    expect(() => encodeJson({ seats: value })).toThrow(/serialized: in "seats": JSON cannot represent/);
  });

  it.each<[string, unknown, string]>([
    ['an empty object', {}, '{}'],
    ['an empty object beside values', { a: {}, b: 'text', c: null, d: 7 }, '{"a":{},"b":"text","c":null,"d":7}'],
    ['an empty object beside nothing', { a: {}, b: undefined, c: [undefined] }, '{"a":{},"c":[null]}'],
    ['a Map that has fields', Object.assign(new Map(), { size2: 0 }), '{"size2":0}'],
    ['an Error with fields of its own', Object.assign(new Error('x'), { code: 7, at: {} }), '{"code":7,"at":{}}'],
    ['an Error that says its JSON', Object.assign(new Error('x'), { toJSON: () => ({}) }), '{}'],
    ['text that contains {}', '{}', '"{}"'],
  ])('is written where it is %s', (_what, value, json) => {
    expect(encodeJson(value).toString()).toBe(json);
  });

  it('is looked for only where the JSON contains {}: other data is walked once', () => {
    let reads = 0;
    const counting = {
      get price() {
        reads += 1;
        return 5;
      },
    };
    encodeJson(counting);
    expect(reads).toBe(1);
  });

  it('keeps what a toJSON throws as the cause, and the reason of a nested emit as it is', () => {
    const thrown = new RangeError('too long');
    const failing = {
      toJSON: () => {
        throw thrown;
      },
    };
    expect(() => encodeJson(failing)).toThrow(expect.objectContaining({ cause: thrown }) as Error);
    const own = new SerializationFailedError('mine');
    const refusing = {
      toJSON: () => {
        throw own;
      },
    };
    expect(() => encodeJson(refusing)).toThrow(own);
  });

  it('has what an observable gives as its data, not the observable', () => {
    expect(() => encodeJson({ ticket: from([1]) })).toThrow(/in "ticket": it is an observable/);
  });
});
