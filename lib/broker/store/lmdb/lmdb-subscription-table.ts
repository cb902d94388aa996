import type { RecoveredSubscription, SubscriptionRecord, SubscriptionTable } from '../store.js';
import { pendingKey, subscriptionKey } from './keys.js';
import { PendingBlocks } from './pending-blocks.js';
import { sealPending, sealRecord } from './rows.js';
import type { DirtyPart, MarkDirty, RowWriter } from './row-writer.js';

interface Kept {
  record: SubscriptionRecord;
  lastSent: number;
  hasNewRecord: boolean;
  isDeleted: boolean;
  readonly pending: PendingBlocks;
}

/**
 * The subscriptions of one channel. A delivery that is acked before the next batch never reaches the file: only the
 * subscription's `lastSent` does.
 * @internal
 */
export class LmdbSubscriptionTable implements SubscriptionTable, DirtyPart {
  private readonly kept = new Map<number, Kept>();
  private readonly dirty = new Set<Kept>();

  constructor(
    private readonly channel: number,
    found: readonly RecoveredSubscription[],
    private readonly markDirty: MarkDirty,
  ) {
    for (const { record, pending } of found) {
      this.kept.set(record.id, { ...emptyKept(record, pending), hasNewRecord: false });
    }
  }

  create(record: SubscriptionRecord): void {
    const kept = emptyKept(record);
    this.kept.set(record.id, kept);
    this.mark(kept);
  }

  update(record: SubscriptionRecord): void {
    const kept = this.kept.get(record.id);
    if (kept === undefined) return;
    kept.record = record;
    kept.hasNewRecord = true;
    this.raise(kept, record.lastSent);
    this.mark(kept);
  }

  delete(id: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    this.kept.delete(id);
    kept.isDeleted = true;
    this.mark(kept);
  }

  addPending(id: number, sequence: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    kept.pending.add(sequence);
    this.raise(kept, sequence);
    this.mark(kept);
  }

  ackPending(id: number, sequence: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    kept.pending.remove(sequence);
    this.raise(kept, sequence);
    this.mark(kept);
  }

  writeTo(writer: RowWriter): void {
    for (const kept of this.dirty) {
      if (kept.isDeleted) this.writeRemoval(kept, writer);
      else this.writeChanges(kept, writer);
    }
    this.dirty.clear();
  }

  private writeRemoval(kept: Kept, writer: RowWriter): void {
    const { id } = kept.record;
    for (const block of kept.pending.written()) writer.remove(pendingKey(this.channel, id, block));
    writer.remove(subscriptionKey(this.channel, id));
  }

  private writeChanges(kept: Kept, writer: RowWriter): void {
    const { id } = kept.record;
    kept.pending.takeChanges((block, bits) => {
      const key = pendingKey(this.channel, id, block);
      if (bits === undefined) writer.remove(key);
      else writer.put(key, sealPending(bits));
    });
    if (!kept.hasNewRecord) return;
    kept.hasNewRecord = false;
    writer.put(subscriptionKey(this.channel, id), sealRecord({ ...kept.record, lastSent: kept.lastSent }));
  }

  private raise(kept: Kept, sequence: number): void {
    if (sequence <= kept.lastSent) return;
    kept.lastSent = sequence;
    kept.hasNewRecord = true;
  }

  private mark(kept: Kept): void {
    this.dirty.add(kept);
    this.markDirty(this);
  }
}

function emptyKept(record: SubscriptionRecord, pending: readonly number[] = []): Kept {
  return {
    record,
    lastSent: record.lastSent,
    hasNewRecord: true,
    isDeleted: false,
    pending: new PendingBlocks(pending),
  };
}
