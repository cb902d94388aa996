import { describe, expect, it } from 'vitest';
import { DecodedEvent, decoderOf, encodeHeaders, headersOf, outboxEnvelope } from '../../../../lib/core/wire/index.js';

const subject = 'order:placed';
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const envelope = {
  id: '0197a',
  topic: subject,
  key: 'customer 1',
  headers: { tenant: 'a' },
  createdAt: 1_790_000_000_000,
  payload: { orderId: 1 },
};
const decode = (value: unknown) => decoderOf(outboxEnvelope()).decode(subject, json(value));

describe("an event in the envelope of Nest's outbox", () => {
  it('is its payload, with id, key and headers beside it', () => {
    const headers = new Map([
      ['tenant', 'a'],
      ['id', '0197a'],
      ['key', 'customer 1'],
    ]);
    expect(decode(envelope)).toEqual(new DecodedEvent({ orderId: 1 }, headers));
  });

  it('has no key where it was given none, and may have no payload, as JSON leaves out undefined', () => {
    const { payload, ...bare } = envelope;
    expect(payload).toBeDefined();
    expect(decode({ ...bare, key: null, headers: {} })).toEqual(
      new DecodedEvent(undefined, new Map([['id', '0197a']])),
    );
  });

  it.each<[string, unknown]>([
    ['an object with an id', { id: '1', payload: 7 }],
    ['an envelope without its id', { ...envelope, id: undefined }],
    ['one whose key is a number', { ...envelope, key: 7 }],
    ['one without headers', { ...envelope, headers: null }],
    ['one whose headers are text', { ...envelope, headers: 'tenant=a' }],
    ['one with another time', { ...envelope, createdAt: '2026-11-26' }],
    ['one without a topic', { ...envelope, topic: 7 }],
    ['data that looks like a packet', { pattern: 'x', data: 7, metadata: { id: '1' } }],
    ['null', null],
    ['a list', [envelope]],
  ])('is no such event, but data: %s', (_what, value) => {
    expect(decode(value)).toEqual(JSON.parse(JSON.stringify(value)));
  });

  it('reads the same wherever the subject is not given', () => {
    expect(outboxEnvelope().deserialize(json(7))).toEqual({ pattern: undefined, data: 7 });
    expect(outboxEnvelope().deserialize(json(7), { channel: subject })).toEqual({ pattern: subject, data: 7 });
  });

  it('is undefined where there are no bytes, and refused where they are no JSON', () => {
    expect(decoderOf(outboxEnvelope()).decode(subject, Buffer.alloc(0))).toBeUndefined();
    expect(() => decoderOf(outboxEnvelope()).decode(subject, Buffer.from('{'))).toThrow(SyntaxError);
  });
});

describe('the metadata of a packet', () => {
  const decodePacket = (metadata: unknown) =>
    decoderOf({ deserialize: () => ({ pattern: subject, data: 1, metadata }) }).decode(subject, Buffer.alloc(1));

  it('gives headers, by names in lower case; what is no header is left out', () => {
    const headers = { 'X-Tenant': 'a', 'no name': 'b', number: 7, id: 'no id', key: 'no key', __proto__x: 'c' };
    const expected = new DecodedEvent(1, new Map([['x-tenant', 'a']]));
    expect(decodePacket({ headers })).toEqual(expected);
    expect(decodePacket({ headers: new Map(Object.entries(headers)) })).toEqual(expected);
    expect(decodePacket({ headers: new Map<unknown, unknown>([[7, 'd'], ...Object.entries(headers)]) })).toEqual(
      expected,
    );
    expect(decodePacket({ id: '7', headers: null })).toEqual(new DecodedEvent(1, new Map([['id', '7']])));
  });

  it.each([undefined, null, 'text', 7, {}, { id: 7, key: '' }, { headers: 'text' }, { tenant: 'a' }])(
    'is nothing where it says none: %j',
    (metadata) => {
      expect(decodePacket(metadata)).toBe(1);
    },
  );

  it('is read from a promise of a packet too', async () => {
    const deserializer = { deserialize: async () => ({ pattern: subject, data: 1, metadata: { id: '7' } }) };
    const expected = new DecodedEvent(1, new Map([['id', '7']]));
    expect(await decoderOf(deserializer).decode(subject, Buffer.alloc(1))).toEqual(expected);
  });

  it('goes over the headers that were sent beside the payload, one by one', () => {
    const beside = encodeHeaders(
      subject,
      new Map([
        ['id', 'outer'],
        ['tenant', 'a'],
      ]),
    );
    expect(headersOf(beside, new Map([['id', 'inner']]))).toEqual(
      new Map([
        ['id', 'inner'],
        ['tenant', 'a'],
      ]),
    );
    expect(headersOf('', undefined).size).toBe(0);
  });
});
