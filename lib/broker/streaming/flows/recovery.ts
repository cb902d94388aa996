import type { BrokerLogger } from '../../options/stan-broker.options.js';
import type { RecoveredChannel, RecoveredState, RecoveredSubscription } from '../../store/store.js';
import type { Channel } from '../state/channel.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { Subscription } from '../state/subscription.js';
import type { Acknowledging } from './acknowledging.js';
import type { Dispatch } from './dispatch.js';

/** What {@link Recovery} needs. @internal */
export interface RecoveryNeeds {
  readonly channels: ChannelRegistry;
  readonly clients: ClientRegistry;
  readonly acknowledging: Acknowledging;
  readonly dispatch: Dispatch;
  readonly logger: BrokerLogger;
}

interface OnlineSubscription {
  readonly channel: Channel;
  readonly subscription: Subscription;
}

/**
 * Brings a server back to where its store left it.
 * @internal
 */
export class Recovery {
  private readonly online: OnlineSubscription[] = [];

  constructor(private readonly needs: RecoveryNeeds) {}

  restore(state: RecoveredState): void {
    for (const client of state.clients) this.needs.clients.recover(client);
    for (const channel of state.channels) this.restoreChannel(channel);
  }

  private restoreChannel(recovered: RecoveredChannel): void {
    const channel = this.needs.channels.recover(recovered.store);
    for (const found of recovered.subscriptions) this.restoreSubscription(channel, found);
    channel.watchInactivity();
  }

  private restoreSubscription(channel: Channel, { record, pending }: RecoveredSubscription): void {
    const subscription = channel.subscriptions.recover(record, pending);
    const hasClient = !record.isClosed && this.needs.clients.addSubscription(record.clientId, subscription);
    if (hasClient) {
      channel.subscriptions.add(subscription);
      this.needs.acknowledging.listen(channel, subscription);
      this.online.push({ channel, subscription });
    } else if (record.durableName !== '') {
      channel.subscriptions.addOffline(subscription);
    } else if (record.isDurable && subscription.isOffline) {
      channel.subscriptions.add(subscription); // it keeps the position of a durable group without members
    } else {
      channel.subscriptions.forget(subscription); // it belongs to nobody any more
    }
  }

  /** Sends again what was unacked, then lets new messages follow. */
  redeliver(): void {
    const { dispatch, channels, logger } = this.needs;
    const groups = new Map<QueueGroup, Channel>();
    for (const { channel, subscription } of this.online) {
      subscription.start();
      dispatch.setAckTimer(channel, subscription, subscription.ackWaitMs);
      dispatch.redeliverExpired(channel, subscription, true);
      subscription.releaseNew();
      const group = channel.subscriptions.groupOf(subscription);
      if (group) groups.set(group, channel);
      else dispatch.sendAvailable(channel, subscription);
    }
    for (const [group, channel] of groups) {
      group.releaseNew();
      dispatch.sendNewToGroup(channel, group);
    }
    logger.info(`recovered ${channels.count} channel(s)`);
  }
}
