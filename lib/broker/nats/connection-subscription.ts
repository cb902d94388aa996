import type { BusMessage, BusSubscription } from './bus.js';
import { hasWildcard } from './subject.js';
import type { NatsConnection } from './nats-connection.js';

/**
 * A client's SUB: hands its messages to the connection until the maximum of an UNSUB is reached.
 * @internal
 */
export class ConnectionSubscription implements BusSubscription {
  private delivered = 0;
  private maxMessages = Infinity;

  constructor(
    readonly owner: NatsConnection,
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

  deliver(message: BusMessage): void {
    this.delivered++;
    this.owner.deliver(message, this.sid);
    if (this.isSpent) this.owner.remove(this);
  }
}
