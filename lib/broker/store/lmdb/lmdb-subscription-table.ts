import type { RecoveredSubscription, SubscriptionRecord, SubscriptionTable } from '../store.js';
import { pendingKey, subscriptionKey } from './keys.js';
import { sealRecord } from './rows.js';
import type { DirtyPart, MarkDirty, RowWriter } from './row-writer.js';

interface Kept {
  record: SubscriptionRecord;
  lastSent: number;
  hasNewRecord: boolean;
  isDeleted: boolean;
  /** Sequences with a row in LMDB, or in a batch on its way there. */
  readonly written: Set<number>;
  /** Changes since the last batch: true adds the row, false removes it. */
  readonly changes: Map<number, boolean>;
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
      this.kept.set(record.id, { ...emptyKept(record), hasNewRecord: false, written: new Set(pending) });
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
    if (kept.written.has(sequence)) kept.changes.delete(sequence);
    else kept.changes.set(sequence, true);
    this.raise(kept, sequence);
    this.mark(kept);
  }

  ackPending(id: number, sequence: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    if (kept.written.has(sequence)) kept.changes.set(sequence, false);
    else kept.changes.delete(sequence);
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
    for (const sequence of kept.written) writer.remove(pendingKey(this.channel, id, sequence));
    writer.remove(subscriptionKey(this.channel, id));
  }

  private writeChanges(kept: Kept, writer: RowWriter): void {
    const { id } = kept.record;
    for (const [sequence, isPending] of kept.changes) {
      const key = pendingKey(this.channel, id, sequence);
      if (isPending) {
        writer.put(key, nothing);
        kept.written.add(sequence);
      } else {
        writer.remove(key);
        kept.written.delete(sequence);
      }
    }
    kept.changes.clear();
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

/** A pending delivery is all in its key. */
const nothing = Buffer.alloc(0);

function emptyKept(record: SubscriptionRecord): Kept {
  return {
    record,
    lastSent: record.lastSent,
    hasNewRecord: true,
    isDeleted: false,
    written: new Set(),
    changes: new Map(),
  };
}
