import { Duplex } from 'node:stream';

class Side extends Duplex {
  other: Side | undefined;

  override _read(): void {
    // bytes are pushed as they are written at the other side
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.other?.push(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    if (other && !other.destroyed) other.push(null);
    done(error);
  }
}

/** Two streams; what is written to one is read from the other. */
export function duplexPair(): [Duplex, Duplex] {
  const [left, right] = [new Side(), new Side()];
  left.other = right;
  right.other = left;
  return [left, right];
}
