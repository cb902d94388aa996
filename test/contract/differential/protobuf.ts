/**
 * The few lines of protobuf that the STAN protocol needs, written for the tests alone: a test that decoded with the
 * broker's own codec could not see the codec's mistakes.
 */
export type FieldValue = string | Uint8Array | number | bigint | undefined;

/** Encodes fields by number; empty, zero and undefined fields are left out, as proto3 does. */
export function encodeMessage(fields: Readonly<Record<number, FieldValue>>): Buffer {
  const parts: Buffer[] = [];
  for (const [number, value] of Object.entries(fields)) {
    if (value === undefined || value === '' || value === 0 || value === 0n) continue;
    if (typeof value === 'number' || typeof value === 'bigint') {
      parts.push(encodeVarint(BigInt(number) << 3n), encodeVarint(BigInt.asUintN(64, BigInt(value))));
    } else {
      const bytes = Buffer.from(value as Uint8Array);
      parts.push(encodeVarint((BigInt(number) << 3n) | 2n), encodeVarint(BigInt(bytes.length)), bytes);
    }
  }
  return Buffer.concat(parts);
}

function encodeVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** One decoded message; absent fields read as proto3's defaults. */
export class DecodedMessage {
  private readonly fields = new Map<number, bigint | Buffer>();

  constructor(bytes: Buffer) {
    let offset = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = bytes[offset++];
        if (byte === undefined) throw new Error('truncated protobuf message');
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
      }
    };
    while (offset < bytes.length) {
      const tag = varint();
      const number = Number(tag >> 3n);
      if ((tag & 7n) === 0n) {
        this.fields.set(number, varint());
      } else if ((tag & 7n) === 2n) {
        const length = Number(varint());
        this.fields.set(number, bytes.subarray(offset, offset + length));
        offset += length;
      } else {
        throw new Error(`unexpected wire type in field ${number}`);
      }
    }
  }

  text(number: number): string {
    return this.bytes(number).toString('utf8');
  }

  bytes(number: number): Buffer {
    const value = this.fields.get(number);
    return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
  }

  integer(number: number): bigint {
    const value = this.fields.get(number);
    return typeof value === 'bigint' ? value : 0n;
  }
}
