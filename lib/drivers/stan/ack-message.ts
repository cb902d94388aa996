import type { OutboundCommands } from './outbound-commands.js';
import { varint, varintLength, writeVarint } from './varint.js';

/** Protobuf field tags of `pb.Ack`: subject = 1 (string), sequence = 2 (uint64). Source: stan.go 0.10.4 pb/protocol.proto. */
const subjectTag = 0x0a;
const sequenceTag = 0x10;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * Encodes the acks of one subscription in one session, each as the whole `PUB` command of NATS. By hand, since one ack
 * goes out per delivery, and only the sequence is new each time: the vendor's generated classes and the NATS
 * client's `publish()` take several objects, arrays and copies for it.
 */
export class AckEncoder {
  private readonly fields: Buffer;
  /** Everything before the sequence, by the sequence's length in bytes, which the command names. */
  private readonly heads: Buffer[] = [];

  constructor(
    private readonly ackInbox: string,
    subject: string,
  ) {
    const bytes = Buffer.from(subject);
    this.fields = Buffer.from([subjectTag, ...varint(bytes.length), ...bytes, sequenceTag]);
  }

  /** Sends the ack of one message. */
  send(to: OutboundCommands, sequence: number): void {
    const length = varintLength(sequence);
    const head = (this.heads[length] ??= this.headFor(length));
    const at = to.room(head.length + length + 2);
    const { bytes } = to;
    bytes.set(head, at);
    const end = writeVarint(bytes, at + head.length, sequence);
    bytes[end] = carriageReturn;
    bytes[end + 1] = lineFeed;
    to.send();
  }

  private headFor(sequenceLength: number): Buffer {
    const { ackInbox, fields } = this;
    return Buffer.concat([Buffer.from(`PUB ${ackInbox} ${String(fields.length + sequenceLength)}\r\n`), fields]);
  }
}
