import type { MessageLog } from '../store.js';
import { channelKey, messageKey } from './keys.js';
import type { LmdbEnvironment } from './lmdb-environment.js';
import { messageBytes, messageTimestamp, sealMessage, sealRecord } from './rows.js';
import type { DirtyPart, MarkDirty, RowWriter } from './row-writer.js';

/** A log as it was found in the file. @internal */
export interface FoundLog {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: number;
}

/** @internal */
export const emptyLog: FoundLog = { firstSequence: 0, lastSequence: 0, bytes: 0 };

/**
 * The messages of one channel: in LMDB, and in memory only until the batch that writes them, or the one after it, is on
 * the disk.
 * @internal
 */
export class LmdbMessageLog implements MessageLog, DirtyPart {
  private first: number;
  private last: number;
  private heldBytes: number;
  /** Rows that LMDB does not show yet. */
  private readonly recent = new Map<number, Buffer>();
  /** From here on no row has been handed to a batch. */
  private unwrittenFrom: number;
  /** Below this no row is in LMDB. */
  private removedBelow: number;

  constructor(
    private readonly environment: () => LmdbEnvironment,
    private readonly channel: number,
    private readonly name: string,
    found: FoundLog,
    private readonly markDirty: MarkDirty,
  ) {
    this.first = found.firstSequence;
    this.last = found.lastSequence;
    this.heldBytes = found.bytes;
    this.unwrittenFrom = found.lastSequence + 1;
    this.removedBelow = found.firstSequence;
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
    this.recent.set(sequence, sealMessage(timestampNs, encoded));
    if (this.first === 0) {
      this.first = sequence;
      this.removedBelow = sequence;
    }
    this.last = sequence;
    this.heldBytes += encoded.length;
    this.markDirty(this);
  }

  get(sequence: number): Buffer | undefined {
    const row = this.row(sequence);
    return row === undefined ? undefined : messageBytes(row);
  }

  timestampOf(sequence: number): bigint | undefined {
    const row = this.row(sequence);
    return row === undefined ? undefined : messageTimestamp(row);
  }

  removeThrough(sequence: number): void {
    if (this.first === 0 || sequence < this.first) return;
    const through = Math.min(sequence, this.last);
    for (let removed = this.first; removed <= through; removed += 1) {
      this.heldBytes -= this.get(removed)?.length ?? 0;
      if (removed >= this.unwrittenFrom) this.recent.delete(removed);
    }
    this.first = through + 1;
    this.markDirty(this);
  }

  writeTo(writer: RowWriter): void {
    const { first: firstSequence, last: lastSequence } = this;
    for (let sequence = this.removedBelow; sequence < Math.min(firstSequence, this.unwrittenFrom); sequence += 1) {
      writer.remove(messageKey(this.channel, sequence));
    }
    this.removedBelow = firstSequence;
    for (let sequence = Math.max(this.unwrittenFrom, firstSequence); sequence <= lastSequence; sequence += 1) {
      const row = this.recent.get(sequence);
      if (row !== undefined) writer.put(messageKey(this.channel, sequence), row);
    }
    this.unwrittenFrom = lastSequence + 1;
    writer.put(channelKey(this.channel), sealRecord({ name: this.name, firstSequence, lastSequence }));
  }

  /** Everything up to `sequence` can be read from LMDB now. */
  forgetRecent(sequence: number): void {
    // Messages enter in the order of their sequences, so the old ones come first.
    for (const held of this.recent.keys()) {
      if (held > sequence) break;
      this.recent.delete(held);
    }
  }

  private row(sequence: number): Buffer | undefined {
    if (this.first === 0 || sequence < this.first || sequence > this.last) return undefined;
    return this.recent.get(sequence) ?? this.environment().getBinary(messageKey(this.channel, sequence));
  }
}
