import { blockHeadBytes, RowDamagedError, sealInPlace, unseal } from './rows.js';

const firstBytes = 512;
/** A block takes no further message that would make it larger. */
const largestBytes = 16 * 1_024;
const timestampBytes = 8;
const messageHeadBytes = timestampBytes + 4;

/**
 * Messages of one channel that follow each other, in the bytes of the row that keeps them: CRC-32 and count, then for each
 * message its time, its length and its bytes.
 * @internal
 */
export class MessageBlock {
  /** Where each message ends. */
  private readonly ends: number[];
  /** Of the same bytes. */
  private view: DataView;
  private sealed = false;

  private constructor(
    readonly channel: number,
    readonly firstSequence: number,
    private buffer: Buffer,
    ends: number[] = [],
  ) {
    this.ends = ends;
    this.view = viewOf(buffer);
  }

  /** An empty block for `firstSequence` and what follows. */
  static begin(channel: number, firstSequence: number): MessageBlock {
    return new MessageBlock(channel, firstSequence, Buffer.alloc(0));
  }

  /** @throws RowDamagedError unless the row is as it was written. */
  static open(channel: number, lastSequence: number, row: Buffer, what: string): MessageBlock {
    unseal(row, what);
    return MessageBlock.of(channel, lastSequence, row, what);
  }

  /** A row whose checksum was compared before. */
  static of(channel: number, lastSequence: number, row: Buffer, what: string): MessageBlock {
    const ends: number[] = [];
    for (let at = blockHeadBytes; at < row.length; at = ends.at(-1) ?? 0) {
      if (at + messageHeadBytes > row.length) throw new RowDamagedError(`${what} is cut short`);
      ends.push(at + messageHeadBytes + row.readUInt32BE(at + timestampBytes));
    }
    const isWhole = ends.length > 0 && ends.length === row.readUInt32BE(4) && ends.at(-1) === row.length;
    if (!isWhole) throw new RowDamagedError(`${what} is cut short`);
    const block = new MessageBlock(channel, lastSequence - ends.length + 1, row, ends);
    block.sealed = true;
    return block;
  }

  get lastSequence(): number {
    return this.firstSequence + this.ends.length - 1;
  }

  /** Of the row. */
  get byteLength(): number {
    return this.ends.at(-1) ?? blockHeadBytes;
  }

  /** True once its row was handed over: it never changes again. */
  get isSealed(): boolean {
    return this.sealed;
  }

  has(sequence: number): boolean {
    return sequence >= this.firstSequence && sequence <= this.lastSequence;
  }

  /** Whether a message of that size may follow. */
  takes(bytes: number): boolean {
    if (this.sealed) return false;
    return this.ends.length === 0 || this.byteLength + messageHeadBytes + bytes <= largestBytes;
  }

  append(timestampNs: bigint, encoded: Uint8Array): void {
    const start = this.byteLength;
    const end = start + messageHeadBytes + encoded.length;
    this.reserve(end);
    this.view.setBigInt64(start, timestampNs);
    this.view.setUint32(start + timestampBytes, encoded.length);
    this.buffer.set(encoded, start + messageHeadBytes);
    this.ends.push(end);
  }

  bytesOf(sequence: number): Uint8Array {
    const { buffer, byteOffset } = this.buffer;
    const start = this.startOf(sequence) + messageHeadBytes;
    // Not subarray(): a Buffer takes twice as long to make, and nobody needs one.
    return new Uint8Array(buffer, byteOffset + start, this.endOf(sequence) - start);
  }

  lengthOf(sequence: number): number {
    return this.endOf(sequence) - this.startOf(sequence) - messageHeadBytes;
  }

  timestampOf(sequence: number): bigint {
    return this.view.getBigInt64(this.startOf(sequence));
  }

  /** The row, whole and with its checksum; the block takes no further message. */
  seal(): Buffer {
    const row = this.buffer.subarray(0, this.byteLength);
    row.writeUInt32BE(this.ends.length, 4);
    this.sealed = true;
    return sealInPlace(row);
  }

  private startOf(sequence: number): number {
    const index = sequence - this.firstSequence;
    return index === 0 ? blockHeadBytes : (this.ends[index - 1] ?? blockHeadBytes);
  }

  private endOf(sequence: number): number {
    return this.ends[sequence - this.firstSequence] ?? blockHeadBytes;
  }

  /** What was read before keeps its bytes: a block that grows moves to a new buffer. */
  private reserve(bytes: number): void {
    if (this.buffer.length >= bytes) return;
    const doubled = Math.min(Math.max(firstBytes, this.buffer.length * 4), largestBytes);
    const grown = Buffer.allocUnsafeSlow(Math.max(doubled, bytes));
    this.buffer.copy(grown, 0, 0, this.byteLength);
    this.buffer = grown;
    this.view = viewOf(grown);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}
