import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  decodeAck,
  decodeCloseRequest,
  decodeConnectRequest,
  decodePing,
  decodePubMsg,
  decodeSubscriptionRequest,
  decodeUnsubscribeRequest,
} from '../../../../lib/broker/protocol/decode.js';
import { StanEncoder } from '../../../../lib/broker/protocol/encode.js';
import type { Span } from '../../../../lib/broker/protocol/messages.js';
import { ProtobufDecodeError } from '../../../../lib/broker/protocol/proto-reader.js';
import { decode, encode } from '../support/stan-peer.js';

const text = fc.string({ maxLength: 200, unit: 'grapheme' });
const token = fc.stringMatching(/^[a-zA-Z0-9._]{0,40}$/);
const bytes = fc.uint8Array({ maxLength: 300 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const sequence = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('requests of the official client', () => {
  it('are read as they were written: PubMsg', () => {
    const fields = fc.record({ clientId: text, guid: text, subject: text, reply: text, data: bytes, connId: bytes });
    fc.assert(
      fc.property(fields, (message) => {
        const read = decodePubMsg(encode('PubMsg', message));
        const bytesAt = ({ start, end }: Span) => read.bytes.subarray(start, end);
        expect([read.clientId, read.guid, read.subject, read.reply].map((span) => String(bytesAt(span)))).toEqual([
          message.clientId,
          message.guid,
          message.subject,
          message.reply,
        ]);
        expect(bytesAt(read.data).equals(message.data)).toBe(true);
        expect(bytesAt(read.connectionId).equals(message.connId)).toBe(true);
      }),
    );
  });

  it('are read as they were written: SubscriptionRequest', () => {
    const fields = fc.record({
      clientId: text,
      subject: text,
      qGroup: text,
      inbox: token,
      durableName: text,
      maxInFlight: int32,
      ackWaitInSecs: int32,
      startPosition: fc.integer({ min: 0, max: 4 }),
      startSequence: sequence,
      startTimeDelta: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    });
    fc.assert(
      fc.property(fields, (message) => {
        const read = decodeSubscriptionRequest(encode('SubscriptionRequest', message));
        const { qGroup, ackWaitInSecs, startTimeDelta, ...same } = message;
        expect(read).toEqual({
          ...same,
          queueGroup: qGroup,
          ackWaitSecs: ackWaitInSecs,
          startTimeDeltaNs: BigInt(startTimeDelta),
        });
      }),
    );
  });

  it('are read as they were written: the others', () => {
    const fields = fc.record({
      clientId: text,
      heartbeatInbox: token,
      subject: text,
      inbox: token,
      sequence,
      connId: bytes,
    });
    fc.assert(
      fc.property(fields, ({ clientId, heartbeatInbox, subject, inbox, sequence: number, connId }) => {
        const connect = decodeConnectRequest(
          encode('ConnectRequest', { clientId, heartbeatInbox, connId, protocol: 1 }),
        );
        expect(connect).toMatchObject({ clientId, heartbeatInbox, protocol: 1, connectionId: Buffer.from(connId) });
        expect(readAck(encode('Ack', { subject, sequence: number }))).toEqual({ subject, sequence: number });
        const end = decodeUnsubscribeRequest(encode('UnsubscribeRequest', { clientId, subject, inbox }));
        expect(end).toEqual({ clientId, subject, inbox, durableName: '' });
        expect(decodeCloseRequest(encode('CloseRequest', { clientId }))).toBe(clientId);
        expect(decodePing(encode('Ping', { connId })).equals(connId)).toBe(true);
      }),
    );
  });
});

describe('answers', () => {
  it('are read by the official client as they were meant', () => {
    const encoder = new StanEncoder();
    fc.assert(
      fc.property(token, text, (ackInbox, error) => {
        const subscription = decode('SubscriptionResponse', encoder.subscriptionResponse(ackInbox, error));
        expect([subscription.get('ackInbox'), subscription.get('error')]).toEqual([ackInbox, error]);
        const ack = decode('PubAck', encoder.pubAck(Buffer.from(ackInbox), { start: 0, end: ackInbox.length }, error));
        expect([ack.get('guid'), ack.get('error')]).toEqual([ackInbox, error]);
        expect(decode('ConnectResponse', encoder.connectError(error)).get('error')).toBe(error);
        expect(decode('CloseResponse', encoder.errorResponse(error)).get('error')).toBe(error);
      }),
    );
  });

  it('carry messages of any size, marked where they come again', () => {
    const encoder = new StanEncoder();
    const message = fc.record({
      sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      data: fc.uint8Array({ maxLength: 20_000, size: 'max' }),
      count: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      timestampNs: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
    });
    fc.assert(
      fc.property(message, ({ sequence: number, data, count, timestampNs }) => {
        const published = decodePubMsg(encode('PubMsg', { subject: 'x', data }));
        const stored = Buffer.from(encoder.message(number, timestampNs, published));
        const first = decode('MsgProto', stored);
        expect([first.get('sequence'), first.get('subject'), first.get('redelivered')]).toEqual([number, 'x', false]);
        expect(Buffer.from(first.get('data_asU8') as Uint8Array).equals(data)).toBe(true);
        expect(first.get('timestamp')).toBe(Number(timestampNs));
        const again = decode('MsgProto', encoder.redelivered(stored, count));
        expect([again.get('redelivered'), again.get('redeliveryCount')]).toEqual([true, count]);
      }),
    );
  });
});

describe('bytes that are no message', () => {
  const decoders = [
    decodePubMsg,
    decodeConnectRequest,
    decodeSubscriptionRequest,
    decodeUnsubscribeRequest,
    decodeAck,
    decodeCloseRequest,
    decodePing,
  ];

  it('are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...decoders), (random, decoder) => {
        const outcome = attempt(() => decoder(Buffer.from(random)));
        expect(outcome instanceof Error ? outcome : undefined).toSatisfy(
          (error: unknown) => error === undefined || error instanceof ProtobufDecodeError,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a field longer than the message', [0x0a, 0x05, 0x61]],
    ['a number without an end', [0x18, 0xff, 0xff]],
    ['a number of eleven bytes', [0x18, ...Array<number>(11).fill(0xff)]],
    ['field number 0', [0x00, 0x00]],
    ['the end of a group', [0x0c]],
    ['a number where text belongs', [0x08, 0x01]],
  ])('are refused: %s', (_, wrong) => {
    expect(() => decodeConnectRequest(Buffer.from(wrong))).toThrow(ProtobufDecodeError);
  });

  it('are passed over where they are fields of a later protocol', () => {
    const known = encode('Ack', { subject: 'x', sequence: 7 });
    const unknown = Buffer.from([0x7a, 2, 1, 2, 0x70, 5, 0x6d, 1, 2, 3, 4, 0x69, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(readAck(Buffer.concat([unknown, known, unknown]))).toEqual({ subject: 'x', sequence: 7 });
  });
});

function readAck(encoded: Buffer): { subject: string; sequence: number } {
  const { bytes: all, subject, sequence: number } = decodeAck(encoded);
  return { subject: all.toString('utf8', subject.start, subject.end), sequence: number };
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
