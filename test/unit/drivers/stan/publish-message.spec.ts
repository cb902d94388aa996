import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { pubMsgBytes } from '../../../../lib/drivers/stan/pub-msg-size.js';
import { PublishGuids } from '../../../../lib/drivers/stan/publish-guids.js';
import { PublishEncoder } from '../../../../lib/drivers/stan/publish-message.js';
import { sentBy } from './sent-by.js';

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

/** The command of an event, and the guid in it. */
function publish(subject: string, data: Uint8Array, { number = 1, headers = '' } = {}) {
  const guids = new PublishGuids();
  const encoder = new PublishEncoder(origin, guids);
  const [command = Buffer.alloc(0)] = sentBy((to) => encoder.send(to, subject, number, data, headers));
  return { command, guid: guids.textOf(number) };
}

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
      const data = Buffer.alloc(length, 'ü');
      const { command, guid } = publish('ticket:créé', data, { number: 36 ** 4 + 7 });
      const { line, payload, message } = readCommand(command);
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

  it.each([126, 127, 128, 129])(
    'with a subject of %d bytes is the message that the generated classes write',
    (length) => {
      const subject = 's'.repeat(length);
      const { payload, message } = readCommand(publish(subject, Buffer.from('{}')).command);
      expect(message.getSubject()).toBe(subject);
      expect(Buffer.from(message.serializeBinary()).equals(payload)).toBe(true);
    },
  );

  it.each([0, 1, 126, 127, 128, 129, 200, 16_383, 16_384, 16_385])(
    'with headers and a payload of %d bytes has them in the reply field',
    (length) => {
      const data = Buffer.alloc(length, 'ü');
      const headers = `stan-headers/1?id=${'x'.repeat(300)}`;
      const { payload, message } = readCommand(publish('ticket:créé', data, { headers }).command);
      expect(message.getReply()).toBe(headers);
      expect(Buffer.from(message.serializeBinary()).equals(payload)).toBe(true);
      expect(payload).toHaveLength(pubMsgBytes(origin.clientId, 'ticket:créé', length, headers.length));
    },
  );

  it('goes to its own subject also when more subjects were published to than are remembered', () => {
    const encoder = new PublishEncoder(origin, new PublishGuids());
    const subjects = Array.from({ length: 1_002 }, (_, index) => `orders.${String(index)}`);
    for (const subject of [...subjects, 'orders.0', 'orders.0', 'orders.1001']) {
      const [command = Buffer.alloc(0)] = sentBy((to) => encoder.send(to, subject, 1, Buffer.from('{}'), ''));
      expect(readCommand(command).message.getSubject()).toBe(subject);
    }
  });
});
