import type { ClientRegistry } from '../state/client-registry.js';
import type { Delivery } from './delivery.js';
import { factsOf } from './delivery.js';
import type { StreamingContext } from '../streaming-context.js';
import type { Subscription } from '../state/subscription.js';

/** A message that expires within this span is taken along, so that the timer does not fire once per message. */
const togetherMs = 15;

/**
 * Acks, and what happens without them.
 * @internal
 */
export class Redelivery {
  constructor(
    private readonly context: StreamingContext,
    private readonly clients: ClientRegistry,
    private readonly delivery: Delivery,
  ) {
    delivery.onPending = (subscription) => this.setTimer(subscription, subscription.ackWaitMs);
  }

  /** Sets when the subscription's pending messages are looked at again. */
  setTimer(subscription: Subscription, delayMs: number): void {
    subscription.clearAckTimer();
    subscription.ackTimer = this.context.clock.after(delayMs, () => this.redeliverExpired(subscription, false));
  }

  /**
   * Takes an ack. `fromClient` is false for those that the server gives itself: a message that no longer exists, or that
   * went over to another member of the group.
   */
  ack(subscription: Subscription, sequence: number, fromClient: boolean): void {
    const { group } = subscription;
    if (subscription.pending.has(sequence)) {
      this.settle(subscription, sequence, fromClient);
      if (fromClient) (group ?? subscription).redeliveryCounts?.delete(sequence);
    } else if (group && fromClient) {
      // [STAN-ACK-7] The message may have gone over to another member meanwhile: the ack counts for the group.
      const holder = group.members.find((member) => member !== subscription && member.pending.has(sequence));
      if (holder) {
        this.settle(holder, sequence, true);
        group.redeliveryCounts?.delete(sequence);
      }
    }
    if (!subscription.stalled || subscription.pending.size >= subscription.maxInFlight) return;
    subscription.stalled = false;
    if (!group) {
      this.delivery.sendAvailable(subscription);
      return;
    }
    if (group.stalledCount > 0) group.stalledCount--;
    this.delivery.sendAvailableToGroup(subscription.channel, group);
  }

  /** Sends again what has waited for its ack too long. At a restart it goes to the member that had it before. */
  redeliverExpired(subscription: Subscription, isStartup: boolean): void {
    if (this.context.isStopped || !subscription.ackTimer) return;
    if (subscription.pending.size === 0) {
      subscription.clearAckTimer();
      return;
    }
    // [STAN-HB-2]
    if (!subscription.group && subscription.hasFailedHeartbeat) {
      this.setTimer(subscription, subscription.ackWaitMs);
      return;
    }
    if (this.fillUnknownExpiries(subscription)) {
      this.redeliverExpired(subscription, isStartup);
      return;
    }
    const limitMs = this.context.clock.nowMs() + togetherMs;
    let nextMs = 0;
    for (const { sequence, expiresMs } of subscription.pendingByExpiry()) {
      const stored = this.lookup(subscription, sequence);
      if (!stored) continue;
      if (expiresMs > limitMs) {
        nextMs = expiresMs;
        break;
      }
      if (!this.redeliver(subscription, { sequence, stored, redelivery: true }, isStartup)) break;
    }
    this.adjustTimer(subscription, nextMs);
  }

  /** [STAN-ACK-8] Sends everything that an offline durable left unacked, when it comes back; max in flight does not hold. */
  redeliverAll(subscription: Subscription): void {
    if (this.clients.get(subscription.clientId)) {
      for (const sequence of subscription.pendingBySequence()) {
        const stored = this.lookup(subscription, sequence);
        if (stored && subscription.pending.has(sequence)) {
          this.delivery.send(subscription, { sequence, stored, redelivery: true }, true);
        }
      }
    }
    subscription.newOnHold = false;
  }

  private settle(holder: Subscription, sequence: number, fromClient: boolean): void {
    holder.pending.delete(sequence);
    holder.channel.store.subscriptions.ackPending(holder.id, sequence);
    if (fromClient && this.context.events.isHeard) {
      this.context.events.emit({ type: 'acked', sequence, ...factsOf(holder) });
    }
  }

  /** After a restart nobody knows when messages were sent: they count as sent when they were published. */
  private fillUnknownExpiries(subscription: Subscription): boolean {
    let found = false;
    for (const [sequence, expiresMs] of subscription.pending) {
      if (expiresMs !== 0) continue;
      const timestampNs = subscription.channel.store.messages.timestampOf(sequence);
      if (timestampNs === undefined) continue;
      subscription.pending.set(sequence, Number(timestampNs / 1_000_000n) + subscription.ackWaitMs);
      found = true;
    }
    return found;
  }

  private redeliver(
    subscription: Subscription,
    message: { sequence: number; stored: Uint8Array; redelivery: true },
    isStartup: boolean,
  ): boolean {
    const { group } = subscription;
    if (!subscription.pending.has(message.sequence)) return true;
    if (!group || isStartup) {
      this.delivery.send(subscription, message, true);
      return true;
    }
    const { member, sent } = this.delivery.sendToGroup(group, message, true);
    if (!member) return false;
    if (sent && member !== subscription) this.ack(subscription, message.sequence, false);
    return true;
  }

  /** [STAN-ACK-10] A message that limits have dropped can never be sent again: it counts as acked. */
  private lookup(subscription: Subscription, sequence: number): Uint8Array | undefined {
    const stored = subscription.channel.store.messages.get(sequence);
    if (!stored) this.ack(subscription, sequence, false);
    return stored;
  }

  private adjustTimer(subscription: Subscription, nextMs: number): void {
    if (!subscription.ackTimer) return;
    if (subscription.pending.size === 0) {
      subscription.clearAckTimer();
      return;
    }
    const nowMs = this.context.clock.nowMs();
    this.setTimer(subscription, nextMs <= nowMs ? subscription.ackWaitMs : nextMs - nowMs);
  }
}
