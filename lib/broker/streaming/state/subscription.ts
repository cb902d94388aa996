import type { ClockTimer } from '../../clock/clock.js';
import type { SubscriptionRecord, SubscriptionTable } from '../../store/store.js';
import { RedeliveryCounts } from './redelivery-counts.js';

/** What a subscription takes from the request that makes or resumes it. @internal */
export type SubscriptionSettings = Pick<
  SubscriptionRecord,
  'clientId' | 'inbox' | 'ackInbox' | 'maxInFlight' | 'ackWaitSecs'
>;

/**
 * One subscription: a plain one, a durable, or a member of a queue group. Keeps its position and its unacked messages,
 * and writes both to the store.
 * @internal
 */
export class Subscription {
  readonly id: number;
  /** `group`, or `durable:group`; empty for none. */
  readonly queueGroup: string;
  /** Empty for a member of a durable queue group: its name is part of the group's. */
  readonly durableName: string;
  readonly isDurable: boolean;

  private settings: SubscriptionSettings;
  /** The client that an offline durable had. */
  private formerClientId = '';
  private position: number;
  private isClosed: boolean;
  /** Unacked sequences, with the time in ms at which each is sent again; 0 where a restart has lost it. */
  private readonly pending = new Map<number, number>();
  private redeliveries = new RedeliveryCounts();
  private ackTimer: ClockTimer | undefined;
  private isStarted = false;
  private stalled = false;
  private newOnHold = false;
  private missesHeartbeats = false;

  /** `unacked`: sequences that were sent and not acked before a restart; they are sent again before anything new. */
  constructor(
    readonly channel: string,
    record: SubscriptionRecord,
    private readonly table: SubscriptionTable,
    unacked: readonly number[] = [],
  ) {
    this.id = record.id;
    this.queueGroup = record.queueGroup;
    this.durableName = record.durableName;
    this.isDurable = record.isDurable;
    this.settings = settingsOf(record, record.clientId);
    this.position = record.lastSent;
    this.isClosed = record.isClosed;
    for (const sequence of unacked) this.pending.set(sequence, 0);
    this.newOnHold = unacked.length > 0;
    this.stalled = unacked.length >= record.maxInFlight;
  }

  /** The client that has it; empty for an offline durable. */
  get clientId(): string {
    return this.settings.clientId;
  }

  /** The client that has it, or the last one that did. */
  get ownerId(): string {
    return this.isOffline ? this.formerClientId : this.clientId;
  }

  get inbox(): string {
    return this.settings.inbox;
  }

  get ackInbox(): string {
    return this.settings.ackInbox;
  }

  get maxInFlight(): number {
    return this.settings.maxInFlight;
  }

  get ackWaitSecs(): number {
    return this.settings.ackWaitSecs;
  }

  get ackWaitMs(): number {
    return this.settings.ackWaitSecs * 1_000;
  }

  /** The highest sequence that was sent to it. */
  get lastSent(): number {
    return this.position;
  }

  get isOffline(): boolean {
    return this.settings.clientId === '';
  }

  /** False until the subscriber has its answer (it could not place an earlier message), and while it is offline. */
  get canReceive(): boolean {
    return this.isStarted && !this.isOffline;
  }

  /** True from the moment at which as many messages were unacked as may be, until an ack makes room. */
  get isStalled(): boolean {
    return this.stalled;
  }

  /** True while old messages must be sent again before new ones may follow. */
  get isNewOnHold(): boolean {
    return this.newOnHold;
  }

  get hasMissedHeartbeats(): boolean {
    return this.missesHeartbeats;
  }

  get isInGroup(): boolean {
    return this.queueGroup !== '';
  }

  /** Under which a durable is found again; empty for everything but a durable without a queue group. */
  get durableKey(): string {
    return durableKeyOf(this.ownerId, this.channel, this.durableName);
  }

  get pendingCount(): number {
    return this.pending.size;
  }

  isPending(sequence: number): boolean {
    return this.pending.has(sequence);
  }

  /** Pending messages in the order in which they are sent again: by expiry, then by sequence. */
  pendingByExpiry(): { readonly sequence: number; readonly expiresMs: number }[] {
    const messages = Array.from(this.pending, ([sequence, expiresMs]) => ({ sequence, expiresMs }));
    return messages.sort((a, b) => {
      if (a.expiresMs === 0 || b.expiresMs === 0 || a.expiresMs === b.expiresMs) return a.sequence - b.sequence;
      return a.expiresMs - b.expiresMs;
    });
  }

  pendingBySequence(): number[] {
    return [...this.pending.keys()].sort((a, b) => a - b);
  }

  /** Messages may be sent to it from now on. */
  start(): void {
    this.isStarted = true;
  }

  /** A message was sent. One that still waits for its ack gets one more ack wait on top of the time it had. */
  sent(sequence: number, nowMs: number): void {
    if (sequence > this.position) this.position = sequence;
    const expiresMs = this.pending.get(sequence);
    if (expiresMs === undefined) {
      this.table.addPending(this.id, sequence);
      this.pending.set(sequence, nowMs + this.ackWaitMs);
    } else {
      this.pending.set(sequence, (expiresMs === 0 ? nowMs : expiresMs) + this.ackWaitMs);
    }
  }

  /** Takes over a message that a leaving member of its group was sent; it is sent again at `expiresMs`. */
  takeOver(sequence: number, expiresMs: number): void {
    this.table.addPending(this.id, sequence);
    if (sequence > this.position) this.position = sequence;
    this.pending.set(sequence, expiresMs);
  }

  /** A message needs no ack any more. Returns false where it needed none. */
  acked(sequence: number): boolean {
    if (!this.pending.delete(sequence)) return false;
    this.table.ackPending(this.id, sequence);
    return true;
  }

  /** Stalls it where as many messages are unacked as may be. Returns whether it takes no new message. */
  stallIfFull(): boolean {
    if (this.pending.size < this.maxInFlight) return false;
    this.stalled = true;
    return true;
  }

  /** Returns true where it was stalled and there is room again. */
  unstall(): boolean {
    if (!this.stalled || this.pending.size >= this.maxInFlight) return false;
    this.stalled = false;
    return true;
  }

  /** What came before was dropped by a limit or by age. */
  skipTo(sequence: number): void {
    this.position = sequence;
  }

  /** New messages wait for {@link releaseNew}. */
  holdNew(): void {
    this.newOnHold = true;
  }

  releaseNew(): void {
    this.newOnHold = false;
  }

  /** Gives an expiry to messages whose time of sending a restart has lost, by when they were published. */
  fillExpiries(publishedMs: (sequence: number) => number | undefined): void {
    for (const [sequence, expiresMs] of this.pending) {
      const sentMs = expiresMs === 0 ? publishedMs(sequence) : undefined;
      if (sentMs !== undefined) this.pending.set(sequence, sentMs + this.ackWaitMs);
    }
  }

  /** Counts one more redelivery of a message, for its whole queue group, and returns how many there were. */
  countRedelivery(sequence: number): number {
    return this.redeliveries.increment(sequence);
  }

  forgetRedeliveries(sequence: number): void {
    this.redeliveries.forget(sequence);
  }

  /** The members of a group count redeliveries together. */
  shareRedeliveries(counts: RedeliveryCounts): void {
    this.redeliveries = counts;
  }

  get hasAckTimer(): boolean {
    return this.ackTimer !== undefined;
  }

  /** Replaces the timer that fires when pending messages expire. */
  setAckTimer(timer: ClockTimer): void {
    this.ackTimer?.cancel();
    this.ackTimer = timer;
  }

  clearAckTimer(): void {
    this.ackTimer?.cancel();
    this.ackTimer = undefined;
  }

  /** Its client answers heartbeats, or fails to. */
  heartbeatsMissed(missed: boolean): void {
    this.missesHeartbeats = missed;
  }

  /** Its client is gone. */
  goOffline(): void {
    this.formerClientId = this.clientId;
    this.settings = settingsOf(this.settings, '');
    this.clearAckTimer();
  }

  /** A durable stays in the store without a client. The stored record keeps the client id: it is part of the durable's key. */
  keepClosed(): void {
    this.isClosed = true;
    this.table.update({ ...this.record, clientId: this.formerClientId });
  }

  /** Its group has come this far: the stored record says so for the time after a restart. */
  savePosition(sequence: number): void {
    this.position = sequence;
    this.table.update(this.record);
  }

  /** An offline durable comes back, from where it was; what it left unacked goes before anything new. */
  resume(settings: SubscriptionSettings): void {
    this.settings = settingsOf(settings, settings.clientId);
    this.stalled = false;
    this.isClosed = false;
    this.missesHeartbeats = false;
    this.isStarted = false;
    if (this.pending.size > 0) this.holdNew();
    this.table.update(this.record);
  }

  /** What the store keeps of it. */
  get record(): SubscriptionRecord {
    const { clientId, inbox, ackInbox, maxInFlight, ackWaitSecs } = this.settings;
    return {
      id: this.id,
      clientId,
      queueGroup: this.queueGroup,
      inbox,
      ackInbox,
      maxInFlight,
      ackWaitSecs,
      durableName: this.durableName,
      lastSent: this.position,
      isDurable: this.isDurable,
      isClosed: this.isClosed,
    };
  }
}

/** Always one shape: these fields are read for every message. */
function settingsOf(source: SubscriptionSettings, clientId: string): SubscriptionSettings {
  const { inbox, ackInbox, maxInFlight, ackWaitSecs } = source;
  return { clientId, inbox, ackInbox, maxInFlight, ackWaitSecs };
}

/** The key of a durable without a queue group; empty for none. @internal */
export function durableKeyOf(clientId: string, channel: string, durableName: string): string {
  return durableName === '' ? '' : `${clientId}-${channel}-${durableName}`;
}
