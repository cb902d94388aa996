import type { ClockTimer } from '../../clock/clock.js';
import type { Span } from '../../protocol/messages.js';
import type { ClientRecord } from '../../store/store.js';
import { StringCache } from '../../strings/string-cache.js';
import type { StreamingContext } from '../streaming-context.js';
import { removeFromList, type Subscription } from './subscription.js';

/** A registered client id. @internal */
export interface Client {
  readonly record: ClientRecord;
  readonly subscriptions: Subscription[];
  heartbeatTimer: ClockTimer | undefined;
  failedHeartbeats: number;
  /** False as soon as the id was closed or given to another connection. */
  isRegistered: boolean;
}

/**
 * The registered clients, by client id and by connection id.
 * @internal
 */
export class ClientRegistry {
  private readonly byId = new Map<string, Client>();
  private readonly byConnection = new Map<string, Client>();
  private readonly connectionKeys = new StringCache('latin1');

  constructor(private readonly context: StreamingContext) {}

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

  /** `connectionId` is a place in `bytes`. */
  hasConnection(bytes: Buffer, connectionId: Span): boolean {
    return this.byConnection.has(this.connectionKeys.read(bytes, connectionId.start, connectionId.end));
  }

  register(record: ClientRecord): Client {
    this.context.store.putClient(record);
    return this.recover(record);
  }

  /** Takes over a client found in the store. */
  recover(record: ClientRecord): Client {
    const client: Client = {
      record,
      subscriptions: [],
      heartbeatTimer: undefined,
      failedHeartbeats: 0,
      isRegistered: true,
    };
    this.byId.set(record.clientId, client);
    if (record.connectionId.length > 0) this.byConnection.set(keyOf(record.connectionId), client);
    return client;
  }

  unregister(client: Client): void {
    client.isRegistered = false;
    client.heartbeatTimer?.cancel();
    client.heartbeatTimer = undefined;
    this.byId.delete(client.record.clientId);
    this.byConnection.delete(keyOf(client.record.connectionId));
    this.context.store.deleteClient(client.record.clientId);
  }

  addSubscription(clientId: string, subscription: Subscription): boolean {
    const client = this.byId.get(clientId);
    client?.subscriptions.push(subscription);
    return client !== undefined;
  }

  removeSubscription(clientId: string, subscription: Subscription): boolean {
    const client = this.byId.get(clientId);
    return client !== undefined && removeFromList(client.subscriptions, subscription);
  }

  stop(): void {
    for (const client of this.byId.values()) client.heartbeatTimer?.cancel();
  }
}

function keyOf(connectionId: Uint8Array): string {
  return Buffer.from(connectionId.buffer, connectionId.byteOffset, connectionId.length).toString('latin1');
}
