import type { Span } from './messages.js';

/** The bytes are no valid message; the server answers with its own text for the request. @internal */
export class ProtobufDecodeError extends Error {}

/** @internal */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads the fields of one protobuf message, in place. Every read checks its bounds and throws
 * {@link ProtobufDecodeError}, so that no bytes from the network lead further than the end of their buffer.
 * @internal
 */
export class ProtoReader {
  /** Number of the current field. */
  field = 0;
  /** How the current field is written. */
  wireType = 0;
  private at = 0;

  constructor(private readonly buffer: Buffer) {}

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.at >= this.buffer.length) return false;
    const key = this.varint();
    this.field = Math.floor(key / 8);
    this.wireType = key & 7;
    if (this.field === 0) throw new ProtobufDecodeError('field number 0');
    return true;
  }

  /** Where the bytes of the current field are. */
  span(): Span {
    this.expect(wireTypes.bytes);
    const length = this.varint();
    const start = this.at;
    const end = start + length;
    if (end > this.buffer.length) throw new ProtobufDecodeError('field is longer than the message');
    this.at = end;
    return { start, end };
  }

  bytes(): Buffer {
    const { start, end } = this.span();
    return this.buffer.subarray(start, end);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** Text whose every byte must survive: a NATS subject. */
  subject(): string {
    return this.bytes().toString('latin1');
  }

  /** An unsigned number; those above 2^53 lose their low bits. */
  number(): number {
    this.expect(wireTypes.varint);
    return this.varint();
  }

  int32(): number {
    this.expect(wireTypes.varint);
    return Number(BigInt.asIntN(32, this.bigVarint()));
  }

  int64(): bigint {
    this.expect(wireTypes.varint);
    return BigInt.asIntN(64, this.bigVarint());
  }

  /** Passes over the current field, whatever it is. */
  skip(): void {
    switch (this.wireType) {
      case wireTypes.varint:
        this.bigVarint();
        return;
      case wireTypes.fixed64: {
        this.pass(8);
        return;
      }
      case wireTypes.bytes:
        this.span();
        return;
      case wireTypes.fixed32: {
        this.pass(4);
        return;
      }
      default:
        throw new ProtobufDecodeError(`wire type ${this.wireType}`);
    }
  }

  private expect(wireType: number): void {
    if (this.wireType !== wireType) throw new ProtobufDecodeError(`wire type ${this.wireType} for field ${this.field}`);
  }

  private pass(bytes: number): void {
    this.at += bytes;
    if (this.at > this.buffer.length) throw new ProtobufDecodeError('message ends within a field');
  }

  private varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.buffer[this.at++];
      if (byte === undefined) throw new ProtobufDecodeError('message ends within a number');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new ProtobufDecodeError('number is longer than ten bytes');
  }

  private bigVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.buffer[this.at++];
      if (byte === undefined) throw new ProtobufDecodeError('message ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ProtobufDecodeError('number is longer than ten bytes');
  }
}
