import type { Span } from './messages.js';

const initialBytes = 4 * 1_024;
const largeBytes = 8 * 1_024;
/** Up to here a loop has copied the bytes before a native call has begun. */
const loopBytes = 64;

/**
 * Writes the fields of one protobuf message into a buffer that it uses again for the next. Fields at their default are
 * left out, as proto3 does.
 * @internal
 */
export class ProtoWriter {
  private buffer = Buffer.allocUnsafeSlow(initialBytes);
  private at = 0;
  private readonly halves = new DataView(new ArrayBuffer(8));

  /** Begins a new message; the bytes of the one before are lost. */
  reset(): this {
    this.at = 0;
    return this;
  }

  /**
   * The message so far: a view, valid until the next `reset()`. A large one comes in a buffer of its own, since a
   * connection sends it without a copy.
   */
  view(): Buffer {
    const view = this.buffer.subarray(0, this.at);
    return this.at < largeBytes ? view : Buffer.from(view);
  }

  text(field: number, value: string): this {
    if (value === '') return this;
    const bytes = Buffer.byteLength(value);
    this.reserve(bytes + 10);
    this.varint(field * 8 + 2);
    this.varint(bytes);
    this.at += this.buffer.write(value, this.at, 'utf8');
    return this;
  }

  /** A NATS subject, kept as latin1 inside the server. */
  subject(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'latin1'));
  }

  bytes(field: number, value: Uint8Array): this {
    if (value.length === 0) return this;
    this.reserve(value.length + 10);
    this.varint(field * 8 + 2);
    this.varint(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
    return this;
  }

  /** Bytes that lie somewhere in `source`. */
  span(field: number, source: Buffer, { start, end }: Span): this {
    if (start === end) return this;
    this.reserve(end - start + 10);
    this.varint(field * 8 + 2);
    this.varint(end - start);
    if (end - start <= loopBytes) for (let i = start; i < end; i += 1) this.buffer[this.at++] = source[i] ?? 0;
    else this.at += source.copy(this.buffer, this.at, start, end);
    return this;
  }

  /** A whole number from 0 to 2^53. */
  number(field: number, value: number): this {
    if (value === 0) return this;
    this.reserve(15);
    this.varint(field * 8);
    this.varint(value);
    return this;
  }

  int64(field: number, value: bigint): this {
    if (value === 0n) return this;
    this.reserve(15);
    this.varint(field * 8);
    // Two halves of 32 bits: shifting a bigint makes a new one for each group of seven bits.
    this.halves.setBigInt64(0, value);
    let high = this.halves.getUint32(0);
    let low = this.halves.getUint32(4);
    while (high > 0 || low > 0x7f) {
      this.buffer[this.at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.at++] = low;
    return this;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.at++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.buffer.length - this.at >= bytes) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(grown, 0, 0, this.at);
    this.buffer = grown;
  }
}
