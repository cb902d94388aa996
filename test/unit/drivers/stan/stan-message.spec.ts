import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { MsgProto } from '../../../../lib/drivers/stan/msg-proto.js';
import { StanDriverMessage } from '../../../../lib/drivers/stan/stan-message.js';

interface VendorMsgProto {
  setSequence(value: number): void;
  setReply(value: string): void;
  setData(value: Uint8Array): void;
  setTimestamp(value: number): void;
  setCrc32(value: number): void;
  serializeBinary(): Uint8Array;
}
const vendor = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as {
  readonly pb: { readonly MsgProto: new () => VendorMsgProto };
};

function messageOf(sendAck: (sequence: number) => boolean): StanDriverMessage {
  const proto = new vendor.pb.MsgProto();
  proto.setSequence(7);
  proto.setReply('stan-headers/1?id=1');
  proto.setData(Buffer.from('{"id":1}'));
  proto.setTimestamp(1_700_000_000_000_000_000);
  proto.setCrc32(4_711);
  const bytes = Buffer.from(proto.serializeBinary());
  return new StanDriverMessage(new MsgProto(bytes, 0, bytes.length), { subject: 'ticket:created', sendAck });
}

describe('a message of a session', () => {
  it('has subject, headers and data, and unwraps to the message of the package', () => {
    const message = messageOf(() => true);
    expect(message).toMatchObject({ subject: 'ticket:created', sequence: 7, headerText: 'stan-headers/1?id=1' });
    expect(message.data.toString()).toBe('{"id":1}');
    expect(message.data).toBe(message.data);
    expect([message.native.getSequence(), message.native.getCrc32()]).toEqual([7, 4_711]);
  });

  it('says whether its ack could be sent, and never throws over it', () => {
    const acked: number[] = [];
    expect(messageOf((sequence) => acked.push(sequence) > 0).ack()).toBe(true);
    expect(acked).toEqual([7]);
    expect(messageOf(() => false).ack()).toBe(false);
    const failing = messageOf(() => {
      throw new Error('the connection has gone');
    });
    expect(failing.ack()).toBe(false);
  });
});
