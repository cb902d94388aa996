import type { Span } from '../../protocol/messages.js';
import type { ClientRecord, Store } from '../../store/store.js';
import { StringCache } from '../../strings/string-cache.js';
import { Client } from './client.js';
import type { Subscription } from './subscription.js';

/**
 * The registered clients, by client id and by connection id.
 * @internal
 */
export class ClientRegistry {
  private readonly byId = new Map<string, Client>();
  private readonly byConnection = new Map<string, Client>();
  private readonly connectionKeys = new StringCache('latin1');

  constructor(private readonly store: Pick<Store, 'putClient' | 'deleteClient'>) {}

  get count(): number {
    return this.byId.size;
  }

  get(clientId: string): Client | undefined {
    return this.byId.get(clientId);
  }

  getByConnection(connectionId: Uint8Array): Client | undefined {
    return this.byConnection.get(keyOf(connectionId));
  }

  all(): Client[] {
    return [...this.byId.values()];
  }

  has(clientId: string): boolean {
    return this.byId.has(clientId);
  }

  /** `connectionId` is a range of `bytes`. */
  hasConnection(bytes: Buffer, connectionId: Span): boolean {
    return this.byConnection.has(this.connectionKeys.read(bytes, connectionId.start, connectionId.end));
  }

  register(record: ClientRecord): Client {
    this.store.putClient(record);
    return this.recover(record);
  }

  /** Adds a client that was found in the store. */
  recover(record: ClientRecord): Client {
    const client = new Client(record);
    this.byId.set(record.clientId, client);
    if (record.connectionId.length > 0) this.byConnection.set(keyOf(record.connectionId), client);
    return client;
  }

  unregister(client: Client): void {
    client.unregister();
    this.byId.delete(client.id);
    this.byConnection.delete(keyOf(client.record.connectionId));
    this.store.deleteClient(client.id);
  }

  /** Returns false where no such client is registered. */
  addSubscription(clientId: string, subscription: Subscription): boolean {
    const client = this.byId.get(clientId);
    client?.add(subscription);
    return client !== undefined;
  }

  /** Returns false where the client does not have the subscription. */
  removeSubscription(clientId: string, subscription: Subscription): boolean {
    return this.byId.get(clientId)?.remove(subscription) ?? false;
  }

  stop(): void {
    for (const client of this.byId.values()) client.stop();
  }
}

function keyOf(connectionId: Uint8Array): string {
  return Buffer.from(connectionId.buffer, connectionId.byteOffset, connectionId.length).toString('latin1');
}
