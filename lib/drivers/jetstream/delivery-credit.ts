import type { Clock } from '../../core/clock.js';
import type { JetStreamMessage } from './jetstream-message.js';

/**
 * How many messages one member may still be sent: `maxInFlight`, less those that it has not answered, less those that it
 * has asked for. What is not answered within ack wait counts no more, since the server sends it again.
 */
export class DeliveryCredit {
  /** Those not answered, in order of arrival, and some answered ones among them. */
  private held: JetStreamMessage[] = [];
  private openCount = 0;
  private askedCount = 0;
  private cancelSweep: (() => void) | undefined;

  constructor(
    private readonly maxInFlight: number,
    private readonly ackWaitMs: number,
    private readonly clock: Clock,
    /** Called when there is room again without anybody's doing. */
    private readonly onRoom: () => void,
  ) {}

  get isAsking(): boolean {
    return this.askedCount > 0;
  }

  /** How many of those asked for have not come. */
  get outstandingCount(): number {
    return this.askedCount;
  }

  get unansweredCount(): number {
    return this.openCount;
  }

  /**
   * How many to ask for now: 0 until it is worth a request. While some are asked for, those come first; a request per ack
   * would cost as much as the ack.
   */
  toAskFor(): number {
    const room = this.maxInFlight - this.openCount - this.askedCount;
    if (room <= 0 || (this.askedCount > 0 && room * 4 < this.maxInFlight)) return 0;
    return room;
  }

  asked(count: number): void {
    this.askedCount += count;
  }

  /** So many of those that were asked for will not come. */
  givenBack(count: number): void {
    this.askedCount = Math.max(0, this.askedCount - count);
  }

  /** No request is open any more: the connection, or the consumer, is another one. */
  forgetAsked(): void {
    this.askedCount = 0;
  }

  arrived(message: JetStreamMessage): void {
    if (this.askedCount > 0) this.askedCount -= 1;
    this.openCount += 1;
    this.held.push(message);
    if (this.held.length > this.maxInFlight * 2 + 64) this.held = this.held.filter(({ isOpen }) => isOpen);
    if (this.cancelSweep === undefined) this.watch(message);
  }

  /** It was answered. */
  answered(message: JetStreamMessage): void {
    message.isOpen = false;
    this.openCount -= 1;
  }

  /** Takes out all that were not answered. */
  takeUnanswered(): JetStreamMessage[] {
    this.cancelSweep?.();
    this.cancelSweep = undefined;
    const open = this.held.filter(({ isOpen }) => isOpen);
    this.held = [];
    return open;
  }

  private watch(oldest: JetStreamMessage): void {
    const leftMs = oldest.arrivedAtMs + this.ackWaitMs - this.clock.nowMs();
    this.cancelSweep = this.clock.after(Math.max(1, Math.ceil(leftMs)), () => this.sweep());
  }

  private sweep(): void {
    this.cancelSweep = undefined;
    const overAtMs = this.clock.nowMs() - this.ackWaitMs;
    let oldest: JetStreamMessage | undefined;
    for (const message of this.held) {
      if (!message.isOpen) continue;
      if (message.arrivedAtMs <= overAtMs) this.answered(message);
      else if (oldest === undefined || message.arrivedAtMs < oldest.arrivedAtMs) oldest = message;
    }
    this.held = this.held.filter(({ isOpen }) => isOpen);
    if (oldest !== undefined) this.watch(oldest);
    this.onRoom();
  }
}
