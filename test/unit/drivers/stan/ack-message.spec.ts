import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { AckEncoder } from '../../../../lib/drivers/stan/ack-message.js';
import { sentBy } from './sent-by.js';

interface VendorAck {
  getSubject(): string;
  getSequence(): number;
}
interface VendorMessages {
  readonly pb: { readonly Ack: { deserializeBinary(bytes: Uint8Array): VendorAck } };
}
const vendor = createRequire(import.meta.url)('node-nats-streaming/lib/pb') as VendorMessages;

/** Takes a `PUB` command apart; its payload must be as long as it says, and be followed by the line's end. */
function readCommand(command: Buffer): { inbox: string | undefined; ack: VendorAck } {
  const lineEnd = command.indexOf('\r\n');
  const [verb, inbox, size] = command.toString('utf8', 0, lineEnd).split(' ');
  expect([verb, command.toString('latin1', command.length - 2)]).toEqual(['PUB', '\r\n']);
  const payload = command.subarray(lineEnd + 2, -2);
  expect(payload).toHaveLength(Number(size));
  return { inbox, ack: vendor.pb.Ack.deserializeBinary(payload) };
}

const encode = (acks: AckEncoder, sequence: number): Buffer => Buffer.concat(sentBy((to) => acks.send(to, sequence)));

describe('an ack', () => {
  it.each([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER])(
    'with sequence %d goes to its inbox and reads back with the classes that were generated from the protocol',
    (sequence) => {
      const { inbox, ack } = readCommand(encode(new AckEncoder('_INBOX.a', 'ticket:créé'), sequence));
      expect([inbox, ack.getSubject(), ack.getSequence()]).toEqual(['_INBOX.a', 'ticket:créé', sequence]);
    },
  );

  it('reads back with a subject that is longer than 127 bytes', () => {
    const subject = `a.${'b'.repeat(300)}`;
    const { ack } = readCommand(encode(new AckEncoder('_INBOX.a', subject), 7));
    expect([ack.getSubject(), ack.getSequence()]).toEqual([subject, 7]);
  });

  it('is whole whichever ack was encoded before it', () => {
    const acks = new AckEncoder('_INBOX.a', 'orders');
    const sequences = [200, 3, 70_000, 4, 201];
    const commands = sequences.map((sequence) => encode(acks, sequence));
    expect(commands.map((command) => readCommand(command).ack.getSequence())).toEqual(sequences);
  });
});
