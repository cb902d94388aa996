import type { Clock } from '../../clock/clock.js';
import type { EventFeed } from '../../events/event-feed.js';
import type { StanEncoder } from '../../protocol/encode.js';
import type { Channel } from '../state/channel.js';
import type { ClientRegistry } from '../state/client-registry.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { Subscription } from '../state/subscription.js';
import type { Traffic } from '../state/traffic.js';
import type { Outlet } from './outlet.js';
import { factsOf } from './subscription-facts.js';

/** A message that expires within this span is taken along, so that the timer does not fire once per message. */
const togetherMs = 15;

/** What {@link Dispatch} needs. @internal */
export interface DispatchNeeds {
  readonly clients: ClientRegistry;
  readonly outlet: Outlet;
  readonly encoder: StanEncoder;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly events: EventFeed;
  readonly stopped: AbortSignal;
}

/**
 * Sends stored messages to subscriptions, within their max in flight, and sends them again until they are acked.
 * @internal
 */
export class Dispatch {
  constructor(private readonly needs: DispatchNeeds) {}

  /** Sends what has become available on a channel to all its subscriptions. */
  announce(channel: Channel): void {
    for (const subscription of channel.subscriptions.plain) this.sendNew(channel, subscription);
    for (const group of channel.subscriptions.groups.values()) this.sendNewToGroup(channel, group);
  }

  /** Sends what is available to a subscription, or to its queue group. */
  sendAvailable(channel: Channel, subscription: Subscription): void {
    const group = channel.subscriptions.groupOf(subscription);
    if (group !== undefined) this.sendNewToGroup(channel, group);
    else this.sendNew(channel, subscription);
  }

  sendNewToGroup(channel: Channel, group: QueueGroup): void {
    if (group.isEmpty || group.isNewOnHold) return;
    while (!group.isStalled) {
      const sequence = nextSequence(channel, group);
      const stored = sequence > channel.deliverable ? undefined : channel.messages.get(sequence);
      if (stored === undefined) return;
      const member = group.pick();
      if (member === undefined || !this.send(channel, member, sequence, stored, false)) return;
      group.sent(sequence);
    }
  }

  private sendNew(channel: Channel, subscription: Subscription): void {
    while (!subscription.isStalled) {
      const sequence = nextSequence(channel, subscription);
      const stored = sequence > channel.deliverable ? undefined : channel.messages.get(sequence);
      if (stored === undefined || !this.send(channel, subscription, sequence, stored, false)) return;
    }
  }

  /** Takes an ack from the client. */
  ack(channel: Channel, subscription: Subscription, sequence: number): void {
    // [STAN-ACK-7] The message may have gone over to another member meanwhile: the ack counts for the group.
    const holder = subscription.isPending(sequence)
      ? subscription
      : channel.subscriptions.groupOf(subscription)?.holderOf(sequence);
    if (holder?.acked(sequence)) {
      if (this.needs.events.hasListeners) this.needs.events.emit({ type: 'acked', sequence, ...factsOf(holder) });
      holder.forgetRedeliveries(sequence);
    }
    this.fillUp(channel, subscription);
  }

  /** [STAN-ACK-8] Sends everything that an offline durable left unacked, when it comes back, whatever its max in flight. */
  redeliverAll(channel: Channel, subscription: Subscription): void {
    if (this.needs.clients.has(subscription.clientId)) {
      for (const sequence of subscription.pendingBySequence()) {
        const stored = this.lookup(channel, subscription, sequence);
        if (stored !== undefined && subscription.isPending(sequence))
          this.send(channel, subscription, sequence, stored, true);
      }
    }
    subscription.releaseNew();
  }

  /** Sends again what has waited for its ack too long. At a restart it goes to the member that had it before. */
  redeliverExpired(channel: Channel, subscription: Subscription, isStartup: boolean): void {
    if (this.needs.stopped.aborted || !subscription.hasAckTimer) return;
    if (subscription.pendingCount === 0) {
      subscription.clearAckTimer();
      return;
    }
    // [STAN-HB-2]
    if (!subscription.isInGroup && subscription.hasMissedHeartbeats) {
      this.setAckTimer(channel, subscription, subscription.ackWaitMs);
      return;
    }
    subscription.fillExpiries((sequence) => publishedMs(channel, sequence));
    this.adjustAckTimer(channel, subscription, this.redeliverDue(channel, subscription, isStartup));
  }

  /** Sets when the subscription's pending messages are looked at again. */
  setAckTimer(channel: Channel, subscription: Subscription, delayMs: number): void {
    const onExpiry = (): void => this.redeliverExpired(channel, subscription, false);
    subscription.setAckTimer(this.needs.clock.after(delayMs, onExpiry));
  }

  /** Returns when the first message that is not due yet expires; 0 for none. */
  private redeliverDue(channel: Channel, subscription: Subscription, isStartup: boolean): number {
    const limitMs = this.needs.clock.nowMs() + togetherMs;
    for (const { sequence, expiresMs } of subscription.pendingByExpiry()) {
      const stored = this.lookup(channel, subscription, sequence);
      if (stored === undefined) continue;
      if (expiresMs > limitMs) return expiresMs;
      if (!this.redeliver(channel, subscription, sequence, stored, isStartup)) break;
    }
    return 0;
  }

  private redeliver(
    channel: Channel,
    subscription: Subscription,
    sequence: number,
    stored: Uint8Array,
    isStartup: boolean,
  ): boolean {
    if (!subscription.isPending(sequence)) return true;
    const group = isStartup ? undefined : channel.subscriptions.groupOf(subscription);
    const receiver = group !== undefined ? group.pick() : subscription;
    if (receiver === undefined) return false;
    const sent = this.send(channel, receiver, sequence, stored, true);
    if (sent && receiver !== subscription) this.release(channel, subscription, sequence);
    return true;
  }

  /** Sends one message. A redelivery goes out whatever max in flight says. */
  private send(
    channel: Channel,
    subscription: Subscription,
    sequence: number,
    stored: Uint8Array,
    isRedelivery: boolean,
  ): boolean {
    if (!subscription.canReceive) return false;
    if (!isRedelivery && (subscription.isNewOnHold || subscription.stallIfFull())) return false;
    this.transmit(subscription, sequence, stored, isRedelivery);
    if (!subscription.hasAckTimer) this.setAckTimer(channel, subscription, subscription.ackWaitMs);
    subscription.sent(sequence, this.needs.clock.nowMs());
    if (!isRedelivery) subscription.stallIfFull();
    return true;
  }

  private transmit(subscription: Subscription, sequence: number, stored: Uint8Array, isRedelivery: boolean): void {
    const { outlet, encoder, traffic, events } = this.needs;
    const count = isRedelivery ? subscription.countRedelivery(sequence) : 0;
    const payload = count > 0 ? encoder.redelivered(stored, count) : stored;
    const { clientId, channel } = subscription;
    traffic.countOut(payload.length);
    if (events.hasListeners) {
      events.emit({ type: 'delivered', sequence, redeliveryCount: count, ...factsOf(subscription) });
    }
    outlet.send({ point: 'message', clientId, channel, sequence }, subscription.inbox, payload);
  }

  /** [STAN-ACK-10] A message that limits have dropped can never be sent again: it counts as acked. */
  private lookup(channel: Channel, subscription: Subscription, sequence: number): Uint8Array | undefined {
    const stored = channel.messages.get(sequence);
    if (stored === undefined) this.release(channel, subscription, sequence);
    return stored;
  }

  /** A message that this subscription need not ack any more: it is gone, or went over to another member of the group. */
  private release(channel: Channel, subscription: Subscription, sequence: number): void {
    subscription.acked(sequence);
    this.fillUp(channel, subscription);
  }

  /** An ack may have made room for new messages. */
  private fillUp(channel: Channel, subscription: Subscription): void {
    if (subscription.unstall()) this.sendAvailable(channel, subscription);
  }

  private adjustAckTimer(channel: Channel, subscription: Subscription, nextMs: number): void {
    if (!subscription.hasAckTimer) return;
    if (subscription.pendingCount === 0) {
      subscription.clearAckTimer();
      return;
    }
    const nowMs = this.needs.clock.nowMs();
    this.setAckTimer(channel, subscription, nextMs <= nowMs ? subscription.ackWaitMs : nextMs - nowMs);
  }
}

/** The sequence that a subscription or a group gets next; messages that were dropped before it got them are skipped. */
function nextSequence(channel: Channel, receiver: Subscription | QueueGroup): number {
  const { firstSequence } = channel.messages;
  const next = receiver.lastSent + 1;
  if (next >= firstSequence || next > channel.deliverable) return next;
  receiver.skipTo(firstSequence - 1);
  return firstSequence;
}

/** After a restart nobody knows when messages were sent: they count as sent when they were published. */
function publishedMs(channel: Channel, sequence: number): number | undefined {
  const timestampNs = channel.messages.timestampOf(sequence);
  return timestampNs === undefined ? undefined : Number(timestampNs / 1_000_000n);
}
