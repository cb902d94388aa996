import type { ChannelRegistry } from '../state/channel-registry.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { Redelivery } from './redelivery.js';
import type { StreamingContext } from '../streaming-context.js';
import { removeFromList, type Subscription } from '../state/subscription.js';

/** Messages that a leaving member left unacked go to the others this soon. */
const handOverDelayMs = 100;

/**
 * Takes subscriptions away: closes them (a durable stays, offline) or removes them for good.
 * @internal
 */
export class Removal {
  constructor(
    private readonly context: StreamingContext,
    private readonly channels: ChannelRegistry,
    private readonly redelivery: Redelivery,
  ) {}

  /** Takes one subscription out of its channel. The caller has taken it from its client. */
  remove(subscription: Subscription, unsubscribe: boolean): void {
    const { channel, clientId, durableKey, group } = subscription;
    subscription.savedClientId = clientId;
    subscription.clientId = '';
    if (subscription.ackListener) this.context.bus.unsubscribe(subscription.ackListener);
    subscription.ackListener = undefined;
    subscription.clearAckTimer();
    if (!subscription.isDurable || (unsubscribe && durableKey !== '')) this.forget(subscription);
    channel.subscriptions.removeInboxes(subscription);
    if (unsubscribe && durableKey !== '') channel.subscriptions.durables.delete(durableKey);
    if (group) this.removeMember(group, subscription, unsubscribe);
    else this.removePlain(subscription, clientId, unsubscribe);
    this.channels.watchInactivity(channel);
  }

  private removePlain(subscription: Subscription, clientId: string, unsubscribe: boolean): void {
    removeFromList(subscription.channel.subscriptions.plain, subscription);
    if (!subscription.isDurable || unsubscribe) return;
    subscription.isClosed = true;
    // The stored record keeps the client id: it is part of the key under which the durable is found again.
    subscription.channel.store.subscriptions.update({ ...subscription.record, clientId });
  }

  private removeMember(group: QueueGroup, member: Subscription, unsubscribe: boolean): void {
    removeFromList(group.members, member);
    if (group.members.length > 0) this.leaveGroup(group, member);
    else if (!member.isDurable || unsubscribe) this.endGroup(group, member);
    else this.suspendGroup(group, member);
  }

  private endGroup(group: QueueGroup, member: Subscription): void {
    member.channel.subscriptions.groups.delete(group.name);
    this.forget(member);
  }

  /** The last member of a durable group has left: it stays as the group's memory. */
  private suspendGroup(group: QueueGroup, member: Subscription): void {
    group.shadow = member;
    group.stalledCount = 0;
    this.recordGroupPosition(group, member);
  }

  private leaveGroup(group: QueueGroup, member: Subscription): void {
    if (member.stalled && group.stalledCount > 0) group.stalledCount--;
    const wasAhead = member.lastSent === group.lastSent;
    const positionMoved = this.handOver(group, member);
    if (member.isDurable) this.forget(member);
    const [first] = group.members;
    if (wasAhead && !positionMoved && first) this.recordGroupPosition(group, group.shadow ?? first);
  }

  /** [STAN-QUEUE-3] Deals the unacked messages out to the members that stay. Returns whether the group's newest one was among them. */
  private handOver(group: QueueGroup, member: Subscription): boolean {
    const receivers = new Set<Subscription>();
    const overdueMs = this.context.clock.nowMs() - 1_000;
    let positionMoved = false;
    for (const [index, { sequence }] of member.pendingByExpiry().entries()) {
      const receiver = group.members[index % group.members.length];
      if (!receiver) break;
      receiver.channel.store.subscriptions.addPending(receiver.id, sequence);
      receiver.lastSent = Math.max(receiver.lastSent, sequence);
      receiver.pending.set(sequence, overdueMs);
      receivers.add(receiver);
      if (sequence === group.lastSent) positionMoved = true;
    }
    // [STAN-QUEUE-6] In the order of the members, where the real server leaves the order to chance.
    for (const receiver of receivers) this.redelivery.setTimer(receiver, handOverDelayMs);
    return positionMoved;
  }

  private recordGroupPosition(group: QueueGroup, keeper: Subscription): void {
    keeper.lastSent = group.lastSent;
    keeper.channel.store.subscriptions.update(keeper.record);
  }

  private forget(subscription: Subscription): void {
    const { channel, id } = subscription;
    channel.subscriptions.stored.delete(id);
    channel.store.subscriptions.delete(id);
  }
}
