const space = 32;
const tab = 9;
const longestSizeDigits = 9;

/**
 * The arguments of one control line, as positions in its buffer: nothing is copied before it is asked for.
 * @internal
 */
export class ArgumentList {
  private buffer: Buffer = Buffer.alloc(0);
  private readonly bounds: number[] = [];

  get count(): number {
    return this.bounds.length / 2;
  }

  /** Reads the arguments between two positions of a buffer; those read before are forgotten. */
  read(buffer: Buffer, from: number, end: number): this {
    const { bounds } = this;
    this.buffer = buffer;
    bounds.length = 0;
    let start = -1;
    for (let i = from; i < end; i++) {
      const byte = buffer[i];
      if (byte === space || byte === tab) {
        if (start >= 0) bounds.push(start, i);
        start = -1;
      } else if (start < 0) {
        start = i;
      }
    }
    if (start >= 0) bounds.push(start, end);
    return this;
  }

  /** The argument at `index`, as latin1 text. */
  text(index: number): string {
    return this.buffer.toString('latin1', this.bounds[2 * index], this.bounds[2 * index + 1]);
  }

  /** The decimal number at `index`; -1 where it is none or has more than nine digits. */
  size(index: number): number {
    const start = this.bounds[2 * index] ?? 0;
    const end = this.bounds[2 * index + 1] ?? 0;
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
