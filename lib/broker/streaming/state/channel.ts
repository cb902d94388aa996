import type { Clock, ClockTimer } from '../../clock/clock.js';
import type { ResolvedChannelLimits } from '../../options/channel-limits.js';
import type { ChannelStore, MessageLog } from '../../store/store.js';
import { SubscriptionSet } from './subscription-set.js';

const nsPerMs = 1_000_000n;

/** A log as everybody but its channel sees it. @internal */
export type ReadableLog = Omit<MessageLog, 'append' | 'removeThrough'>;

/** What a channel is made with. @internal */
export interface ChannelSetup {
  readonly clock: Clock;
  readonly limits: ResolvedChannelLimits;
  /** What the server counts for each message on top of its bytes. */
  readonly messageOverheadBytes: number;
  /** Called when nobody has used the channel for its inactivity limit. */
  readonly onUnused: (channel: Channel) => void;
}

/**
 * One channel: its log, kept within its limits, and its subscriptions.
 * @internal
 */
export class Channel {
  readonly name: string;
  readonly limits: ResolvedChannelLimits;
  readonly subscriptions: SubscriptionSet;
  private readonly log: MessageLog;
  private readonly clock: Clock;
  private flushedSequence: number;
  private lastTimestampNs: bigint;
  private lastUsedMs: number;
  private ageTimer: ClockTimer | undefined;
  private inactivityTimer: ClockTimer | undefined;

  constructor(
    store: ChannelStore,
    private readonly setup: ChannelSetup,
  ) {
    this.name = store.name;
    this.limits = setup.limits;
    this.subscriptions = new SubscriptionSet(store.name, store.subscriptions);
    this.log = store.messages;
    this.clock = setup.clock;
    this.flushedSequence = this.log.lastSequence;
    this.lastTimestampNs = this.log.timestampOf(this.log.lastSequence) ?? 0n;
    this.lastUsedMs = this.clock.nowMs();
    this.armAgeTimer();
  }

  get messages(): ReadableLog {
    return this.log;
  }

  get nextSequence(): number {
    return this.log.lastSequence + 1;
  }

  /** Messages up to here are stored for good and may be delivered. */
  get deliverable(): number {
    return this.flushedSequence;
  }

  /** What the messages held come to, as limits and monitoring count it. */
  get bytes(): number {
    return this.log.bytes + this.log.count * this.setup.messageOverheadBytes;
  }

  /** Now, but never before the message that came last. */
  nextTimestampNs(): bigint {
    const nowNs = this.clock.nowNs();
    return nowNs < this.lastTimestampNs ? this.lastTimestampNs : nowNs;
  }

  /** Adds a message behind the last one, and drops the oldest where a limit asks for it. It is not deliverable yet. */
  append(timestampNs: bigint, encoded: Uint8Array): void {
    this.log.append(this.nextSequence, timestampNs, encoded);
    this.lastTimestampNs = timestampNs;
    this.enforceSize();
    if (!this.ageTimer) this.armAgeTimer();
  }

  /** Messages up to `sequence` are stored for good. */
  stored(sequence: number): void {
    if (sequence > this.flushedSequence) this.flushedSequence = sequence;
  }

  /** Its inactivity begins again. */
  used(): void {
    this.lastUsedMs = this.clock.nowMs();
  }

  /** Begins to measure the channel's inactivity, where it has such a limit and nobody listens. */
  watchInactivity(): void {
    if (this.limits.maxInactivityMs === 0 || this.subscriptions.hasActive) return;
    this.used();
    this.armInactivityTimer(this.limits.maxInactivityMs);
  }

  stopWatchingInactivity(): void {
    this.inactivityTimer?.cancel();
    this.inactivityTimer = undefined;
  }

  /** Stops every timer of the channel and of its subscriptions. */
  stop(): void {
    this.ageTimer?.cancel();
    this.stopWatchingInactivity();
    for (const subscription of this.subscriptions.online()) subscription.clearAckTimer();
  }

  private enforceSize(): void {
    const { log } = this;
    const { maxMessages, maxBytes } = this.limits;
    // The message that came last stays, however large it is.
    while (log.count > 1 && ((maxMessages > 0 && log.count > maxMessages) || (maxBytes > 0 && this.bytes > maxBytes))) {
      log.removeThrough(log.firstSequence);
    }
  }

  private armAgeTimer(): void {
    this.ageTimer = undefined;
    if (this.limits.maxAgeMs === 0) return;
    const oldestNs = this.log.timestampOf(this.log.firstSequence);
    if (oldestNs === undefined) return;
    const ageMs = this.clock.nowMs() - Number(oldestNs / nsPerMs);
    // At least 1 ms: timestamps are finer than timers, and a timer that fires too early would be set again at once.
    const delayMs = Math.max(this.limits.maxAgeMs - ageMs, 1);
    this.ageTimer = this.clock.after(delayMs, () => this.expire());
  }

  private expire(): void {
    const { log } = this;
    const bound = this.clock.nowNs() - BigInt(this.limits.maxAgeMs) * nsPerMs;
    let expired = log.firstSequence - 1;
    for (;;) {
      const timestampNs = log.timestampOf(expired + 1);
      if (timestampNs === undefined || timestampNs > bound) break;
      expired += 1;
    }
    log.removeThrough(expired);
    this.armAgeTimer();
  }

  private armInactivityTimer(delayMs: number): void {
    this.stopWatchingInactivity();
    this.inactivityTimer = this.clock.after(delayMs, () => this.checkInactivity());
  }

  private checkInactivity(): void {
    this.inactivityTimer = undefined;
    if (this.subscriptions.hasActive) return;
    const { maxInactivityMs } = this.limits;
    const remainingMs = maxInactivityMs - (this.clock.nowMs() - this.lastUsedMs);
    // A publish that still waits to be stored keeps its channel.
    const isBusy = this.flushedSequence < this.log.lastSequence;
    if (isBusy) this.armInactivityTimer(maxInactivityMs);
    else if (remainingMs > 0) this.armInactivityTimer(remainingMs);
    else this.setup.onUnused(this);
  }
}
