import type { StartAt } from '../options/subscription-options.js';
import { HandledMemory } from './handled-memory.js';
import type { KnownMessage } from './handled-memory.js';
import { SequenceMap } from './sequence-map.js';
import { SettledRanges } from './settled-ranges.js';

/** The server sends again after each ack wait: what has not come after so many does not exist. */
const ackWaitsUntilGone = 4;

/** A subscription has about as many gaps as deliveries that the server lets out, unless its channel loses events. */
const fewestRanges = 1_000;

const defaultHandledCapacity = 65_536;

/**
 * What a position needs to know of its subscription beside its start.
 * @internal
 */
export interface ResumePositionSetup {
  /** Members of a queue group each see some of the events: what does not come here need not be missing. */
  readonly isGroupMember: boolean;
  readonly maxInFlight: number;
  readonly ackWaitMs: number;
  /** The messages handled here, which the guard keeps. */
  readonly handled: HandledMemory;
}

/**
 * Where a subscription without a durable starts in its next session, so that nothing published in between is skipped.
 *
 * On the same server process it resumes at the first event that was not settled here, whether it failed, still runs, or
 * never arrived: a delivery may be lost on the wire. A member of a queue group cannot tell a lost event from another
 * member's; it resumes at the oldest that has arrived and is not settled.
 *
 * Another process may have lost its state and given the same sequences out again, so there it starts from the first message and
 * passes over what was settled before: messages known by sequence and time stamp, and those that lie before the known ones
 * by both.
 * @internal
 */
export class ResumePosition {
  /** Time stamps of what has arrived and is not settled, by sequence; what came last stands last. */
  private readonly unsettled = new SequenceMap<number>();
  private readonly ranges: SettledRanges;
  private readonly subscribedAtMs: number;
  private readonly setup: ResumePositionSetup;
  private startAt: StartAt;
  private lastSequence = 0;
  /** Everything up to here is out of question. */
  private base: number | undefined;
  /** The first message that arrived from this server. */
  private first: KnownMessage | undefined;
  /** The lowest sequence of this session, and when the session's first message came. */
  private sessionStart: { sequence: number; readonly atMs: number } | undefined;
  private passedOverBefore: KnownMessage | undefined;

  constructor(
    startAt: StartAt,
    private readonly nowMs: () => number,
    setup: Partial<ResumePositionSetup> = {},
  ) {
    this.startAt = startAt;
    this.setup = {
      isGroupMember: false,
      maxInFlight: fewestRanges,
      ackWaitMs: Infinity,
      handled: new HandledMemory(defaultHandledCapacity),
      ...setup,
    };
    this.ranges = new SettledRanges(Math.max(fewestRanges, this.setup.maxInFlight * 2));
    this.base = baseOf(startAt);
    this.subscribedAtMs = nowMs();
  }

  /** True for a message that needs no run here: it was settled, or came before the subscription began. */
  isPassedOver(message: KnownMessage): boolean {
    const { passedOverBefore: before } = this;
    return (
      this.setup.handled.has(message.sequence, message.timestampNs) ||
      this.ranges.has(message) ||
      (before !== undefined && message.sequence < before.sequence && message.timestampNs < before.timestampNs)
    );
  }

  received(message: KnownMessage): void {
    const { sequence, timestampNs } = message;
    this.note(message);
    this.unsettled.delete(sequence);
    // The server holds no more of them for us; twice as many, since what it sends again may exceed its limit.
    if (this.unsettled.size >= this.setup.maxInFlight * 2) {
      const oldest = this.unsettled.firstSequence();
      if (oldest !== undefined) this.unsettled.delete(oldest);
    }
    this.unsettled.set(sequence, timestampNs);
  }

  settled(message: KnownMessage): void {
    const { sequence, timestampNs } = message;
    this.setup.handled.remember(sequence, timestampNs);
    // A handler that outlived the server's state settles an event whose sequence another one has by now.
    if (this.unsettled.get(sequence) !== timestampNs) return;
    this.unsettled.delete(sequence);
    if (!this.setup.isGroupMember) this.ranges.add(message);
  }

  /** One that arrived and was passed over: it is settled for this server too. */
  passed(message: KnownMessage): void {
    this.note(message);
    this.unsettled.delete(message.sequence);
    if (!this.setup.isGroupMember) this.ranges.add(message);
  }

  resumeAt(serverChanged: boolean): StartAt {
    if (this.first === undefined) return this.startOver();
    this.sessionStart = undefined;
    return serverChanged ? this.beginAnew() : { sequence: this.firstUnsettled() };
  }

  private note(message: KnownMessage): void {
    this.first ??= { sequence: message.sequence, timestampNs: message.timestampNs };
    this.base ??= message.sequence - 1;
    if (message.sequence > this.lastSequence) this.lastSequence = message.sequence;
    if (!this.setup.isGroupMember) this.watchSessionStart(message.sequence);
  }

  /**
   * A channel with limits drops its oldest events: a session that starts behind the place it asked for has found them
   * gone, or its first deliveries were lost. Those come again.
   */
  private watchSessionStart(sequence: number): void {
    const start = this.sessionStart;
    if (start === undefined) {
      this.sessionStart = { sequence, atMs: this.nowMs() };
      return;
    }
    if (sequence < start.sequence) start.sequence = sequence;
    const base = this.base ?? 0;
    if (start.sequence <= base + 1 || this.nowMs() - start.atMs < this.setup.ackWaitMs * ackWaitsUntilGone) return;
    this.base = start.sequence - 1;
  }

  private firstUnsettled(): number {
    if (this.setup.isGroupMember) return this.oldestUnsettled()?.sequence ?? this.lastSequence + 1;
    const next = (this.base ?? 0) + 1;
    const end = this.ranges.endOfRun(next);
    return end === undefined ? next : end.sequence + 1;
  }

  private beginAnew(): StartAt {
    this.passedOverBefore = this.nextPassedOver();
    this.unsettled.clear();
    this.ranges.clear();
    this.lastSequence = 0;
    this.first = undefined;
    this.base = 0;
    this.startAt = 'first';
    return 'first';
  }

  /**
   * What lies before everything that is known here: what came before the subscription began, and what was settled so
   * long ago that it is no longer remembered. Nothing that is not settled.
   */
  private nextPassedOver(): KnownMessage | undefined {
    const before = this.passedOverBefore;
    const unsettledFrom = this.firstUnsettled();
    // The server changed again before all of that had come by.
    if (before !== undefined && unsettledFrom < before.sequence) return before;
    const known = this.setup.handled.lowest();
    const settledTo = this.ranges.endOfRun((this.base ?? 0) + 1);
    const edgeNs = this.oldestUnsettled()?.timestampNs ?? settledTo?.timestampNs ?? this.first?.timestampNs ?? 0;
    return {
      sequence: Math.min(unsettledFrom, known?.sequence ?? Infinity),
      timestampNs: Math.min(edgeNs, settledTo?.timestampNs ?? Infinity, known?.timestampNs ?? Infinity),
    };
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

  private oldestUnsettled(): KnownMessage | undefined {
    let oldest: KnownMessage | undefined;
    for (const [sequence, timestampNs] of this.unsettled.entries()) {
      if (oldest === undefined || sequence < oldest.sequence) oldest = { sequence, timestampNs };
    }
    return oldest;
  }
}

/** Where a start by sequence begins; one by time is known with the first message. */
function baseOf(startAt: StartAt): number | undefined {
  if (startAt === 'first') return 0;
  if (typeof startAt === 'object' && 'sequence' in startAt) return startAt.sequence - 1;
  return undefined;
}
