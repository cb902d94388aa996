import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { pubMsgBytes } from '../../../../lib/drivers/stan/pub-msg-size.js';
import { PublishEncoder } from '../../../../lib/drivers/stan/publish-message.js';

interface VendorPubMsg {
  getClientId(): string;
  getGuid(): string;
  getSubject(): string;
  getReply(): string;
  getData_asU8(): Uint8Array;
  getConnId_asU8(): Uint8Array;
  serializeBinary(): Uint8Array;
}
interface VendorMessages {
  readonly pb: { readonly PubMsg: { deserializeBinary(bytes: Uint8Array): VendorPubMsg } };
}
const vendor = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as VendorMessages;

const origin = {
  pubPrefix: '_STAN.pub.x',
  ackSubject: '_STAN.acks.y',
  clientId: 'orders-0',
  connId: Buffer.from('c'.repeat(22)),
};

/** Takes a `PUB` command apart; its payload must be as long as it says, and be followed by the line's end. */
function readCommand(command: Buffer): { line: string; payload: Buffer; message: VendorPubMsg } {
  const lineEnd = command.indexOf('\r\n');
  const line = command.toString('utf8', 0, lineEnd);
  const payload = command.subarray(lineEnd + 2, -2);
  expect(payload).toHaveLength(Number(line.split(' ')[3]));
  expect(command.toString('latin1', command.length - 2)).toBe('\r\n');
  return { line, payload, message: vendor.pb.PubMsg.deserializeBinary(payload) };
}

describe('an event on its way to the server', () => {
  it.each([0, 1, 127, 128, 300, 16_383, 16_384, 1_000_000])(
    'with a payload of %d bytes is the message that the generated classes write, byte by byte',
    (length) => {
      const encoder = new PublishEncoder(origin);
      const guid = encoder.nextGuid();
      const data = Buffer.alloc(length, 'ü');
      const { line, payload, message } = readCommand(encoder.encode('ticket:créé', guid, data));
      expect(line).toMatch(/^PUB _STAN\.pub\.x\.ticket:créé _STAN\.acks\.y \d+$/);
      expect([message.getClientId(), message.getGuid(), message.getSubject()]).toEqual([
        'orders-0',
        guid,
        'ticket:créé',
      ]);
      expect(Buffer.from(message.getConnId_asU8()).equals(origin.connId)).toBe(true);
      expect(Buffer.from(message.getData_asU8()).equals(data)).toBe(true);
      expect(Buffer.from(message.serializeBinary()).equals(payload)).toBe(true);
    },
  );

  it.each([0, 1, 200])('with headers and a payload of %d bytes has them in the reply field', (length) => {
    const encoder = new PublishEncoder(origin);
    const data = Buffer.alloc(length, 'ü');
    const headers = `stan-headers/1?id=${'x'.repeat(300)}`;
    const { payload, message } = readCommand(encoder.encode('ticket:créé', encoder.nextGuid(), data, headers));
    expect(message.getReply()).toBe(headers);
    expect(Buffer.from(message.serializeBinary()).equals(payload)).toBe(true);
    expect(payload).toHaveLength(pubMsgBytes(origin.clientId, 'ticket:créé', length, headers.length));
  });

  it('has a guid of 22 characters that no other one has, in this session or in another', () => {
    const encoders = [new PublishEncoder(origin), new PublishEncoder(origin)];
    const guids = encoders.flatMap((encoder) => Array.from({ length: 1_000 }, () => encoder.nextGuid()));
    expect(new Set(guids).size).toBe(2_000);
    expect(guids.every((guid) => /^[0-9a-z]{22}$/.test(guid))).toBe(true);
  });

  it('goes to its own subject also when more subjects were published to than are remembered', () => {
    const encoder = new PublishEncoder(origin);
    const subjects = Array.from({ length: 1_002 }, (_, index) => `orders.${String(index)}`);
    for (const subject of [...subjects, 'orders.0']) {
      const { message } = readCommand(encoder.encode(subject, encoder.nextGuid(), Buffer.from('{}')));
      expect(message.getSubject()).toBe(subject);
    }
  });
});
