import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

import {
  decodePayload,
  encodeDeadLetter,
  encodePayload,
  letterHeaders,
  parseDeadLetter,
} from '../../../../lib/core/dead-letters/dead-letter.js';
import { describeError } from '../../../../lib/core/errors/describe-error.js';
import type { DeadLetter } from '../../../../lib/core/dead-letters/dead-letter.js';

const letter: DeadLetter = {
  version: 1,
  subject: 'ticket:created',
  sequence: 17,
  timestamp: '2026-01-01T12:00:00.000Z',
  deliveries: 5,
  failedAt: '2026-01-01T12:02:31.000Z',
  error: { name: 'TypeError', message: 'no price', stack: 'TypeError: no price\n    at Tickets.created' },
  handler: 'Tickets.created',
  service: 'orders',
  clientId: 'orders-0',
  payload: { encoding: 'utf8', data: '{}' },
};

const circular: { self?: unknown } = {};
circular.self = circular;

describe('the error in a dead letter', () => {
  it('has name, message and stack of an error, also of one from another realm', () => {
    for (const error of [new RangeError('too far'), runInNewContext('new RangeError("too far")')])
      expect(describeError(error)).toEqual({
        name: 'RangeError',
        message: 'too far',
        stack: expect.stringContaining('too far') as string,
      });
  });

  it.each([
    ['a text', 'out of stock', 'out of stock'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('no'), 'Symbol(no)'],
    ['a bigint', 7n, '7n'],
    ['an object that holds itself', circular, '{ self }'],
    ['an object that no text can be made of', Object.assign(Object.create(null) as object, { n: 7n }), '{ n }'],
  ])('has a text for whatever a handler throws: %s', (_, thrown, message) => {
    expect(describeError(thrown)).toEqual({ name: typeof thrown, message });
  });
});

describe('what a dead letter keeps of its event', () => {
  it.each<[string, Buffer, DeadLetter['payload']]>([
    ['text as text', Buffer.from('žluťoučký'), { encoding: 'utf8', data: 'žluťoučký' }],
    ['other bytes as base64', Buffer.from([0, 255]), { encoding: 'base64', data: 'AP8=' }],
    ['no bytes as no text', Buffer.alloc(0), { encoding: 'utf8', data: '' }],
  ])('is its bytes: %s', (_what, bytes, payload) => {
    expect(encodePayload(bytes)).toEqual(payload);
    expect(decodePayload(payload)).toEqual(bytes);
    expect(parseDeadLetter(encodeDeadLetter({ ...letter, payload }))?.payload).toEqual(payload);
  });

  it('is its headers, and no such field where it has none', () => {
    expect(letterHeaders('stan-headers/1?id=1&tenant=a')).toEqual({ headers: { id: '1', tenant: 'a' } });
    expect(Object.keys(letterHeaders(''))).toEqual([]);
    const headers = { id: '1', tenant: 'a' };
    expect(parseDeadLetter(encodeDeadLetter({ ...letter, headers }))?.headers).toEqual(headers);
    expect(parseDeadLetter(encodeDeadLetter({ ...letter, headers: {} }))?.headers).toEqual({});
  });
});

describe('reading a dead letter', () => {
  it('gives back what was written', () => {
    expect(parseDeadLetter(encodeDeadLetter(letter))).toEqual(letter);
  });

  it('needs no stack, as of something else than an error that was thrown', () => {
    const error = { name: 'string', message: 'no price' };
    expect(parseDeadLetter(encodeDeadLetter({ ...letter, error }))).toEqual({ ...letter, error });
  });

  it.each([
    ['no error', { error: null }],
    ['an error without a message', { error: { name: 'Error' } }],
    ['an error without a name', { error: { message: 'no' } }],
    ['an error that is text', { error: 'no' }],
    ['a payload whose data is no text', { payload: { encoding: 'utf8', data: 7 } }],
    ['a payload that is text', { payload: '{}' }],
    ['headers that are a list', { headers: ['a'] }],
    ['headers that are text', { headers: 'tenant=a' }],
    ['no headers, told as null', { headers: null }],
    ['a header that is a number', { headers: { tenant: 'a', attempt: 1 } }],
    ['a stack that is no text', { error: { name: 'Error', message: 'no', stack: 7 } }],
    ['no deliveries', { deliveries: undefined }],
    ['a time that is none', { timestamp: 'yesterday' }],
    ['no time of the failure', { failedAt: undefined }],
    ['no client id', { clientId: undefined }],
    ['no payload', { payload: null }],
    ['a payload in an encoding of its own', { payload: { encoding: 'hex', data: '00' } }],
    ['another version', { version: 2 }],
    ['a sequence that is no number', { sequence: '17' }],
  ])('finds none in bytes with %s', (_, facts) => {
    expect(parseDeadLetter(Buffer.from(JSON.stringify({ ...letter, ...facts })))).toBeUndefined();
  });

  it.each(['', 'null', '[]', '7', '{', '"text"'])('finds none in %j', (text) => {
    expect(parseDeadLetter(Buffer.from(text))).toBeUndefined();
  });
});
