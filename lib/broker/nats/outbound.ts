import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const firstChunkBytes = 2 * 1_024;
const largestChunkBytes = 64 * 1_024;
/** A payload from this size on is handed to the socket as it is; a smaller one is cheaper to copy beside the others. */
const copyLimitBytes = 16 * 1_024;
/** Digits of the largest payload that there can be. */
const longestSize = 16;
/**
 * From this many bytes on a socket gets them before the turn is over: the client works on them while we go on. Without it
 * a client that is sent a whole max in flight waits for all of it, and then the server for all of its acks.
 */
const earlyFlushBytes = 16 * 1_024;

/**
 * Collects what one connection has to be sent and hands it to the stream in few, large writes.
 * @internal
 */
export class Outbound {
  private chunk: Buffer = Buffer.alloc(0);
  private flushed = 0;
  private filled = 0;
  private ready: Uint8Array[] = [];
  private readyBytes = 0;

  /** Another duplex may hand what is written to its reader, and the reader's answer to us, before the write returns. */
  private readonly takesEarlyWrites: boolean;

  constructor(private readonly stream: Duplex) {
    this.takesEarlyWrites = stream instanceof Socket;
  }

  /** True where it is worth a write of its own before the turn is over. */
  get isWorthFlushing(): boolean {
    return this.takesEarlyWrites && this.readyBytes + (this.filled - this.flushed) >= earlyFlushBytes;
  }

  /** Bytes that were not yet taken by the network. */
  get pendingBytes(): number {
    return this.readyBytes + (this.filled - this.flushed) + this.stream.writableLength;
  }

  /** Text is latin1. */
  text(text: string): void {
    this.reserve(text.length);
    this.filled += this.chunk.write(text, this.filled, 'latin1');
  }

  /** One MSG: `head` is everything up to the size of the data. */
  message(head: Uint8Array, data: Uint8Array): void {
    this.reserve(head.length + longestSize + 2);
    this.chunk.set(head, this.filled);
    this.filled += head.length;
    this.size(data.length);
    this.lineEnd();
    this.bytes(data);
    this.reserve(2);
    this.lineEnd();
  }

  private size(value: number): void {
    let unit = 1;
    while (unit * 10 <= value) unit *= 10;
    for (; unit >= 1; unit /= 10) this.chunk[this.filled++] = 48 + (Math.floor(value / unit) % 10);
  }

  private lineEnd(): void {
    this.chunk[this.filled++] = 13;
    this.chunk[this.filled++] = 10;
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length >= copyLimitBytes) {
      this.seal();
      this.push(bytes);
      return;
    }
    this.reserve(bytes.length);
    this.chunk.set(bytes, this.filled);
    this.filled += bytes.length;
  }

  flush(): void {
    this.seal();
    if (this.ready.length === 0) return;
    const writes = this.ready;
    this.ready = [];
    this.readyBytes = 0;
    if (this.stream.destroyed || this.stream.writableEnded) return;
    if (writes.length === 1) {
      this.stream.write(writes[0]);
      return;
    }
    this.stream.cork();
    for (const write of writes) this.stream.write(write);
    this.stream.uncork();
  }

  private reserve(bytes: number): void {
    if (this.chunk.length - this.filled >= bytes) return;
    this.seal();
    const size = Math.min(largestChunkBytes, Math.max(firstChunkBytes, this.chunk.length * 2));
    this.chunk = Buffer.allocUnsafeSlow(Math.max(size, bytes));
    this.flushed = 0;
    this.filled = 0;
  }

  /** What follows in the chunk never overwrites what was sealed, so the socket may keep reading it. */
  private seal(): void {
    if (this.filled === this.flushed) return;
    this.push(this.chunk.subarray(this.flushed, this.filled));
    this.flushed = this.filled;
  }

  private push(bytes: Uint8Array): void {
    this.ready.push(bytes);
    this.readyBytes += bytes.length;
  }
}
