/** Dots of the short form, and of the one with domain and account in front of the stream, which may grow at its end. */
const shortForm = 8;
const longFormAtLeast = 10;
const mostDots = 16;
const prefix = Buffer.from('$JS.ACK.');
const dot = 0x2e;
const zero = 0x30;

/**
 * What the reply subject of a delivery says about it, read where it lies:
 * `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<consumer sequence>.<ns>.<pending>`, or the longer form.
 * Source: nats-server 2.15.2 server/consumer.go (ackReplyInfo).
 */
export class AckSubject {
  deliveries = 0;
  sequence = 0;
  timestampNs = 0;
  private readonly dots = new Int32Array(mostDots);

  /** Reads the one in a range of bytes; false where it is none. */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    for (let index = 0; index < prefix.length; index += 1) if (bytes[from + index] !== prefix[index]) return false;
    const { dots } = this;
    let count = 0;
    for (let at = from; at < to; at += 1) {
      if (bytes[at] !== dot) continue;
      if (count === mostDots) return false;
      dots[count] = at;
      count += 1;
    }
    const first = count === shortForm ? 3 : count >= longFormAtLeast ? 5 : -1;
    if (first < 0) return false;
    this.deliveries = this.numberAfter(bytes, first);
    this.sequence = this.numberAfter(bytes, first + 1);
    this.timestampNs = this.numberAfter(bytes, first + 3);
    const { deliveries, sequence, timestampNs } = this;
    return Number.isSafeInteger(deliveries) && Number.isSafeInteger(sequence) && !Number.isNaN(timestampNs);
  }

  /** The number between a dot and the next; `NaN` where it is none. */
  private numberAfter(bytes: Uint8Array, index: number): number {
    const from = (this.dots[index] ?? 0) + 1;
    const to = this.dots[index + 1] ?? 0;
    let value = from < to ? 0 : Number.NaN;
    for (let at = from; at < to; at += 1) {
      const digit = (bytes[at] ?? 0) - zero;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  }
}
