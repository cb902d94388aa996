import { StringCache } from '../strings/string-cache.js';

const space = 32;
const tab = 9;
const longestSizeDigits = 9;
/** No operation takes as many: what is beyond is not looked at. */
const mostArguments = 5;

/**
 * The arguments of one control line, as positions in its buffer: nothing is copied before it is asked for.
 * @internal
 */
export class ArgumentList {
  private buffer: Buffer = Buffer.alloc(0);
  private readonly starts: number[] = Array<number>(mostArguments).fill(0);
  private readonly ends: number[] = Array<number>(mostArguments).fill(0);
  private readonly memo = new StringCache('latin1');
  /** How many there are; from five on it may be more. */
  count = 0;

  /** Reads the arguments between two positions of a buffer; those read before are forgotten. */
  read(buffer: Buffer, from: number, end: number): this {
    this.buffer = buffer;
    this.count = 0;
    let start = -1;
    for (let i = from; i < end && this.count < mostArguments; i++) {
      const byte = buffer[i];
      if (byte === space || byte === tab) {
        if (start >= 0) this.add(start, i);
        start = -1;
      } else if (start < 0) {
        start = i;
      }
    }
    if (start >= 0 && this.count < mostArguments) this.add(start, end);
    return this;
  }

  private add(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  /** The argument at `index`, as latin1 text. */
  text(index: number): string {
    return this.memo.read(this.buffer, this.starts[index] ?? 0, this.ends[index] ?? 0);
  }

  /** The decimal number at `index`; -1 where it is none or has more than nine digits. */
  size(index: number): number {
    const start = this.starts[index] ?? 0;
    const end = this.ends[index] ?? 0;
    if (end - start > longestSizeDigits) return -1;
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = (this.buffer[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }
}
