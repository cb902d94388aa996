import type { DriverMessage } from '../driver/driver.js';
import type { ResolvedSubscriptionOptions, StartAt } from '../options/subscription-options.js';
import type { Clock } from '../clock.js';
import type { DeliverySkippedEvent } from './delivery-event.js';
import { Delivery } from './delivery.js';
import type { FailureMemory } from './failure-memory.js';
import { HandledMemory } from './handled-memory.js';
import { ResumePosition } from './resume-position.js';
import { SequenceMap } from './sequence-map.js';

/** The newest sequences of the channel for which it is remembered whether they were handled here. */
const handledCapacity = 65_536;

/**
 * What to do with an arrival: start it when there is a place, start it later, or not at all.
 * @internal
 */
export type GuardVerdict =
  | { readonly action: 'start' }
  | { readonly action: 'hold'; readonly forMs: number }
  | { readonly action: 'skip'; readonly reason: DeliverySkippedEvent['reason']; readonly error?: unknown };

const start: GuardVerdict = { action: 'start' };
const skipHandled: GuardVerdict = { action: 'skip', reason: 'handled' };

/**
 * Knows the messages of one subscription that are here, were handled here or failed here, and so tells which arrivals
 * are news. STAN sends a message again whenever its ack has not come in time, whatever its handler is doing.
 * @internal
 */
export class DeliveryGuard {
  private readonly open = new SequenceMap<Delivery>();
  /** Those whose sequence a server that started over has given to another message. */
  private readonly displaced = new Set<Delivery>();
  private readonly handled = new HandledMemory(handledCapacity);
  private readonly position: ResumePosition | undefined;

  constructor(
    private readonly options: ResolvedSubscriptionOptions,
    private readonly failures: FailureMemory,
    private readonly clock: Clock,
    /** Told of each ack, where somebody wants to know. */
    private readonly onAcked?: (delivery: Delivery) => void,
  ) {
    if (options.durableName !== undefined) return;
    const { startAt, queueGroup, maxInFlight, ackWaitMs } = options;
    const isGroupMember = queueGroup !== undefined;
    const setup = { isGroupMember, maxInFlight, ackWaitMs, handled: this.handled };
    this.position = new ResumePosition(startAt, () => clock.nowMs(), setup);
  }

  /** Where the next session starts; see the driver port. */
  resumeAt(serverChanged: boolean): StartAt {
    return this.position?.resumeAt(serverChanged) ?? this.options.startAt;
  }

  /** Judges an arrival. Acks one that was handled before, and renews the delivery of one that is here. */
  judge(message: DriverMessage): GuardVerdict {
    const known = this.open.get(message.sequence);
    if (known?.isSameMessage(message)) {
      // Sent by another server process it is news to the position, which forgot what was on its way from the one before.
      if (known.isSettled()) this.position?.passed(message);
      else this.position?.received(message);
      known.renew(message, this.clock.nowMs());
      return { action: 'skip', reason: known.state === 'running' ? 'running' : 'waiting' };
    }
    if (this.isHandled(message)) {
      this.position?.passed(message);
      message.ack();
      return skipHandled;
    }
    this.position?.received(message);
    return this.judgeByFailure(message);
  }

  /** Makes the delivery of a message that is to be started here, sooner or later. */
  admit(message: DriverMessage): Delivery {
    const delivery = new Delivery(message, this.clock.nowMs(), this.rememberHandled);
    const other = this.open.get(message.sequence);
    if (other !== undefined) this.displaced.add(other);
    this.open.set(message.sequence, delivery);
    return delivery;
  }

  /**
   * Makes the delivery of a message that the client has acked on arrival. There is none for one that came before: its
   * ack was lost, or a subscription without a durable is sent everything again by another server process.
   */
  admitSettled(message: DriverMessage): Delivery | undefined {
    if (this.isHandled(message)) {
      this.position?.passed(message);
      return undefined;
    }
    this.position?.received(message);
    this.noteHandled(message);
    const delivery = new Delivery(message, this.clock.nowMs(), this.rememberHandled);
    delivery.markSettled();
    return delivery;
  }

  /** Forgets a delivery that is settled or left for redelivery. */
  release(delivery: Delivery): void {
    const { sequence } = delivery.message;
    if (this.open.get(sequence) === delivery) this.open.delete(sequence);
    else this.displaced.delete(delivery);
  }

  /** The deliveries that are here now. */
  deliveries(): Delivery[] {
    return [...this.open.entries().map(([, delivery]) => delivery), ...this.displaced];
  }

  private isHandled(message: DriverMessage): boolean {
    return this.position?.isPassedOver(message) ?? this.handled.has(message.sequence, message.timestampNs);
  }

  private noteHandled(message: DriverMessage): void {
    if (this.position === undefined) this.handled.remember(message.sequence, message.timestampNs);
    else this.position.settled(message);
  }

  private readonly rememberHandled = (delivery: Delivery): void => {
    const { message } = delivery;
    this.noteHandled(message);
    this.failures.delete(message.sequence);
    this.onAcked?.(delivery);
  };

  private judgeByFailure({ sequence, timestampNs }: DriverMessage): GuardVerdict {
    const failure = this.failures.get(sequence, timestampNs);
    if (failure === undefined) return start;
    if (failure.givenUp) return { action: 'skip', reason: 'givenUp', error: failure.error };
    const forMs = (failure.notBeforeMs ?? 0) - this.clock.nowMs();
    if (forMs <= 0) return start;
    return forMs < this.options.ackWaitMs ? { action: 'hold', forMs } : { action: 'skip', reason: 'tooEarly' };
  }
}
