import type { Subscription } from './subscription.js';

/**
 * The members of one queue group on one channel, and how far the group as a whole has come.
 * @internal
 */
export class QueueGroup {
  lastSent = 0;
  readonly members: Subscription[] = [];
  redeliveryCounts: Map<number, number> | undefined;
  /** Keeps the state of a durable group whose last member has left. */
  shadow: Subscription | undefined;
  stalledCount = 0;
  newOnHold = false;

  constructor(readonly name: string) {}

  /**
   * [STAN-QUEUE-1] The member that gets the next message: among those that are not stalled and whose client answers heartbeats, the one
   * with the fewest unacked messages; the first one where there is none. A first member that was chosen moves to the end.
   */
  pickMember(): Subscription | undefined {
    const { members } = this;
    let best: Subscription | undefined;
    for (const member of members) {
      if (member.stalled || member.hasFailedHeartbeat) continue;
      if (!best || member.pending.size < best.pending.size) best = member;
    }
    best ??= members[0];
    if (best && members.length > 1 && best === members[0]) {
      members.shift();
      members.push(best);
    }
    return best;
  }
}
