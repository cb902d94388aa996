import type { BusSubscription } from '../../nats/bus.js';
import type { ClockTimer } from '../../clock/clock.js';
import type { SubscriptionRecord } from '../../store/store.js';
import type { Channel } from './channel.js';
import type { QueueGroup } from './queue-group.js';

/**
 * One subscription: a plain one, a durable, or a member of a queue group.
 * @internal
 */
export class Subscription {
  clientId: string;
  inbox: string;
  ackInbox: string;
  maxInFlight: number;
  ackWaitSecs: number;
  lastSent: number;
  isClosed: boolean;
  readonly id: number;
  /** `group`, or `durable:group`; empty for none. */
  readonly queueGroup: string;
  /** Empty for a member of a durable queue group: its name is part of the group's. */
  readonly durableName: string;
  readonly isDurable: boolean;

  group: QueueGroup | undefined;
  /** Unacked sequences, with the time in ms at which each is sent again; 0 where a restart has lost it. */
  readonly pending = new Map<number, number>();
  /** How often each pending message was sent again; a queue group counts for all its members. */
  redeliveryCounts: Map<number, number> | undefined;
  ackTimer: ClockTimer | undefined;
  ackListener: BusSubscription | undefined;

  /** False until the subscriber has been answered: it could not place a message that arrives before. */
  initialized = false;
  /** True while as many messages are unacked as may be. */
  stalled = false;
  /** True while old messages must be sent again before new ones may follow. */
  newOnHold = false;
  /** True while the client misses heartbeats. */
  hasFailedHeartbeat = false;
  /** Whose an offline durable was, for monitoring. */
  savedClientId = '';

  constructor(
    readonly channel: Channel,
    record: SubscriptionRecord,
  ) {
    this.id = record.id;
    this.clientId = record.clientId;
    this.queueGroup = record.queueGroup;
    this.inbox = record.inbox;
    this.ackInbox = record.ackInbox;
    this.maxInFlight = record.maxInFlight;
    this.ackWaitSecs = record.ackWaitSecs;
    this.durableName = record.durableName;
    this.lastSent = record.lastSent;
    this.isDurable = record.isDurable;
    this.isClosed = record.isClosed;
  }

  get ackWaitMs(): number {
    return this.ackWaitSecs * 1_000;
  }

  get isOffline(): boolean {
    return this.clientId === '';
  }

  /** Under which a durable is found again; empty for everything but a durable without a queue group. */
  get durableKey(): string {
    return durableKeyOf(this.clientId, this.channel.name, this.durableName);
  }

  get record(): SubscriptionRecord {
    return {
      id: this.id,
      clientId: this.clientId,
      queueGroup: this.queueGroup,
      inbox: this.inbox,
      ackInbox: this.ackInbox,
      maxInFlight: this.maxInFlight,
      ackWaitSecs: this.ackWaitSecs,
      durableName: this.durableName,
      lastSent: this.lastSent,
      isDurable: this.isDurable,
      isClosed: this.isClosed,
    };
  }

  /** Counts one more redelivery of a message and returns how many there were. */
  countRedelivery(sequence: number): number {
    const owner = this.group ?? this;
    const counts = (owner.redeliveryCounts ??= new Map<number, number>());
    const count = (counts.get(sequence) ?? 0) + 1;
    counts.set(sequence, count);
    return count;
  }

  clearAckTimer(): void {
    this.ackTimer?.cancel();
    this.ackTimer = undefined;
  }

  /** Pending messages in the order in which they are sent again: by expiry, then by sequence. */
  pendingByExpiry(): { sequence: number; expiresMs: number }[] {
    const messages = Array.from(this.pending, ([sequence, expiresMs]) => ({ sequence, expiresMs }));
    return messages.sort((a, b) => {
      if (a.expiresMs === 0 || b.expiresMs === 0 || a.expiresMs === b.expiresMs) return a.sequence - b.sequence;
      return a.expiresMs - b.expiresMs;
    });
  }

  pendingBySequence(): number[] {
    return [...this.pending.keys()].sort((a, b) => a - b);
  }
}

/** The key of a durable without a queue group; empty for none. @internal */
export function durableKeyOf(clientId: string, channel: string, durableName: string): string {
  return durableName === '' ? '' : `${clientId}-${channel}-${durableName}`;
}

/** Takes `item` out of `list`, putting the last one in its place as the server does. Returns whether it was there. @internal */
export function removeFromList<T>(list: T[], item: T): boolean {
  const index = list.indexOf(item);
  if (index < 0) return false;
  const last = list.pop();
  if (last !== undefined && index < list.length) list[index] = last;
  return true;
}
