import { describe, expect, it } from 'vitest';

import { NativeMessage } from '../../../../lib/drivers/stan/native-message.js';

describe("the vendor's message, for who unwraps a delivery", () => {
  it('says what the delivery says, by the methods of node-nats-streaming', () => {
    let acks = 0;
    const data = Buffer.from('{"price":"5 €"}');
    const message = new NativeMessage(
      {
        subject: 'ticket:created',
        sequence: 7,
        timestampNs: 1_700_000_000_123_000_000,
        redelivered: true,
        redeliveryCount: 2,
        data,
        headerText: '',
        ack: () => {
          acks += 1;
          return true;
        },
      },
      4_711,
    );
    expect(message.getSubject()).toBe('ticket:created');
    expect(message.getSequence()).toBe(7);
    expect(message.getData()).toBe('{"price":"5 €"}');
    expect(message.getTimestampRaw()).toBe(1_700_000_000_123_000_000);
    expect(message.getTimestamp()).toEqual(new Date(1_700_000_000_123));
    expect(message.isRedelivered()).toBe(true);
    expect(message.getRedeliveryCount()).toBe(2);
    expect(message.getCrc32()).toBe(4_711);
    expect(message.getRawData()).toEqual(data);
    message.getRawData().fill(0);
    expect(message.getData()).toBe('{"price":"5 €"}');
    message.ack();
    expect(acks).toBe(1);
  });
});
