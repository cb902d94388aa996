import type { Channel } from '../state/channel.js';
import type { QueueGroup } from '../state/queue-group.js';
import type { StreamingContext } from '../streaming-context.js';
import type { Subscription } from '../state/subscription.js';

/** What a sending led to. */
export interface Sent {
  readonly sent: boolean;
  /** False where the subscription can take no further message now. */
  readonly more: boolean;
}

const notSent: Sent = Object.freeze({ sent: false, more: false });
const sentLast: Sent = Object.freeze({ sent: true, more: false });
const sentMore: Sent = Object.freeze({ sent: true, more: true });

/** A message about to be sent. */
export interface Outgoing {
  readonly sequence: number;
  readonly stored: Uint8Array;
  readonly redelivery: boolean;
}

/**
 * Sends stored messages to subscriptions, within their max in flight.
 * @internal
 */
export class Delivery {
  /** Called where a subscription without an ack timer has got a message to wait for. */
  onPending: (subscription: Subscription) => void = () => undefined;

  constructor(private readonly context: StreamingContext) {}

  /** Sends what has become available on a channel to all who listen. */
  announce(channel: Channel): void {
    for (const subscription of channel.subscriptions.plain) this.sendAvailable(subscription);
    for (const group of channel.subscriptions.groups.values()) this.sendAvailableToGroup(channel, group);
  }

  sendAvailable(subscription: Subscription): void {
    const { channel } = subscription;
    for (let sequence = subscription.lastSent + 1; !subscription.stalled; sequence++) {
      if (sequence > channel.deliverable) return;
      const { firstSequence } = channel.store.messages;
      if (sequence < firstSequence) {
        // What came before has been dropped by a limit or by age.
        sequence = firstSequence;
        subscription.lastSent = firstSequence - 1;
      }
      const stored = channel.store.messages.get(sequence);
      if (!stored || sequence > channel.deliverable) return;
      if (!this.send(subscription, { sequence, stored, redelivery: false }, false).more) return;
    }
  }

  sendAvailableToGroup(channel: Channel, group: QueueGroup): void {
    if (group.members.length === 0 || group.newOnHold) return;
    for (let sequence = group.lastSent + 1; group.stalledCount < group.members.length; sequence++) {
      if (sequence > channel.deliverable) return;
      const { firstSequence } = channel.store.messages;
      if (sequence < firstSequence) {
        sequence = firstSequence;
        group.lastSent = firstSequence - 1;
      }
      const stored = channel.store.messages.get(sequence);
      if (!stored || sequence > channel.deliverable) return;
      if (!this.sendToGroup(group, { sequence, stored, redelivery: false }, false).sent) return;
    }
  }

  /** Sends to the member of the group that is best placed to take the message. */
  sendToGroup(
    group: QueueGroup,
    message: Outgoing,
    force: boolean,
  ): { readonly member: Subscription | undefined; readonly sent: boolean } {
    const member = group.pickMember();
    if (!member) return { member, sent: false };
    const wasStalled = member.stalled;
    const { sent } = this.send(member, message, force);
    if (!force && !wasStalled && member.stalled) group.stalledCount++;
    if (sent && member.lastSent > group.lastSent) group.lastSent = member.lastSent;
    return { member, sent };
  }

  /** Sends one message. `force` sends it whatever max in flight says, as redeliveries do. */
  send(subscription: Subscription, message: Outgoing, force: boolean): Sent {
    if (!subscription.initialized || subscription.isOffline) return notSent;
    if (subscription.newOnHold && !message.redelivery) return notSent;
    const { pending, maxInFlight } = subscription;
    if (!force && pending.size >= maxInFlight) {
      subscription.stalled = true;
      return notSent;
    }
    this.transmit(subscription, message);
    if (!subscription.ackTimer) this.onPending(subscription);
    if (this.isPendingAgain(subscription, message.sequence)) return sentMore;
    this.markPending(subscription, message.sequence);
    if (!force && pending.size === maxInFlight) {
      subscription.stalled = true;
      return sentLast;
    }
    return sentMore;
  }

  private transmit(subscription: Subscription, message: Outgoing): void {
    const { context } = this;
    const { sequence, stored } = message;
    const count = message.redelivery ? subscription.countRedelivery(sequence) : 0;
    const payload = count > 0 ? context.encoder.redelivered(stored, count) : stored;
    const { clientId, channel } = subscription;
    context.stats.outMessages++;
    context.stats.outBytes += payload.length;
    if (context.events.isHeard) {
      context.events.emit({ type: 'delivered', sequence, redeliveryCount: count, ...factsOf(subscription) });
    }
    context.send({ point: 'message', clientId, channel: channel.name, sequence }, subscription.inbox, payload);
  }

  /** A message that is sent again while it waits for its ack gets one more ack wait on top of the time it had. */
  private isPendingAgain(subscription: Subscription, sequence: number): boolean {
    const expiresMs = subscription.pending.get(sequence);
    if (expiresMs === undefined) return false;
    const baseMs = expiresMs === 0 ? this.context.clock.nowMs() : expiresMs;
    subscription.pending.set(sequence, baseMs + subscription.ackWaitMs);
    return true;
  }

  private markPending(subscription: Subscription, sequence: number): void {
    subscription.channel.store.subscriptions.addPending(subscription.id, sequence);
    if (sequence > subscription.lastSent) subscription.lastSent = sequence;
    subscription.pending.set(sequence, this.context.clock.nowMs() + subscription.ackWaitMs);
  }
}

/** @internal */
export function factsOf(subscription: Subscription): {
  channel: string;
  clientId: string;
  subscriptionId: number;
  queueGroup: string;
  durableName: string;
} {
  return {
    channel: subscription.channel.name,
    clientId: subscription.isOffline ? subscription.savedClientId : subscription.clientId,
    subscriptionId: subscription.id,
    queueGroup: subscription.queueGroup,
    durableName: subscription.durableName,
  };
}
