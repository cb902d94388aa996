import { randomBytes } from 'node:crypto';

/** As long as those that the vendor makes, which the size of an event is reckoned with. */
export const guidLength = 22;
const prefixLength = 12;

const digitCount = guidLength - prefixLength;
const base = 36;

const zero = 0x30;
const nine = 0x39;
const letterA = 0x61;
const digits = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');

/**
 * The guids of one session's publishes: a prefix that no other session has, and the publish's number in digits to the
 * base 36. Written to and read from the bytes of the wire without making a string.
 */
export class PublishGuids {
  private readonly prefix = randomBytes(prefixLength / 2).toString('hex');
  private readonly prefixBytes = Buffer.from(this.prefix);

  textOf(number: number): string {
    return this.prefix + number.toString(base).padStart(digitCount, '0');
  }

  /** The number in a guid; `undefined` where it is none of this session's. */
  numberOf(guid: string): number | undefined {
    return guid.length === guidLength ? this.read(Buffer.from(guid), 0) : undefined;
  }

  /** Writes the guid of a number; returns the place behind it. */
  write(target: Buffer, at: number, number: number): number {
    const { prefixBytes } = this;
    for (let index = 0; index < prefixLength; index += 1) target[at + index] = prefixBytes[index] ?? 0;
    let rest = number;
    for (let place = at + guidLength - 1; place >= at + prefixLength; place -= 1) {
      const above = Math.floor(rest / base);
      target[place] = digits[rest - above * base] ?? zero;
      rest = above;
    }
    return at + guidLength;
  }

  /** The number in the guid at this place; `undefined` where there is none of this session's. */
  read(bytes: Buffer, at: number): number | undefined {
    const { prefixBytes } = this;
    for (let index = 0; index < prefixLength; index += 1) {
      if (bytes[at + index] !== prefixBytes[index]) return undefined;
    }
    let number = 0;
    for (let place = at + prefixLength; place < at + guidLength; place += 1) {
      const digit = digitOf(bytes[place] ?? 0);
      if (digit === undefined) return undefined;
      number = number * base + digit;
    }
    return number;
  }
}

function digitOf(byte: number): number | undefined {
  if (byte >= zero && byte <= nine) return byte - zero;
  const digit = byte - letterA + 10;
  return digit >= 10 && digit < base ? digit : undefined;
}
