import type { FaultPlan } from '../../faults/fault-plan.js';
import type { Bus, BusMessage, BusSubscription } from '../../nats/bus.js';
import { decodeAck } from '../../protocol/decode.js';
import { tryDecode } from '../../protocol/try-decode.js';
import type { StringCache } from '../../strings/string-cache.js';
import type { Channel } from '../state/channel.js';
import type { Subscription } from '../state/subscription.js';
import type { Dispatch } from './dispatch.js';
import type { TaskGuard } from './task-guard.js';

/** What {@link Acknowledging} needs. @internal */
export interface AcknowledgingNeeds {
  readonly bus: Bus;
  readonly faults: FaultPlan;
  readonly strings: StringCache;
  readonly dispatch: Dispatch;
  readonly guard: TaskGuard;
}

/**
 * Receives acks, each subscription's on an inbox of its own.
 * @internal
 */
export class Acknowledging {
  private readonly listeners = new Map<Subscription, BusSubscription>();

  constructor(private readonly needs: AcknowledgingNeeds) {}

  /** Begins to receive acks on the subscription's current ack inbox, and on no earlier one. */
  listen(channel: Channel, subscription: Subscription): void {
    const { bus, guard } = this.needs;
    this.stop(subscription);
    const receive = (message: BusMessage): void => this.receive(channel, subscription, message);
    const listener: BusSubscription = {
      subject: subscription.ackInbox,
      queue: undefined,
      owner: undefined,
      deliver: (message) => guard.runWith('ack', receive, message),
    };
    this.listeners.set(subscription, listener);
    bus.subscribe(listener);
  }

  stop(subscription: Subscription): void {
    const listener = this.listeners.get(subscription);
    if (!listener) return;
    this.listeners.delete(subscription);
    this.needs.bus.unsubscribe(listener);
  }

  private receive(channel: Channel, subscription: Subscription, message: BusMessage): void {
    const ack = tryDecode(decodeAck, message.payload);
    if (!ack) return;
    const { faults, strings } = this.needs;
    if (strings.read(ack.bytes, ack.subject.start, ack.subject.end) !== channel.name) return;
    const { sequence } = ack;
    if (faults.isEmpty) {
      this.take(channel, subscription, sequence);
      return;
    }
    const target = { point: 'ack', clientId: subscription.clientId, channel: channel.name, sequence } as const;
    faults.apply(target, () => this.take(channel, subscription, sequence));
  }

  private take(channel: Channel, subscription: Subscription, sequence: number): void {
    if (!subscription.isOffline) this.needs.dispatch.ack(channel, subscription, sequence);
  }
}
