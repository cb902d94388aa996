import type { Clock } from '../../clock/clock.js';
import type { Channel } from '../state/channel.js';
import type { ChannelRegistry } from '../state/channel-registry.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { Subscription } from '../state/subscription.js';
import type { Acknowledging } from './acknowledging.js';
import type { Dispatch } from './dispatch.js';

/** Messages that a leaving member left unacked go to the others this soon. */
const handOverDelayMs = 100;

/** What {@link Removal} needs. @internal */
export interface RemovalNeeds {
  readonly channels: ChannelRegistry;
  readonly acknowledging: Acknowledging;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
}

/**
 * Closes subscriptions (a durable stays, offline) or removes them for good.
 * @internal
 */
export class Removal {
  constructor(private readonly needs: RemovalNeeds) {}

  /** Removes one subscription from its channel. The caller has removed it from its client. */
  remove(subscription: Subscription, unsubscribe: boolean): void {
    const channel = this.needs.channels.get(subscription.channel);
    if (!channel) return;
    const { subscriptions } = channel;
    const group = subscriptions.groupOf(subscription);
    subscription.goOffline();
    this.needs.acknowledging.stop(subscription);
    const endsDurable = unsubscribe && subscription.durableKey !== '';
    if (!subscription.isDurable || endsDurable) subscriptions.forget(subscription);
    subscriptions.remove(subscription);
    if (group) this.removeMember(channel, group, subscription, unsubscribe);
    else if (subscription.isDurable && !unsubscribe) subscription.keepClosed();
    channel.watchInactivity();
  }

  private removeMember(channel: Channel, group: QueueGroup, member: Subscription, unsubscribe: boolean): void {
    group.leave(member);
    if (!group.isEmpty) {
      this.leaveToOthers(channel, group, member);
    } else if (member.isDurable && !unsubscribe) {
      group.suspend(member);
    } else {
      channel.subscriptions.endGroup(group);
      channel.subscriptions.forget(member);
    }
  }

  private leaveToOthers(channel: Channel, group: QueueGroup, member: Subscription): void {
    const { clock, dispatch } = this.needs;
    const wasAhead = member.lastSent === group.lastSent;
    const { receivers, includesLastSent } = group.handOver(member, clock.nowMs() - 1_000);
    // [STAN-QUEUE-6] In the order of the members, where the real server leaves the order to chance.
    for (const receiver of receivers) dispatch.setAckTimer(channel, receiver, handOverDelayMs);
    if (member.isDurable) channel.subscriptions.forget(member);
    if (wasAhead && !includesLastSent) group.savePosition();
  }
}
