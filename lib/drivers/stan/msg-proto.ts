const emptyData = Buffer.alloc(0);

/** Protobuf wire types. Source: the protobuf encoding guide. */
const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

const longestVarint = 10;

/**
 * One `pb.MsgProto`, read where it lies in the bytes that came from the network: nothing is copied but numbers. By hand,
 * since one comes per delivery: the vendor turns each into a string, back into a buffer, and then into objects of its
 * generated classes. The subject is left out; it is the subscription's.
 * Source of the field numbers: stan.go 0.10.4 pb/protocol.proto.
 */
export class MsgProto {
  sequence = 0;
  timestampNs = 0;
  redelivered = false;
  redeliveryCount = 0;
  crc32 = 0;
  private dataFrom = 0;
  private dataTo = 0;
  private replyFrom = 0;
  private replyTo = 0;

  /** @throws RangeError where the bytes are none */
  constructor(
    private readonly bytes: Buffer,
    private at: number,
    private readonly end: number,
  ) {
    while (this.at < end) this.readField(this.varint());
    if (this.sequence === 0) throw new RangeError('it has no sequence');
  }

  /** The payload: a view on the bytes that it came in. */
  get data(): Buffer {
    return this.dataTo === this.dataFrom ? emptyData : this.bytes.subarray(this.dataFrom, this.dataTo);
  }

  /** What the publisher has put into the field that no official client uses; empty for nothing. */
  get reply(): string {
    return this.replyTo === this.replyFrom ? '' : this.bytes.toString('utf8', this.replyFrom, this.replyTo);
  }

  private readField(key: number): void {
    switch (key) {
      case (1 << 3) | varintType:
        this.sequence = this.varint();
        return;
      case (3 << 3) | bytesType: {
        const length = this.varint();
        this.replyFrom = this.at;
        this.pass(length);
        this.replyTo = this.at;
        return;
      }
      case (4 << 3) | bytesType: {
        const length = this.varint();
        this.dataFrom = this.at;
        this.pass(length);
        this.dataTo = this.at;
        return;
      }
      case (5 << 3) | varintType:
        this.timestampNs = this.varint();
        return;
      case (6 << 3) | varintType:
        this.redelivered = this.varint() !== 0;
        return;
      case (7 << 3) | varintType:
        this.redeliveryCount = this.varint();
        return;
      case (10 << 3) | varintType:
        this.crc32 = this.varint();
        return;
      default:
        this.passField(key & 7);
    }
  }

  private passField(wireType: number): void {
    if (wireType === bytesType) this.pass(this.varint());
    else if (wireType === varintType) this.varint();
    else if (wireType === fixed64Type) this.pass(8);
    else if (wireType === fixed32Type) this.pass(4);
    else throw new RangeError(`a field has the unknown wire type ${String(wireType)}`);
  }

  private pass(length: number): void {
    this.at += length;
    if (this.at > this.end) throw new RangeError('it ends within a field');
  }

  /** Numbers above 2^53, as the time stamp in nanoseconds, lose their lowest bits. */
  private varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 1; length <= longestVarint; length += 1) {
      const byte = this.at < this.end ? this.bytes[this.at] : undefined;
      if (byte === undefined) throw new RangeError('it ends within a number');
      this.at += 1;
      if (byte < 0x80) return value + byte * factor;
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
    }
    throw new RangeError('a number is longer than ten bytes');
  }
}
