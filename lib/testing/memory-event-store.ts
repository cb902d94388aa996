import { StanEventStore } from '../core/event-store/event-store.js';
import type {
  Advance,
  EntityVersion,
  ParkedEvent,
  ParkedFailure,
  ParkedGap,
  ParkedStream,
  ParkedQuery,
  VersionedEntity,
} from '../core/event-store/event-store.js';

/** What one transaction of a {@link MemoryEventStore} has changed; handlers get it, and have no use for it. @publicApi */
export interface MemoryTransaction {
  /** Undoes the changes, the last one first, where the transaction fails. @internal */
  readonly undo: (() => void)[];
}

/**
 * An event store for tests without a database: transactions run one after the other. It keeps nothing when the process ends,
 * and what a handler writes elsewhere is not rolled back with it.
 * @publicApi
 */
export class MemoryEventStore extends StanEventStore<MemoryTransaction> {
  override readonly sweepMs: number;
  private readonly inbox = new Map<string, number>();
  private readonly versions = new Map<string, { version: number; parkedTo: number }>();
  private readonly parked = new Map<string, ParkedEvent>();
  private last: Promise<unknown> = Promise.resolve();

  /** @param options - `sweepMs`: how often parked events that are due are looked for, in milliseconds; 1 000 where left out */
  constructor(options: { readonly sweepMs?: number } = {}) {
    super();
    this.sweepMs = options.sweepMs ?? 1_000;
  }

  override transaction<T>(work: (tx: MemoryTransaction) => Promise<T>): Promise<T> {
    const outcome = this.last.then(() => this.runAlone(work));
    this.last = outcome.catch(() => undefined);
    return outcome;
  }

  override async recordInbox(tx: MemoryTransaction, consumer: string, id: string, now: number): Promise<boolean> {
    const name = nameOf(consumer, id);
    if (this.inbox.has(name)) return false;
    change(tx, this.inbox, name, now);
    return true;
  }

  override async advance(tx: MemoryTransaction, entity: VersionedEntity): Promise<Advance> {
    const { version, first, mode, unknownKey } = entity;
    const stored = this.versions.get(entityName(entity));
    const last = stored?.version ?? (unknownKey === 'any' && mode === 'every' ? version - 1 : first - 1);
    if (last >= version) return 'stale';
    if (mode === 'every' && last < version - 1) return 'early';
    const parkedTo = stored?.parkedTo ?? -1;
    change(tx, this.versions, entityName(entity), { version, parkedTo });
    return parkedTo > version ? 'nextAndParked' : 'next';
  }

  override async park(tx: MemoryTransaction, parked: ParkedEvent, first: number): Promise<boolean> {
    const name = entityName(parked);
    const stored = this.versions.get(name) ?? { version: first - 1, parkedTo: -1 };
    if (stored.version >= parked.version - 1) return false;
    change(tx, this.versions, name, { ...stored, parkedTo: Math.max(stored.parkedTo, parked.version) });
    if (!this.parked.has(versionName(parked))) change(tx, this.parked, versionName(parked), parked);
    return true;
  }

  override async takeParked(tx: MemoryTransaction, entity: EntityVersion): Promise<ParkedEvent | undefined> {
    const parked = this.parked.get(versionName(entity));
    if (parked !== undefined) change(tx, this.parked, versionName(entity), undefined);
    return parked;
  }

  override async dueParked(consumers: readonly string[], now: number, limit: number): Promise<EntityVersion[]> {
    return [...this.parked.values()]
      .filter(({ consumer, notBeforeMs }) => consumers.includes(consumer) && notBeforeMs <= now)
      .filter((parked) => parked.version <= this.versionOf(parked) + 1)
      .slice(0, limit)
      .map(({ consumer, stream, key, version }) => ({ consumer, stream, key, version }));
  }

  override async failParked(tx: MemoryTransaction, entity: EntityVersion, failure: ParkedFailure): Promise<void> {
    const parked = this.parked.get(versionName(entity));
    if (parked === undefined) return;
    change(tx, this.parked, versionName(entity), { ...parked, ...failure, attempts: parked.attempts + 1 });
  }

  override async listParked(consumer: string, { stream, key, limit }: ParkedQuery): Promise<ParkedEvent[]> {
    return [...this.parked.values()]
      .filter((parked) => parked.consumer === consumer)
      .filter((parked) => stream === undefined || parked.stream === stream)
      .filter((parked) => key === undefined || parked.key === key)
      .sort((a, b) => compare(a.stream, b.stream) || compare(a.key, b.key) || a.version - b.version)
      .slice(0, limit);
  }

  override async gaps(consumers: readonly string[], parkedBefore: number): Promise<ParkedGap[]> {
    const waiting = [...this.parked.values()].filter(({ consumer }) => consumers.includes(consumer));
    const firstOfEach = new Map(waiting.map((parked) => [entityName(parked), parked]));
    return [...firstOfEach.values()].flatMap((one) => {
      const group = this.ofEntity(one);
      const expected = this.versionOf(one) + 1;
      const sinceMs = Math.min(...group.map(({ parkedAtMs }) => parkedAtMs));
      if (sinceMs > parkedBefore || group.some(({ version }) => version <= expected)) return [];
      const { consumer, stream, key } = one;
      return [{ consumer, stream, key, expected, parked: group.length, sinceMs }];
    });
  }

  override async parkedByStream(consumers: readonly string[]): Promise<ParkedStream[]> {
    const found = new Map<string, ParkedStream>();
    for (const { consumer, stream, parkedAtMs } of this.parked.values()) {
      if (!consumers.includes(consumer)) continue;
      const { parked, sinceMs } = found.get(stream) ?? { parked: 0, sinceMs: Infinity };
      found.set(stream, { stream, parked: parked + 1, sinceMs: Math.min(sinceMs, parkedAtMs) });
    }
    return [...found.values()].sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  override async skip(tx: MemoryTransaction, entity: EntityVersion): Promise<void> {
    const stored = this.versions.get(entityName(entity)) ?? { version: -1, parkedTo: -1 };
    const version = Math.max(stored.version, entity.version);
    change(tx, this.versions, entityName(entity), { ...stored, version });
    for (const parked of this.ofEntity(entity)) {
      if (parked.version <= entity.version) change(tx, this.parked, versionName(parked), undefined);
    }
  }

  override async retryParked(tx: MemoryTransaction, entity: Omit<EntityVersion, 'version'>): Promise<number> {
    const all = this.ofEntity(entity);
    for (const parked of all) change(tx, this.parked, versionName(parked), { ...parked, notBeforeMs: 0 });
    return all.length;
  }

  override async prune(handledBefore: number): Promise<number> {
    const old = [...this.inbox].filter(([, handledAt]) => handledAt < handledBefore);
    for (const [name] of old) this.inbox.delete(name);
    return old.length;
  }

  private async runAlone<T>(work: (tx: MemoryTransaction) => Promise<T>): Promise<T> {
    const tx: MemoryTransaction = { undo: [] };
    try {
      return await work(tx);
    } catch (error) {
      for (const undo of tx.undo.reverse()) undo();
      throw error;
    }
  }

  private ofEntity(entity: Omit<EntityVersion, 'version'>): ParkedEvent[] {
    return [...this.parked.values()].filter((parked) => entityName(parked) === entityName(entity));
  }

  private versionOf(entity: EntityVersion): number {
    return this.versions.get(entityName(entity))?.version ?? -1;
  }
}

function change<Value>(tx: MemoryTransaction, map: Map<string, Value>, name: string, value: Value | undefined): void {
  const before = map.get(name);
  tx.undo.push(() => set(map, name, before));
  set(map, name, value);
}

function set<Value>(map: Map<string, Value>, name: string, value: Value | undefined): void {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}

function entityName({ consumer, stream, key }: Omit<EntityVersion, 'version'>): string {
  return nameOf(consumer, stream, key);
}

function versionName(entity: EntityVersion): string {
  return nameOf(entity.consumer, entity.stream, entity.key, String(entity.version));
}

function nameOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
