import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { AckEncoder } from '../../../../lib/drivers/stan/ack-message.js';

interface VendorAck {
  getSubject(): string;
  getSequence(): number;
}
interface VendorMessages {
  readonly pb: { readonly Ack: { deserializeBinary(bytes: Uint8Array): VendorAck } };
}
const vendor = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as VendorMessages;

describe('an ack', () => {
  it.each([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])(
    'with sequence %d reads back with the classes that were generated from the protocol',
    (sequence) => {
      const ack = vendor.pb.Ack.deserializeBinary(new AckEncoder('ticket:créé').encode(sequence));
      expect([ack.getSubject(), ack.getSequence()]).toEqual(['ticket:créé', sequence]);
    },
  );

  it('reads back with a subject that is longer than 127 bytes', () => {
    const subject = `a.${'b'.repeat(300)}`;
    const ack = vendor.pb.Ack.deserializeBinary(new AckEncoder(subject).encode(7));
    expect([ack.getSubject(), ack.getSequence()]).toEqual([subject, 7]);
  });
});
