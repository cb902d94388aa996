/** Protobuf field tags of `pb.Ack`: subject = 1 (string), sequence = 2 (uint64). Source: stan.go 0.10.4 pb/protocol.proto. */
const subjectTag = 0x0a;
const sequenceTag = 0x10;

/**
 * Encodes the acks of one subscription. By hand, since one ack goes out per delivery and the vendor's generated classes
 * take most of an ack's time: an object, an array of bytes and two copies, of which only the sequence is new each time.
 */
export class AckEncoder {
  /** Everything before the sequence, the same in every ack. */
  private readonly head: Buffer;

  constructor(subject: string) {
    const bytes = Buffer.from(subject, 'utf8');
    this.head = Buffer.from([subjectTag, ...varint(bytes.length), ...bytes, sequenceTag]);
  }

  encode(sequence: number): Buffer {
    const { head } = this;
    const ack = Buffer.allocUnsafe(head.length + varintLength(sequence));
    head.copy(ack);
    let rest = sequence;
    let at = head.length;
    // Division instead of shifts: those cut a number to 32 bits.
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) ack[at++] = (rest % 0x80) | 0x80;
    ack[at] = rest;
    return ack;
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}
