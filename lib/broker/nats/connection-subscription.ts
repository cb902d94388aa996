import type { BusMessage, BusSubscription } from './bus.js';
import type { SubscriptionFacts } from './nats-facts.js';
import { hasWildcard } from './subject.js';

/** The connection that made a subscription: it writes the messages, and drops the subscription after the last one. */
interface SubscribedConnection {
  deliver(message: BusMessage, subscription: ConnectionSubscription): void;
  remove(subscription: ConnectionSubscription): void;
}

/**
 * A client's SUB: hands its messages to the connection until the maximum of an UNSUB is reached.
 * @internal
 */
export class ConnectionSubscription implements BusSubscription {
  private head = Buffer.alloc(0);
  private headSubject: string | undefined;
  private delivered = 0;
  private maxMessages = Infinity;

  constructor(
    readonly owner: SubscribedConnection,
    readonly subject: string,
    readonly queue: string | undefined,
    readonly sid: string,
  ) {}

  get isSpent(): boolean {
    return this.delivered >= this.maxMessages;
  }

  limit(maxMessages: number | undefined): void {
    this.maxMessages = maxMessages ?? 0;
  }

  get facts(): SubscriptionFacts {
    const { subject, queue, sid, delivered, maxMessages } = this;
    return { subject, queue, sid, delivered, maxMessages: Number.isFinite(maxMessages) ? maxMessages : 0 };
  }

  /** True where this subscription is a pattern that covers `subject`. */
  matches(subject: string): boolean {
    if (!hasWildcard(this.subject)) return false;
    const tokens = subject.split('.');
    const pattern = this.subject.split('.');
    for (const [index, wanted] of pattern.entries()) {
      if (wanted === '>') return tokens.length > index;
      if (wanted !== '*' && wanted !== tokens[index]) return false;
    }
    return tokens.length === pattern.length;
  }

  /** The start of a MSG line, up to the size; nearly always the same as for the message before. */
  headOf({ subject, reply }: BusMessage): Uint8Array {
    if (reply !== undefined) return Buffer.from(`MSG ${subject} ${this.sid} ${reply} `, 'latin1');
    if (subject !== this.headSubject) {
      this.head = Buffer.from(`MSG ${subject} ${this.sid} `, 'latin1');
      this.headSubject = subject;
    }
    return this.head;
  }

  deliver(message: BusMessage): void {
    this.delivered++;
    this.owner.deliver(message, this);
    if (this.isSpent) this.owner.remove(this);
  }
}
