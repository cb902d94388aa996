import { IdentityDeserializer, IncomingRequestDeserializer } from '@nestjs/microservices';
import { IdentitySerializer } from '@nestjs/microservices/serializers/identity.serializer.js';
import { describe, expect, it } from 'vitest';
import { SerializationFailedError } from '../../../../lib/core/errors/index.js';
import { decoderOf, encoderOf, isPromise, jsonCodec } from '../../../../lib/core/wire/index.js';

const subject = 'ticket:created';
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('without plugins', () => {
  it('both directions are JSON and synchronous', () => {
    expect(encoderOf(undefined)).toBe(jsonCodec);
    expect(decoderOf(undefined)).toBe(jsonCodec);
    const bytes = jsonCodec.encode(subject, { id: 1 });
    expect(bytes).toEqual(json({ id: 1 }));
    expect(jsonCodec.decode(subject, bytes as Buffer)).toEqual({ id: 1 });
  });
});

describe('a plugged-in serializer', () => {
  it('gets the packet and the subject as Nest passes them', () => {
    const seen: unknown[] = [];
    const encoder = encoderOf({ serialize: (...received) => (seen.push(...received), 'x') });
    expect(encoder.encode(subject, { id: 1 })).toEqual(Buffer.from('x'));
    expect(seen).toEqual([{ pattern: subject, data: { id: 1 } }, { channel: subject }]);
    expect(Object.keys(seen[0] as object)).toEqual(['pattern', 'data']);
  });

  it('sees what a dispatch hook has put beside the data', () => {
    const seen: unknown[] = [];
    const encoder = encoderOf({ serialize: (packet) => (seen.push(packet), 'x') });
    expect(encoder.encode(subject, { id: 1 }, { tenant: 'a' })).toEqual(Buffer.from('x'));
    expect(seen).toEqual([{ pattern: subject, data: { id: 1 }, metadata: { tenant: 'a' } }]);
  });

  it.each<[string, unknown, Buffer]>([
    ['bytes are sent as they are', new Uint8Array([0, 255]), Buffer.from([0, 255])],
    ['no bytes at all are an empty payload', new Uint8Array(0), Buffer.alloc(0)],
    ['text is sent as UTF-8', 'é', Buffer.from('é')],
    ['a packet is sent as the JSON of its data', { pattern: subject, data: { id: 2 } }, json({ id: 2 })],
    ['any other value is sent as its JSON', { id: 3 }, json({ id: 3 })],
  ])('%s, sync or async', async (_what, output, bytes) => {
    expect(encoderOf({ serialize: () => output }).encode(subject, {})).toEqual(bytes);
    const later = encoderOf({ serialize: () => Promise.resolve(output) }).encode(subject, {});
    expect(isPromise(later)).toBe(true);
    expect(await later).toEqual(bytes);
  });

  it("may be Nest's own identity serializer, and then the payload is plain JSON", () => {
    expect(encoderOf(new IdentitySerializer()).encode(subject, { id: 4 })).toEqual(json({ id: 4 }));
  });

  it.each<[string, unknown]>([
    ['an error', new Error('schema')],
    ['text', 'schema'],
  ])('fails with a typed error when it throws %s, sync or async', async (_what, thrown) => {
    const fail = () => {
      throw thrown as Error;
    };
    expect(() => encoderOf({ serialize: fail }).encode(subject, 1)).toThrow(SerializationFailedError);
    const later = encoderOf({ serialize: async () => fail() }).encode(subject, 1);
    await expect(later).rejects.toThrow(/serializer failed: schema/);
    await expect(later).rejects.toMatchObject({ cause: thrown });
    await expect(later).rejects.toBeInstanceOf(SerializationFailedError);
  });

  it('fails with a typed error when what it returns cannot be written, and keeps a typed error as it is', async () => {
    expect(() => encoderOf({ serialize: () => undefined }).encode(subject, 1)).toThrow(SerializationFailedError);
    await expect(encoderOf({ serialize: () => Promise.resolve(undefined) }).encode(subject, 1)).rejects.toBeInstanceOf(
      SerializationFailedError,
    );
    const own = new SerializationFailedError('mine');
    expect(() =>
      encoderOf({
        serialize: () => {
          throw own;
        },
      }).encode(subject, 1),
    ).toThrow(own);
  });
});

describe('a plugged-in deserializer', () => {
  it('gets the bytes and the subject', () => {
    const seen: unknown[] = [];
    decoderOf({ deserialize: (...received) => seen.push(...received) }).decode(subject, Buffer.from('x'));
    expect(seen).toEqual([Buffer.from('x'), { channel: subject }]);
  });

  it.each<[string, unknown, unknown]>([
    ['a packet gives its data', { pattern: subject, data: { id: 1 } }, { id: 1 }],
    ['bytes are data', Buffer.from([0, 255]), Buffer.from([0, 255])],
    ['an object that is no packet is the data', { id: 3, price: 5 }, { id: 3, price: 5 }],
    ['null is data', null, null],
    ['a number is data', 7, 7],
  ])('%s, sync or async', async (_what, output, data) => {
    expect(decoderOf({ deserialize: () => output }).decode(subject, Buffer.alloc(0))).toEqual(data);
    const later = decoderOf({ deserialize: () => Promise.resolve(output) }).decode(subject, Buffer.alloc(0));
    expect(isPromise(later)).toBe(true);
    expect(await later).toEqual(data);
  });

  it.each([new IdentityDeserializer(), new IncomingRequestDeserializer()])(
    "may be one of Nest's own that only hand on the bytes, and then the handler gets the bytes",
    (deserializer) => {
      const bytes = Buffer.from([0, 255]);
      expect(decoderOf(deserializer).decode(subject, bytes)).toBe(bytes);
    },
  );

  it('passes on what it throws or rejects with, as the cause of an undecodable payload', async () => {
    const fail = () => {
      throw new RangeError('bad schema');
    };
    expect(() => decoderOf({ deserialize: fail }).decode(subject, Buffer.alloc(1))).toThrow(RangeError);
    await expect(decoderOf({ deserialize: async () => fail() }).decode(subject, Buffer.alloc(1))).rejects.toThrow(
      RangeError,
    );
  });
});

describe('isPromise', () => {
  it('knows promises and thenables, and nothing that JSON can say', () => {
    expect(isPromise(Promise.resolve(1))).toBe(true);
    expect(isPromise({ then: () => undefined })).toBe(true);
    for (const value of [undefined, null, 1, 'x', [], {}, { then: 'text' }]) expect(isPromise(value)).toBe(false);
  });
});
