import type { RecoveredChannel, RecoveredState, RecoveredSubscription } from '../../store/store.js';
import type { Channel } from '../state/channel.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { Delivery } from './delivery.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { Redelivery } from './redelivery.js';
import type { StreamingContext } from '../streaming-context.js';
import { Subscription } from '../state/subscription.js';

/**
 * Brings a server back to where its store left it.
 * @internal
 */
export class Recovery {
  private readonly online: Subscription[] = [];

  constructor(
    private readonly context: StreamingContext,
    private readonly channels: ChannelRegistry,
    private readonly clients: ClientRegistry,
    private readonly delivery: Delivery,
    private readonly redelivery: Redelivery,
    private readonly listenForAcks: (subscription: Subscription) => void,
  ) {}

  restore(state: RecoveredState): void {
    for (const client of state.clients) this.clients.recover(client);
    for (const channel of state.channels) this.restoreChannel(channel);
  }

  private restoreChannel(recovered: RecoveredChannel): void {
    const channel = this.channels.recover(recovered.store);
    for (const found of recovered.subscriptions) this.restoreSubscription(channel, found);
    this.channels.watchInactivity(channel);
  }

  private restoreSubscription(channel: Channel, found: RecoveredSubscription): void {
    const { record } = found;
    channel.nextSubscriptionId = Math.max(channel.nextSubscriptionId, record.id + 1);
    const subscription = new Subscription(channel, record);
    for (const sequence of found.pending) subscription.pending.set(sequence, 0);
    if (subscription.pending.size > 0) subscription.newOnHold = true;
    if (subscription.pending.size >= record.maxInFlight) subscription.stalled = true;
    if (!this.place(subscription)) {
      channel.store.subscriptions.delete(record.id);
      return;
    }
    channel.subscriptions.stored.add(record.id);
    if (subscription.isOffline) return;
    this.listenForAcks(subscription);
    this.online.push(subscription);
  }

  /** False for one that belongs to nobody any more. */
  private place(subscription: Subscription): boolean {
    const { channel, durableName, isDurable, clientId } = subscription;
    const isPlainDurable = durableName !== '';
    const hasClient = !subscription.isClosed && this.clients.addSubscription(clientId, subscription);
    if (isPlainDurable && !hasClient) {
      channel.subscriptions.durables.set(subscription.durableKey, subscription);
      subscription.savedClientId = clientId;
      subscription.clientId = '';
      return true;
    }
    const isShadow = isDurable && subscription.isOffline;
    if (!hasClient && !isShadow) return false;
    channel.subscriptions.add(subscription);
    return true;
  }

  /** Sends again what was unacked, then lets new messages follow. */
  redeliver(): void {
    const groups = new Map<QueueGroup, Channel>();
    for (const subscription of this.online) {
      subscription.initialized = true;
      this.redelivery.setTimer(subscription, subscription.ackWaitMs);
      this.redelivery.redeliverExpired(subscription, true);
      subscription.newOnHold = false;
      if (subscription.group) groups.set(subscription.group, subscription.channel);
      else this.delivery.sendAvailable(subscription);
    }
    for (const [group, channel] of groups) this.releaseGroup(group, channel);
    this.context.logger.info(`recovered ${this.channels.count} channel(s)`);
  }

  private releaseGroup(group: QueueGroup, channel: Channel): void {
    group.newOnHold = false;
    group.redeliveryCounts = undefined;
    group.stalledCount = group.members.filter((member) => member.stalled).length;
    this.delivery.sendAvailableToGroup(channel, group);
  }
}
