import { MemoryLog } from './memory-log.js';
import type {
  ChannelStore,
  ClientRecord,
  RecoveredState,
  RecoveredSubscription,
  ServerRecord,
  Store,
  SubscriptionRecord,
  SubscriptionTable,
} from './store.js';

/**
 * Keeps everything in the memory of this process: gone with it, but there again when the same store is opened again.
 * @publicApi
 */
export class MemoryStore implements Store {
  readonly type = 'MEMORY';
  private server: ServerRecord | undefined;
  private readonly clients = new Map<string, ClientRecord>();
  private readonly channels = new Map<string, MemoryChannel>();

  open(): Promise<RecoveredState | undefined> {
    if (this.server === undefined) return Promise.resolve(undefined);
    const channels = [...this.channels.values()].map((store) => ({
      store,
      subscriptions: store.subscriptions.recovered(),
    }));
    return Promise.resolve({ server: this.server, clients: [...this.clients.values()], channels });
  }

  saveServer(record: ServerRecord): void {
    this.server = record;
  }

  createChannel(name: string): ChannelStore {
    const channel = { name, messages: new MemoryLog(), subscriptions: new MemorySubscriptions() };
    this.channels.set(name, channel);
    return channel;
  }

  deleteChannel(name: string): void {
    this.channels.delete(name);
  }

  putClient(record: ClientRecord): void {
    this.clients.set(record.clientId, record);
  }

  deleteClient(clientId: string): void {
    this.clients.delete(clientId);
  }

  flush(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.server = undefined;
    this.clients.clear();
    this.channels.clear();
    return Promise.resolve();
  }
}

interface MemoryChannel extends ChannelStore {
  readonly subscriptions: MemorySubscriptions;
}

interface Kept {
  record: SubscriptionRecord;
  lastSent: number;
  readonly pending: Set<number>;
}

class MemorySubscriptions implements SubscriptionTable {
  private readonly kept = new Map<number, Kept>();

  recovered(): RecoveredSubscription[] {
    return [...this.kept.values()].map(({ record, lastSent, pending }) => ({
      record: { ...record, lastSent },
      pending: [...pending].sort((a, b) => a - b),
    }));
  }

  create(record: SubscriptionRecord): void {
    this.kept.set(record.id, { record, lastSent: record.lastSent, pending: new Set() });
  }

  update(record: SubscriptionRecord): void {
    const kept = this.kept.get(record.id);
    if (kept === undefined) return;
    kept.record = record;
    kept.lastSent = Math.max(kept.lastSent, record.lastSent);
  }

  delete(id: number): void {
    this.kept.delete(id);
  }

  addPending(id: number, sequence: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    kept.pending.add(sequence);
    if (sequence > kept.lastSent) kept.lastSent = sequence;
  }

  ackPending(id: number, sequence: number): void {
    const kept = this.kept.get(id);
    if (kept === undefined) return;
    kept.pending.delete(sequence);
    if (sequence > kept.lastSent) kept.lastSent = sequence;
  }
}
