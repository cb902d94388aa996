import type { DriverMessage } from '../driver/driver.js';
import type { StartAt } from '../options/subscription-options.js';

/**
 * Where a subscription without a durable starts in its next session, so that nothing published in between is skipped.
 *
 * On the same server process it resumes after its last settled sequence. Another process may have lost its state and
 * given the sequences out anew, so there it starts from the first message and passes over what was settled before,
 * told by the server's own time stamps, which only grow.
 * @internal
 */
export class ResumePosition {
  /** What has arrived and is not settled, by sequence. */
  private readonly unsettled = new Map<number, DriverMessage>();
  private readonly subscribedAtMs: number;
  private startAt: StartAt;
  private lastSequence = 0;
  private lastTimestampNs = 0;
  private passOverBeforeNs = 0;

  constructor(
    startAt: StartAt,
    private readonly nowMs: () => number,
  ) {
    this.startAt = startAt;
    this.subscribedAtMs = nowMs();
  }

  /** True for a message that was settled before the server changed. */
  isPassedOver(message: DriverMessage): boolean {
    return message.timestampNs < this.passOverBeforeNs;
  }

  received(message: DriverMessage): void {
    this.unsettled.set(message.sequence, message);
    if (message.sequence <= this.lastSequence) return;
    this.lastSequence = message.sequence;
    this.lastTimestampNs = message.timestampNs;
  }

  settled(message: DriverMessage): void {
    const { sequence, timestampNs } = message;
    // A handler that outlived the server's state settles an event whose sequence another one has by now.
    if (this.unsettled.get(sequence)?.timestampNs === timestampNs) this.unsettled.delete(sequence);
  }

  resumeAt(serverChanged: boolean): StartAt {
    if (this.lastSequence === 0) return this.startOver();
    const oldest = this.oldestUnsettled();
    if (!serverChanged) return { sequence: oldest?.sequence ?? this.lastSequence + 1 };
    this.passOverBeforeNs = oldest?.timestampNs ?? this.lastTimestampNs + 1;
    this.unsettled.clear();
    this.lastSequence = 0;
    this.startAt = 'first';
    return 'first';
  }

  /** Nothing has arrived yet: what was meant when it first subscribed, moved by the time that has gone by. */
  private startOver(): StartAt {
    const elapsedMs = Math.ceil(this.nowMs() - this.subscribedAtMs);
    if (this.startAt === 'new') return { agoMs: elapsedMs };
    // The channel was empty, or its last message would have been sent: everything in it is newer.
    if (this.startAt === 'lastReceived') return 'first';
    if (typeof this.startAt === 'object' && 'agoMs' in this.startAt) return { agoMs: this.startAt.agoMs + elapsedMs };
    return this.startAt;
  }

  private oldestUnsettled(): DriverMessage | undefined {
    let oldest: DriverMessage | undefined;
    for (const message of this.unsettled.values()) {
      if (oldest === undefined || message.sequence < oldest.sequence) oldest = message;
    }
    return oldest;
  }
}
