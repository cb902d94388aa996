import { createRequire } from 'node:module';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MsgProto } from '../../../../lib/drivers/stan/msg-proto.js';

interface VendorMsgProto {
  setSequence(value: number): void;
  setSubject(value: string): void;
  setReply(value: string): void;
  setData(value: Uint8Array): void;
  setTimestamp(value: number): void;
  setRedelivered(value: boolean): void;
  setRedeliveryCount(value: number): void;
  setCrc32(value: number): void;
  serializeBinary(): Uint8Array;
}
interface VendorMessages {
  readonly pb: { readonly MsgProto: new () => VendorMsgProto };
}
const vendor = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as VendorMessages;

const facts = fc.record({
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  data: fc.uint8Array({ maxLength: 300 }),
  reply: fc.string({ maxLength: 300 }),
  timestampNs: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  redelivered: fc.boolean(),
  redeliveryCount: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  crc32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
type Facts = typeof facts extends fc.Arbitrary<infer Values> ? Values : never;

function encode({ sequence, data, reply, timestampNs, redelivered, redeliveryCount, crc32 }: Facts): Buffer {
  const message = new vendor.pb.MsgProto();
  message.setSequence(sequence);
  message.setSubject('ticket:créé');
  message.setReply(reply);
  message.setData(data);
  message.setTimestamp(timestampNs);
  message.setRedelivered(redelivered);
  message.setRedeliveryCount(redeliveryCount);
  message.setCrc32(crc32);
  return Buffer.from(message.serializeBinary());
}

const read = (bytes: Buffer): MsgProto => new MsgProto(bytes, 0, bytes.length);
const varint = (value: bigint): number[] =>
  value < 0x80n ? [Number(value)] : [Number(value & 0x7fn) | 0x80, ...varint(value >> 7n)];

describe('a message from the server', () => {
  it('reads as the classes that were generated from the protocol write it, between other bytes', () => {
    fc.assert(
      fc.property(facts, fc.nat(40), (values, padding) => {
        const bytes = encode(values);
        const around = Buffer.concat([Buffer.alloc(padding, 0xff), bytes, Buffer.alloc(padding, 0xff)]);
        const message = new MsgProto(around, padding, padding + bytes.length);
        const { sequence, reply, timestampNs, redelivered, redeliveryCount, crc32 } = message;
        expect({
          sequence,
          data: new Uint8Array(message.data),
          reply,
          timestampNs,
          redelivered,
          redeliveryCount,
          crc32,
        }).toEqual(values);
      }),
    );
  });

  it('has the time of the server to a millionth of a second', () => {
    const nowNs = 1_795_500_000_123_456_789n;
    const { timestampNs } = read(Buffer.from([0x08, 1, 0x28, ...varint(nowNs)]));
    expect(Math.abs(timestampNs - Number(nowNs))).toBeLessThan(1_000);
  });

  it('has no bytes and no redelivery where the server has left these out', () => {
    const { data, redelivered, redeliveryCount } = read(Buffer.from([0x08, 7]));
    expect([data.length, redelivered, redeliveryCount]).toEqual([0, false, 0]);
  });

  it('passes over fields that a later server may add, of every wire type', () => {
    const added = [0x61, 1, 2, 3, 4, 5, 6, 7, 8, 0x65, 1, 2, 3, 4, 0x62, 2, 9, 9, 0x60, 0x80, 1];
    expect(read(Buffer.from([...added, 0x08, 7])).sequence).toBe(7);
  });

  it('is refused where its bytes are cut off, at every place', () => {
    const bytes = encode({
      sequence: 300,
      data: Buffer.alloc(200, 1),
      reply: 'somewhere',
      timestampNs: 5e15,
      redelivered: true,
      redeliveryCount: 3,
      crc32: 70_000,
    });
    const wholeAt = new Set<number>();
    for (let length = 0; length <= bytes.length; length += 1) {
      try {
        read(bytes.subarray(0, length));
        wholeAt.add(length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
    // Only between two of its fields, behind the sequence, is what came before a message of its own.
    expect(wholeAt.size).toBeLessThan(9);
    expect(wholeAt).toContain(bytes.length);
  });

  it('is refused, and never read past its end, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const bytes = Buffer.concat([noise, Buffer.alloc(20, 0x08)]);
        let data: Buffer = Buffer.alloc(0);
        try {
          ({ data } = new MsgProto(bytes, 0, noise.length));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(data.length).toBeLessThanOrEqual(noise.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('why a message cannot be read', () => {
  it.each<[string, number[], string]>([
    ['without a sequence', [], 'it has no sequence'],
    ['with a sequence of zero', [0x08, 0x00], 'it has no sequence'],
    ['cut within a number', [0x08, 0x80], 'it ends within a number'],
    ['cut behind the tag of a field', [0x08], 'it ends within a number'],
    ['cut within a field', [0x08, 0x01, 0x22, 0x05, 0x61], 'it ends within a field'],
    ['cut within eight bytes', [0x08, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7], 'it ends within a field'],
    ['cut within four bytes', [0x08, 0x01, 0x7d, 1, 2, 3], 'it ends within a field'],
    ['with a group', [0x08, 0x01, 0x7b], 'a field has the unknown wire type 3'],
    [
      'with a number without an end',
      [0x08, ...Array<number>(10).fill(0x80), 0x01],
      'a number is longer than ten bytes',
    ],
  ])('is told of one %s', (_what, bytes, reason) => {
    expect(() => read(Buffer.from(bytes))).toThrow(reason);
  });

  it('is not asked of one whose last field ends with it, nor of a number of ten bytes', () => {
    expect(read(Buffer.from([0x08, 0x07, 0x7d, 1, 2, 3, 4])).sequence).toBe(7);
    expect(read(Buffer.from([0x08, 0x07, 0x79, 1, 2, 3, 4, 5, 6, 7, 8])).sequence).toBe(7);
    expect(read(Buffer.from([0x08, 0x07, 0x78, ...Array<number>(9).fill(0x80), 0x00])).sequence).toBe(7);
  });

  it('is not what lies behind it', () => {
    const bytes = Buffer.from([0x08, 0x07, 0x80, 0x01]);
    expect(new MsgProto(bytes, 0, 2).sequence).toBe(7);
    expect(() => new MsgProto(Buffer.from([0x08, 0x87, 0x01]), 0, 2)).toThrow('it ends within a number');
  });
});
