import { RedeliveryCounts } from './redelivery-counts.js';
import { removeFromList } from './remove-from-list.js';
import type { Subscription } from './subscription.js';

/** What a leaving member's unacked messages came to. @internal */
export interface HandOver {
  /** The members that got some of them, in the order of the members. */
  readonly receivers: ReadonlySet<Subscription>;
  /** True where the newest message of the group was among them. */
  readonly includesLastSent: boolean;
}

/**
 * The members of one queue group on one channel, and how far the group as a whole has come.
 * @internal
 */
export class QueueGroup {
  private readonly list: Subscription[] = [];
  private readonly redeliveries = new RedeliveryCounts();
  private position = 0;
  /** Keeps the state of a durable group whose last member has left. */
  private shadow: Subscription | undefined;
  private newOnHold = false;

  constructor(readonly name: string) {}

  get members(): readonly Subscription[] {
    return this.list;
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** The highest sequence that was sent to any member. */
  get lastSent(): number {
    return this.position;
  }

  /** The offline subscription that keeps the position of a durable group without members. */
  get offlineMember(): Subscription | undefined {
    return this.shadow;
  }

  /** True where no member can take a new message. */
  get isStalled(): boolean {
    for (const member of this.list) if (!member.isStalled) return false;
    return true;
  }

  /** True after a restart, while old messages must be sent again before new ones may follow. */
  get isNewOnHold(): boolean {
    return this.newOnHold;
  }

  /** The member that holds a message unacked. */
  holderOf(sequence: number): Subscription | undefined {
    return this.list.find((member) => member.isPending(sequence));
  }

  /** Adds a member that is new to this process; an offline one keeps the state of a durable group. */
  join(member: Subscription): void {
    if (member.isOffline) {
      if (!this.shadow || member.lastSent > this.position) this.shadow = member;
    } else {
      this.list.push(member);
      if (member.isNewOnHold) this.newOnHold = true;
    }
    this.position = Math.max(this.position, member.lastSent);
    member.shareRedeliveries(this.redeliveries);
  }

  /** [STAN-QUEUE-4] A durable group without members: what kept its state becomes the first member again. */
  wake(): Subscription | undefined {
    const { shadow } = this;
    this.shadow = undefined;
    if (shadow) this.list.push(shadow);
    return shadow;
  }

  leave(member: Subscription): void {
    removeFromList(this.list, member);
  }

  /** The last member of a durable group has left: it stays, offline, and keeps the group's state. */
  suspend(member: Subscription): void {
    this.shadow = member;
    member.savePosition(this.position);
  }

  /** [STAN-QUEUE-3] Deals the unacked messages of a member that left out to those that stay; they expire at `expiresMs`. */
  handOver(left: Subscription, expiresMs: number): HandOver {
    const receivers = new Set<Subscription>();
    let includesLastSent = false;
    for (const [index, { sequence }] of left.pendingByExpiry().entries()) {
      const receiver = this.list[index % this.list.length];
      if (!receiver) break;
      receiver.takeOver(sequence, expiresMs);
      receivers.add(receiver);
      if (sequence === this.position) includesLastSent = true;
    }
    return { receivers, includesLastSent };
  }

  /** Writes the group's position to the record of the member from which it will be recovered. */
  savePosition(): void {
    const keeper = this.shadow ?? this.list[0];
    keeper?.savePosition(this.position);
  }

  /**
   * [STAN-QUEUE-1] The member that gets the next message: among those that are not stalled and whose client answers heartbeats, the one
   * with the fewest unacked messages; the first one where there is none. A first member that was chosen moves to the end.
   */
  pick(): Subscription | undefined {
    const { list } = this;
    let best: Subscription | undefined;
    for (const member of list) {
      if (member.isStalled || member.hasMissedHeartbeats) continue;
      if (!best || member.pendingCount < best.pendingCount) best = member;
    }
    best ??= list[0];
    if (best && list.length > 1 && best === list[0]) {
      list.shift();
      list.push(best);
    }
    return best;
  }

  /** A message was sent to one of the members. */
  sent(sequence: number): void {
    if (sequence > this.position) this.position = sequence;
  }

  /** What came before was dropped by a limit or by age. */
  skipTo(sequence: number): void {
    this.position = sequence;
  }

  /** After a restart: the old messages were sent again, and new ones may follow. */
  releaseNew(): void {
    this.newOnHold = false;
    this.redeliveries.clear();
  }
}
