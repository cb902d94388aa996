import type { Clock, ClockTimer } from '../../clock/clock.js';
import type { ChannelStore } from '../../store/store.js';
import type { ResolvedChannelLimits } from '../../options/channel-limits.js';
import { SubscriptionSet } from './subscription-set.js';

const nsPerMs = 1_000_000n;

/**
 * One channel: its log, kept within its limits, and its subscriptions.
 * @internal
 */
export class Channel {
  readonly subscriptions = new SubscriptionSet();
  /** Messages up to here are stored for good and may be delivered. */
  deliverable: number;
  nextSubscriptionId = 1;
  /** When the channel was last used, in ms; decides about its deletion for inactivity. */
  lastActiveMs = 0;
  inactivityTimer: ClockTimer | undefined;
  private lastTimestampNs: bigint;
  private ageTimer: ClockTimer | undefined;

  constructor(
    readonly name: string,
    readonly store: ChannelStore,
    readonly limits: ResolvedChannelLimits,
    private readonly clock: Clock,
    /** What the server counts for each message on top of its bytes. */
    private readonly messageOverheadBytes: number,
  ) {
    const { messages } = store;
    this.deliverable = messages.lastSequence;
    this.lastTimestampNs = messages.timestampOf(messages.lastSequence) ?? 0n;
    this.lastActiveMs = clock.nowMs();
    this.armAgeTimer();
  }

  get nextSequence(): number {
    return this.store.messages.lastSequence + 1;
  }

  /** What the messages held come to, as limits and monitoring count it. */
  get bytes(): number {
    const { messages } = this.store;
    return messages.bytes + messages.count * this.messageOverheadBytes;
  }

  /** Now, but never before the message that came last. */
  nextTimestampNs(): bigint {
    const nowNs = this.clock.nowNs();
    return nowNs < this.lastTimestampNs ? this.lastTimestampNs : nowNs;
  }

  /** Stores a message behind the last one, and drops the oldest where a limit asks for it. */
  append(timestampNs: bigint, encoded: Uint8Array): void {
    this.store.messages.append(this.nextSequence, timestampNs, encoded);
    this.lastTimestampNs = timestampNs;
    this.enforceSize();
    if (!this.ageTimer) this.armAgeTimer();
  }

  /** Stops every timer of the channel and of its subscriptions. */
  stop(): void {
    this.ageTimer?.cancel();
    this.inactivityTimer?.cancel();
    for (const subscription of this.subscriptions.online()) subscription.clearAckTimer();
  }

  private enforceSize(): void {
    const { messages } = this.store;
    const { maxMessages, maxBytes } = this.limits;
    // The message that came last stays, however large it is.
    while (
      messages.count > 1 &&
      ((maxMessages > 0 && messages.count > maxMessages) || (maxBytes > 0 && this.bytes > maxBytes))
    ) {
      messages.removeThrough(messages.firstSequence);
    }
  }

  private armAgeTimer(): void {
    this.ageTimer = undefined;
    if (this.limits.maxAgeMs === 0) return;
    const oldestNs = this.store.messages.timestampOf(this.store.messages.firstSequence);
    if (oldestNs === undefined) return;
    const ageMs = this.clock.nowMs() - Number(oldestNs / nsPerMs);
    // At least 1 ms: timestamps are finer than timers, and a timer that fires too early would be set again at once.
    const delayMs = Math.max(this.limits.maxAgeMs - ageMs, 1);
    this.ageTimer = this.clock.after(delayMs, () => this.expire());
  }

  private expire(): void {
    const { messages } = this.store;
    const bound = this.clock.nowNs() - BigInt(this.limits.maxAgeMs) * nsPerMs;
    let expired = messages.firstSequence - 1;
    for (;;) {
      const timestampNs = messages.timestampOf(expired + 1);
      if (timestampNs === undefined || timestampNs > bound) break;
      expired++;
    }
    messages.removeThrough(expired);
    this.armAgeTimer();
  }
}
