import type { Delivery } from './delivery.js';

/**
 * Deliveries that wait for a free place, first in, first out; taking one costs the same however many wait. A delivery is
 * in it at most once.
 * @internal
 */
export class DeliveryQueue {
  private first: Delivery | undefined;
  private last: Delivery | undefined;
  private size = 0;

  push(delivery: Delivery): void {
    if (this.last === undefined) this.first = delivery;
    else this.last.nextWaiting = delivery;
    this.last = delivery;
    this.size += 1;
  }

  take(): Delivery | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    this.first = first.nextWaiting;
    first.nextWaiting = undefined;
    if (this.first === undefined) this.last = undefined;
    this.size -= 1;
    return first;
  }

  count(): number {
    return this.size;
  }

  isEmpty(): boolean {
    return this.size === 0;
  }

  clear(): void {
    while (this.take() !== undefined);
  }
}
