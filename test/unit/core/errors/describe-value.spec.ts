import { describe, expect, it } from 'vitest';
import { describeValue, redactServerUrl } from '../../../../lib/core/errors/describe-value.js';

describe('describeValue', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [10n, '10n'],
    [Symbol('s'), 'Symbol(s)'],
    ['a "b"', '"a \\"b\\""'],
    ['nats://app:secret@h:4222', '"nats://***@h:4222"'],
    [[1, 2], 'an array of 2'],
    [{ user: 'app', pass: 'secret' }, '{ user, pass }'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'an invalid Date'],
    [new TypeError('bad'), 'TypeError: bad'],
    [Object.create(null), '{  }'],
    [describeValue, 'function describeValue'],
    [() => 1, 'function (anonymous)'],
  ])('tells %o in a few words', (value, words) => {
    expect(describeValue(value)).toBe(words);
  });

  it('cuts what is long', () => {
    expect(describeValue('x'.repeat(1_000)).length).toBeLessThan(100);
    expect(describeValue(Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`key${i}`, i]))).length).toBeLessThan(
      100,
    );
  });
});

describe('redactServerUrl', () => {
  it.each([
    ['nats://app:secret@h:4222', 'nats://***@h:4222'],
    ['tls://token@h', 'tls://***@h'],
    ['app:s@cr,et@h:4222', '***@h:4222'],
    ['nats://h:4222', 'nats://h:4222'],
  ])('shows %s as %s', (url, shown) => {
    expect(redactServerUrl(url)).toBe(shown);
  });
});
