import type { MessageLog } from '../store.js';
import type { BlockCache } from './block-cache.js';
import { channelKey, firstNumberOf, messageKey, messageRangeFrom } from './keys.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import { MessageBlock } from './message-block.js';
import { sealRecord } from './rows.js';
import type { DirtyPart, MarkDirty, RowWriter } from './row-writer.js';

/** A log as it was found in the file. @internal */
export interface FoundLog {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: number;
}

/** @internal */
export const emptyLog: FoundLog = { firstSequence: 0, lastSequence: 0, bytes: 0 };

/** Where a log finds what it does not hold in memory. @internal */
export interface LogSource {
  environment(): LmdbEnvironment;
  readonly cache: BlockCache;
}

/**
 * The messages of one channel, in blocks: in LMDB, and in memory until LMDB shows them.
 * @internal
 */
export class LmdbMessageLog implements MessageLog, DirtyPart {
  private first: number;
  private last: number;
  private heldBytes: number;
  /** Blocks that LMDB does not show yet; of those only the last may be open. */
  private recent: MessageBlock[] = [];
  /** How many of the recent blocks have been handed over; they come first. */
  private handedOver = 0;
  /** Keys of blocks whose rows are to be removed. */
  private removed: number[] = [];

  constructor(
    private readonly source: LogSource,
    private readonly channel: number,
    private readonly name: string,
    found: FoundLog,
    private readonly markDirty: MarkDirty,
  ) {
    this.first = found.firstSequence;
    this.last = found.lastSequence;
    this.heldBytes = found.bytes;
  }

  get firstSequence(): number {
    return this.first;
  }

  get lastSequence(): number {
    return this.last;
  }

  get count(): number {
    return this.first === 0 ? 0 : this.last - this.first + 1;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  append(sequence: number, timestampNs: bigint, encoded: Uint8Array): void {
    let block = this.recent.at(-1);
    if (block === undefined || !block.takes(encoded.length)) {
      block = MessageBlock.begin(this.channel, sequence);
      this.recent.push(block);
    }
    block.append(timestampNs, encoded);
    if (this.first === 0) this.first = sequence;
    this.last = sequence;
    this.heldBytes += encoded.length;
    this.markDirty(this);
  }

  get(sequence: number): Uint8Array | undefined {
    return this.blockOf(sequence)?.bytesOf(sequence);
  }

  timestampOf(sequence: number): bigint | undefined {
    return this.blockOf(sequence)?.timestampOf(sequence);
  }

  removeThrough(sequence: number): void {
    if (this.first === 0 || sequence < this.first) return;
    const through = Math.min(sequence, this.last);
    for (let block = this.blockOf(this.first); block !== undefined; block = this.blockOf(this.first)) {
      const end = Math.min(through, block.lastSequence);
      for (; this.first <= end; this.first += 1) this.heldBytes -= block.lengthOf(this.first);
      if (end < block.lastSequence) break;
      this.drop(block);
      if (end === through) break;
    }
    this.markDirty(this);
  }

  writeTo(writer: RowWriter): void {
    for (const lastSequence of this.removed) writer.remove(messageKey(this.channel, lastSequence));
    this.removed = [];
    for (const block of this.recent.slice(this.handedOver)) {
      writer.put(messageKey(this.channel, block.lastSequence), block.seal());
    }
    this.handedOver = this.recent.length;
    const { name, first: firstSequence, last: lastSequence } = this;
    writer.put(channelKey(this.channel), sealRecord({ name, firstSequence, lastSequence }));
  }

  /** Everything up to `sequence` can be read from LMDB now. */
  forgetRecent(sequence: number): void {
    const kept = this.recent.findIndex((block) => block.lastSequence > sequence);
    const forgotten = kept < 0 ? this.recent.length : kept;
    this.recent.splice(0, forgotten);
    this.handedOver = Math.max(0, this.handedOver - forgotten);
  }

  /** All messages of a block are removed. */
  private drop(block: MessageBlock): void {
    if (block.isSealed) this.removed.push(block.lastSequence);
    if (this.recent[0] !== block) return;
    this.recent.shift();
    this.handedOver = Math.max(0, this.handedOver - 1);
  }

  private blockOf(sequence: number): MessageBlock | undefined {
    if (this.first === 0 || sequence < this.first || sequence > this.last) return undefined;
    return this.recentBlock(sequence) ?? this.source.cache.find(this.channel, sequence) ?? this.load(sequence);
  }

  private recentBlock(sequence: number): MessageBlock | undefined {
    const { recent } = this;
    let high = recent.length - 1;
    const last = recent[high];
    if (last === undefined || sequence < (recent[0]?.firstSequence ?? 0)) return undefined;
    if (sequence >= last.firstSequence) return last; // nearly every read is of a new message
    let low = 0;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((recent[middle]?.firstSequence ?? 0) <= sequence) low = middle;
      else high = middle - 1;
    }
    return recent[low];
  }

  /** A block's key is its last sequence: the first key from a sequence on has the block that holds it. */
  private load(sequence: number): MessageBlock | undefined {
    const { channel, source } = this;
    for (const { key, value } of source.environment().getRange(messageRangeFrom(channel, sequence))) {
      const block = MessageBlock.of(channel, firstNumberOf(key), value, `message ${String(sequence)} of ${this.name}`);
      source.cache.add(block);
      return block;
    }
    return undefined;
  }
}
