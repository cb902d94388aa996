import type { SubjectFacts } from './nats-facts.js';
import { SubjectIndex, type Interest } from './subject-index.js';

/** One message on its way from a publisher to its subscribers. */
export interface BusMessage {
  readonly subject: string;
  readonly reply: string | undefined;
  /** Header block and data, as one run of bytes. */
  readonly payload: Uint8Array;
  /** How many bytes of the payload are the header block; 0 for none. */
  readonly headerBytes: number;
}

/**
 * A subscription of a connection or of the server itself.
 * @internal
 */
export interface BusSubscription {
  readonly subject: string;
  readonly queue: string | undefined;
  /** The connection that made it; undefined for the server's own. */
  readonly owner: object | undefined;
  deliver(message: BusMessage): void;
}

/**
 * Carries messages from publishers to subscribers: every plain subscription gets each one, and one member of each queue.
 * @internal
 */
export class Bus {
  private readonly index = new SubjectIndex<BusSubscription>();

  get facts(): SubjectFacts {
    return this.index.facts;
  }

  subscribe(subscription: BusSubscription): void {
    this.index.insert(subscription);
  }

  unsubscribe(subscription: BusSubscription): void {
    this.index.remove(subscription);
  }

  /** Delivers to everybody but `exceptOwner`, and returns how many got the message. */
  publish(message: BusMessage, exceptOwner?: object): number {
    const interests = this.index.match(message.subject);
    const [only] = interests;
    if (!only) return 0;
    if (interests.length === 1 && only.plain.size === 1 && only.groups.size === 0) {
      for (const subscription of only.plain) return deliverTo(subscription, message, exceptOwner);
    }
    return deliverToAll(interests, message, exceptOwner);
  }
}

function deliverTo(subscription: BusSubscription | undefined, message: BusMessage, exceptOwner?: object): number {
  if (!subscription || (exceptOwner && subscription.owner === exceptOwner)) return 0;
  subscription.deliver(message);
  return 1;
}

function deliverToAll(
  interests: readonly Interest<BusSubscription>[],
  message: BusMessage,
  exceptOwner?: object,
): number {
  let delivered = 0;
  // Copies: a delivery may end a subscription (its last message, a connection that is cut).
  for (const subscription of interests.flatMap((interest) => [...interest.plain])) {
    delivered += deliverTo(subscription, message, exceptOwner);
  }
  for (const members of queuesOf(interests).values()) {
    const eligible = exceptOwner ? members.filter((member) => member.owner !== exceptOwner) : members;
    delivered += deliverTo(eligible[Math.floor(Math.random() * eligible.length)], message);
  }
  return delivered;
}

/** A queue of one name is one queue, on whichever of the matching patterns its members subscribed. */
function queuesOf(interests: readonly Interest<BusSubscription>[]): Map<string, BusSubscription[]> {
  const queues = new Map<string, BusSubscription[]>();
  for (const { groups } of interests) {
    for (const [name, members] of groups) queues.set(name, [...(queues.get(name) ?? []), ...members]);
  }
  return queues;
}
